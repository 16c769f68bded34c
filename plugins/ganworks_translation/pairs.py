"""The data of a run as they were read: two sides, their split, and whether rows of the two are pairs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pandas as pd

from ganworks.errors import RunError
from ganworks.space import SampleSpace
from ganworks_image.folders import recover, replacing_folder
from ganworks_image.intensity import IntensityMap, Pixels
from ganworks_translation.side import Part, Side

__all__ = ["PairStudy", "Part", "Side"]

FOLDER = "study"


@dataclass(kw_only=True)
class PairStudy:
    """Two sides, ready to train on.

    ``source`` is what is translated, ``target`` what it becomes, whatever the sides were called. Where
    ``pairs_known``, row i of one belongs to row i of the other; ``paired`` says whether the training may use
    it.
    ``flips`` are whether both sides may be mirrored (left to right, top to bottom). ``shrunk`` is by how many
    times the longer sides of the files were, at the median, larger than those of the stored pictures.
    """

    source: Side
    target: Side
    paired: bool
    pairs_known: bool
    direction: str
    flips: tuple[bool, bool]
    rejects: pd.DataFrame  # file, reason, action
    title: str
    fingerprint: str  # SHA-256 over both sides and their split
    grouped_by: str  # group, file, copies or given split: what stays in one part
    shrunk: float = 1.0
    notes: tuple[str, ...] = ()

    def sources(self, part: Part) -> Pixels:
        """Return the stored sources of one part; see `Side`."""
        return self.source.part(part)

    def targets(self, part: Part) -> Pixels:
        """Return the stored targets of one part, in the order of its `sources` where pairs are known."""
        return self.target.part(part)

    @property
    def source_space(self) -> SampleSpace:
        return self.source.space

    @property
    def target_space(self) -> SampleSpace:
        return self.target.space

    @property
    def source_map(self) -> IntensityMap:
        return self.source.intensity

    @property
    def target_map(self) -> IntensityMap:
        return self.target.intensity

    @property
    def labels(self) -> int:
        """The number of labels of a source; 0 where it is a picture."""
        return self.source.labels.count if self.source.labels else 0

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """Return part -> pictures of either side."""
        parts: tuple[Part, ...] = ("train", "validation", "test")
        return {
            part: {"source": len(self.source.rows(part)), "target": len(self.target.rows(part))}
            for part in parts
        }

    def describe(self) -> dict[str, Any]:
        """Return what `study.json` and the report hold: everything but pictures and tables."""
        return {
            "title": self.title,
            "paired": self.paired,
            "pairs_known": self.pairs_known,
            "direction": self.direction,
            "flips": list(self.flips),
            "fingerprint": self.fingerprint,
            "grouped_by": self.grouped_by,
            "shrunk": self.shrunk,
            "notes": list(self.notes),
            "counts": self.counts,
            "source": self.source.describe(),
            "target": self.target.describe(),
        }

    def save(self, cache: Path) -> None:
        """Write everything under ``cache``; after a crash `exists` finds the old study or the new one."""
        with replacing_folder(cache / FOLDER) as scratch:
            self.source.save(scratch, "source")
            self.target.save(scratch, "target")
            self.rejects.to_csv(scratch / "rejects.csv", index=False)
            (scratch / "study.json").write_text(json.dumps(self.describe(), indent=2), encoding="utf-8")

    @classmethod
    def exists(cls, cache: Path) -> bool:
        """Say whether `load` will find a study; one that a kill left set aside is put back first."""
        recover(cache / FOLDER)
        return (cache / FOLDER / "study.json").exists()

    @classmethod
    def load(cls, cache: Path) -> Self:
        """Read what `save` wrote; the pictures stay on disk.

        Raises:
            RunError: it is not there, or damaged.
        """
        folder = cache / FOLDER
        try:
            about = json.loads((folder / "study.json").read_text(encoding="utf-8"))
            del about["counts"]
            about |= {name: Side.load(folder, name, about[name]) for name in ("source", "target")}
            about |= {"flips": tuple(about["flips"]), "notes": tuple(about["notes"])}
            return cls(rejects=pd.read_csv(folder / "rejects.csv", dtype=str, keep_default_na=False), **about)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{folder} holds no readable data ({type(error).__name__}); start a new run"
            ) from None
