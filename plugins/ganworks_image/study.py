"""The data of a run as they were read: pictures, table, splits and everything the report must tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd

from ganworks.data import ArrayDataset
from ganworks.errors import RunError
from ganworks_image.folders import recover, replacing_folder
from ganworks_image.formats import FORMATS, FileFormat
from ganworks_image.intensity import IntensityMap, Pixels
from ganworks_image.policies import AugmentationPolicy
from ganworks_image.sources import UNLABELLED

FOLDER = "study"
Part = Literal["train", "validation", "test"]


@dataclass(kw_only=True)
class Study:
    """One set of labelled pictures, ready to train on.

    ``images`` is a memory-mapped uint8 or uint16 array (rows, channels, height, width) whose full range is
    the intensity window. ``table`` has a row for each picture: ``file`` (relative name), ``label``, ``index``
    (label number), ``group`` (salted hash of the group, or cluster of copies), ``split`` and ``source``
    (number of the file, or row of the archive); rows are sorted by split, so that a part is one block.
    ``rejects`` has ``file``, ``reason``, ``action``. ``leaks`` counts copies, before and after
    they were taken care of.

    A domain adds fields, and what of them is saved: see `describe` and `restored`.
    """

    formats: ClassVar[Mapping[str, FileFormat]] = FORMATS  # what its samples may be written as
    owner: ClassVar[str] = "group"  # the domain's word for what pictures belong to

    images: Pixels
    table: pd.DataFrame
    rejects: pd.DataFrame
    classes: tuple[str, ...]
    intensity: IntensityMap
    kind: str  # of the files to write: a key of `formats`
    policy: AugmentationPolicy
    fingerprint: str  # SHA-256 over pictures, labels and splits
    title: str
    grouped_by: str  # the word for a group, copies or given split
    leaks: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    low_data: Mapping[str, int] = field(default_factory=dict)  # class -> training images, where fewer than 50
    left_out: Mapping[str, int] = field(default_factory=dict)  # class -> images, where fewer than min_class

    @property
    def labelled(self) -> bool:
        return self.classes != (UNLABELLED,)

    def part(self, name: Part) -> ArrayDataset:
        """Return one part as a data set; nothing is copied."""
        rows = self.rows(name)
        block = self.images[rows[0] : rows[-1] + 1] if len(rows) else self.images[:0]
        classes = self.classes if self.labelled else ()
        return ArrayDataset(block, self.table["index"].to_numpy()[rows], classes)

    def rows(self, name: Part) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the row numbers of one part; they follow each other."""
        return np.flatnonzero((self.table["split"] == name).to_numpy())

    def counts(self) -> dict[str, dict[str, int]]:
        """Return class -> part -> number of pictures."""
        crossed = pd.crosstab(self.table["label"], self.table["split"])
        parts = ("train", "validation", "test")
        return {
            name: {part: int(crossed[part].get(name, 0)) if part in crossed else 0 for part in parts}
            for name in self.classes
        }

    def describe(self) -> dict[str, Any]:
        """Return what `study.json` and the report hold: everything but pictures and tables."""
        return {
            "title": self.title,
            "classes": list(self.classes),
            "counts": self.counts(),
            "shape": list(self.images.shape[1:]),
            "intensity": self.intensity.as_dict(),
            "kind": self.kind,
            "policy": self.policy.as_dict(),
            "fingerprint": self.fingerprint,
            "grouped_by": self.grouped_by,
            "leaks": dict(self.leaks),
            "notes": list(self.notes),
            "low_data": dict(self.low_data),
            "left_out": dict(self.left_out),
        }

    def facts(self) -> dict[str, Any]:
        """Return what the report shows of the stored pictures, by name."""
        channels, height, width = self.images.shape[1:]
        return {
            "Stored size": f"{height} x {width} pixels, {channels} channel{'s' * (channels > 1)}",
            "Intensity window": f"{self.intensity.low:g} to {self.intensity.high:g} {self.intensity.unit}",
        }

    def save(self, cache: Path) -> None:
        """Write everything under ``cache``; after a crash `exists` finds the old study or the new one."""
        with replacing_folder(cache / FOLDER) as scratch:
            np.save(scratch / "images.npy", self.images)
            self.table.to_csv(scratch / "table.csv", index=False)
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
            images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
            text = dict.fromkeys(("file", "label", "group", "split", "reason", "action"), str)
            table = pd.read_csv(folder / "table.csv", dtype=text, keep_default_na=False)
            rejects = pd.read_csv(folder / "rejects.csv", dtype=text, keep_default_na=False)
            about = json.loads((folder / "study.json").read_text(encoding="utf-8"))
        except (OSError, EOFError, ValueError) as error:
            raise RunError(
                f"{folder} holds no readable data ({type(error).__name__}); start a new run"
            ) from None
        for derived in ("counts", "shape"):
            about.pop(derived)
        return cls(images=images, table=table, rejects=rejects, **cls.restored(about))

    @classmethod
    def restored(cls, about: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that `describe` turned into JSON values as they were."""
        return about | {
            "intensity": IntensityMap(**about["intensity"]),
            "policy": AugmentationPolicy(**about["policy"]),
            "classes": tuple(about["classes"]),
            "notes": tuple(about["notes"]),
        }
