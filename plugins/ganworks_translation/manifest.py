"""Pairs in a CSV: columns a and b with paths relative to it, and perhaps split and group."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from ganworks.errors import DataError, nearest
from ganworks_image.frames import Item
from ganworks_image.sources import SPLITS

GroupOf = Callable[[Path, Path], str | None]  # path, name -> group


def read_manifest(manifest: Path, group_of: GroupOf) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Return both sides, line by line.

    Raises:
        DataError: not a CSV, a column is missing, a cell is empty, or a file is not there.
    """
    rows = _rows(manifest)
    first, second = (
        tuple(_item(manifest, row, side, line, group_of) for line, row in enumerate(rows, start=2))
        for side in "ab"
    )
    return first, second


def _rows(manifest: Path) -> list[dict[str, str]]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            header = [name.strip().lower() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            rows = [{key: value or "" for key, value in row.items() if key is not None} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{manifest} is not a readable CSV ({error}); save it as UTF-8, comma-separated"
        ) from None
    for side in "ab":
        if side not in header:
            raise DataError(
                f"{manifest} has no column '{side}' (found: {', '.join(header) or 'nothing'}); it needs the "
                "columns a and b with a path each"
            )
    if not rows:
        raise DataError(f"{manifest} has no rows; it needs a line for each pair")
    return rows


def _item(manifest: Path, row: dict[str, str], side: str, line: int, group_of: GroupOf) -> Item:
    name, word = row[side].strip(), row.get("split", "").strip().lower()
    where, path = f"{manifest.name} line {line}", manifest.parent / name
    if not name:
        raise DataError(f"{where}: the partner in column {side} is missing; fill it in or remove the line")
    if not path.is_file():
        near = nearest(path.name, (one.name for one in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise DataError(f"{where}: '{name}' is not there{near}; correct the line or remove it")
    if word and word not in SPLITS:
        raise DataError(f"{where}: split '{word}' is not one of train, validation, test; correct the word")
    group = row.get("group", "").strip() or group_of(path, Path(name))
    return Item(path=path, name=name, label="", group=group, split=SPLITS.get(word))
