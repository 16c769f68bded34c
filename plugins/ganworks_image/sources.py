"""What `--data` may be, how groups are told, and the words for parts and labels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ganworks.errors import DataError, nearest
from ganworks_image.readers import FileKinds

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
UNLABELLED = "all"  # the class of every picture where nothing is labelled


@dataclass(frozen=True, kw_only=True)
class Groups:
    """How a domain speaks of pictures that belong together, and where it finds which do."""

    word: str = "group"
    columns: tuple[str, ...] = ("group", "scene", "subject")  # of a manifest, in order of preference
    option: str = "--group-regex"
    expression: str | None = None  # on the file name; its first group, or the match
    expected: bool = False  # a run without any says so

    def of(self, name: str) -> str | None:
        """Return the group that a file name tells, None without an expression.

        Raises:
            DataError: the expression does not match, which would break the split silently.
        """
        if self.expression is None:
            return None
        found = re.search(self.expression, name)
        if found is None:
            raise DataError(
                f"{self.option} '{self.expression}' does not match '{name}'; widen the expression"
            )
        return found.group(1) if found.groups() and found.group(1) is not None else found.group()


@dataclass(frozen=True, kw_only=True)
class Source:
    """What ``--data`` is: a path, the kinds of files to look for, and how groups are told."""

    path: Path
    kind: str  # folder, csv, npz, or one kind of file to pick out of a folder
    files: FileKinds
    groups: Groups
    labelled: bool = True  # False: nothing that looks like a label is one

    def group_of(self, path: Path, name: str) -> str | None:
        """Return the group of a file: what its name tells, or the file itself where its kind says so."""
        own = name if self.files.kind_of(path) in self.files.own_group else None
        return self.groups.of(name) or own


def kind_of_source(path: Path, asked: str) -> str:
    """Return folder, csv, npz or the kind of file that was asked for, for ``--data``.

    Raises:
        DataError: the path does not exist or does not fit ``--kind``.
    """
    if not path.exists():
        near = (
            nearest(path.name, (other.name for other in path.parent.iterdir()))
            if path.parent.is_dir()
            else ""
        )
        raise DataError(f"{path} does not exist{near}; give a folder, a .csv manifest or an .npz")
    if asked == "auto":
        return (
            {".csv": "csv", ".npz": "npz"}.get(path.suffix.lower(), "folder") if path.is_file() else "folder"
        )
    if asked in ("csv", "npz") and not path.is_file():
        raise DataError(f"--kind {asked} needs a file, but {path} is a folder; give the .{asked} file itself")
    if asked == "folder" and path.is_file():
        raise DataError(f"--kind folder needs a folder, but {path} is a file; leave --kind out")
    return asked


def check_labels(labels: Iterable[str], where: str) -> None:
    """Refuse what is no single class per image.

    Raises:
        DataError: several labels in one cell, or measured numbers.
    """
    for label in dict.fromkeys(labels):
        if re.search(r"[|;]|^\[.*\]$", label):
            raise DataError(f"{where}: label '{label}' names several classes; give one class per image")
        try:
            number = float(label)
        except ValueError:
            continue
        if not math.isfinite(number) or number != int(number):
            raise DataError(
                f"{where}: label '{label}' is a measurement, not a class; bin it into named classes"
            )
