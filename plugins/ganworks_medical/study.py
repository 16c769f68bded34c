"""The data of a run as they were read: pictures, table, splits and everything the report must tell."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ganworks.data import ArrayDataset
from ganworks.errors import RunError
from ganworks_medical.intensity import IntensityMap, Pixels
from ganworks_medical.policies import AugmentationPolicy

FOLDER = "study"
Part = Literal["train", "validation", "test"]


@dataclass(kw_only=True)
class Study:
    """One set of labelled pictures, ready to train on.

    ``images`` is a memory-mapped uint8 or uint16 array (rows, channels, height, width) whose full range is
    the intensity window. ``table`` has a row for each picture: ``file`` (relative name), ``label``, ``index``
    (label number), ``group`` (salted hash of the patient, or cluster of copies), ``split`` and ``source``
    (number of the file, or row of the archive); rows are sorted by split, so that a part is one block.
    ``rejects`` has ``file``, ``reason``, ``action``. ``leaks`` counts copies, before and after
    they were taken care of.
    """

    images: Pixels
    table: pd.DataFrame
    rejects: pd.DataFrame
    classes: tuple[str, ...]
    intensity: IntensityMap
    kind: str  # of the files to write: png, tiff, npz, nifti, dicom
    modality: str
    policy: AugmentationPolicy
    spacing: tuple[float, float] | None  # (row, column) in mm, of the stored pictures
    axis: str | None  # slice direction where the input was volumes
    fingerprint: str  # SHA-256 over pictures, labels and splits
    title: str
    grouped_by: str  # patient, file, copies or given split
    leaks: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    low_data: Mapping[str, int] = field(default_factory=dict)  # class -> training images, where fewer than 50
    left_out: Mapping[str, int] = field(default_factory=dict)  # class -> images, where fewer than min_class

    def part(self, name: Part) -> ArrayDataset:
        """Return one part as a data set; nothing is copied."""
        rows = self.rows(name)
        block = self.images[rows[0] : rows[-1] + 1] if len(rows) else self.images[:0]
        return ArrayDataset(block, self.table["index"].to_numpy()[rows], self.classes)

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
            "modality": self.modality,
            "policy": self.policy.as_dict(),
            "spacing": list(self.spacing) if self.spacing else None,
            "axis": self.axis,
            "fingerprint": self.fingerprint,
            "grouped_by": self.grouped_by,
            "leaks": dict(self.leaks),
            "notes": list(self.notes),
            "low_data": dict(self.low_data),
            "left_out": dict(self.left_out),
        }

    def save(self, cache: Path) -> None:
        """Write everything under ``cache``; after a crash `exists` finds the old study or the new one."""
        cache.mkdir(parents=True, exist_ok=True)
        target, scratch = cache / FOLDER, cache / f".{FOLDER}.{os.getpid()}.part"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            np.save(scratch / "images.npy", self.images)
            self.table.to_csv(scratch / "table.csv", index=False)
            self.rejects.to_csv(scratch / "rejects.csv", index=False)
            (scratch / "study.json").write_text(json.dumps(self.describe(), indent=2), encoding="utf-8")
            replace_folder(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    @classmethod
    def exists(cls, cache: Path) -> bool:
        """Say whether `load` will find a study; one that a kill left set aside is put back first."""
        recover(cache / FOLDER)
        return (cache / FOLDER / "study.json").exists()

    @classmethod
    def load(cls, cache: Path) -> Study:
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
        about["intensity"] = IntensityMap(**about["intensity"])
        about["policy"] = AugmentationPolicy(**about["policy"])
        about["classes"], about["notes"] = tuple(about["classes"]), tuple(about["notes"])
        about["spacing"] = tuple(about["spacing"]) if about["spacing"] else None
        return cls(images=images, table=table, rejects=rejects, **about)


def replace_folder(scratch: Path, target: Path) -> None:
    """Put a finished folder in the place of ``target`` and delete the old one.

    A folder cannot be replaced in one step: killed between the two renames, the old one is left beside
    ``target`` as ``.NAME.PID.old``, from where `recover` puts it back. Killed while it deletes, a part of the
    old one is left there; the next call removes it.
    """
    recover(target)
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)  # of a killed process with the same number
            target.rename(old)
        scratch.rename(target)
    except BaseException:
        recover(target)
        raise
    for stale in _set_aside(target):
        shutil.rmtree(stale, ignore_errors=True)


def recover(target: Path) -> None:
    """Put back what `replace_folder` had set aside when it was killed; nothing where ``target`` is there."""
    aside = _set_aside(target)
    if aside and not target.exists():
        max(aside, key=lambda folder: folder.stat().st_mtime).rename(target)


def _set_aside(target: Path) -> list[Path]:
    name = re.compile(rf"\.{re.escape(target.name)}\.\d+\.old")
    beside = target.parent.iterdir() if target.parent.is_dir() else ()
    return [path for path in beside if name.fullmatch(path.name)]
