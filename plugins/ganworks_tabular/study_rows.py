"""The real rows of a run: read, split, kept in its cache, and read again where they were deleted from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks.errors import DataError, RunError
from ganworks_tabular import embedded
from ganworks_tabular.constraints.constraints import Constraints
from ganworks_tabular.options import Options
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.source import Source
from ganworks_tabular.splits import split_rows
from ganworks_tabular.table import write_table
from ganworks_tabular.table_parquet import read_parquet

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
Parts = Mapping[Part, pd.DataFrame]
HASHED = 65_536  # rows that are texts at a time


def read_rows(options: Options) -> Source:
    """Read the table of the options, without any the bundled one.

    Raises:
        DataError: it cannot be used.
    """
    if options.data is None:
        return Source.of(embedded.lending_club(), options.most_rows, options.seed)
    return Source.read(options.data, options.most_rows, options.seed)


def parts_of(frame: pd.DataFrame, split: NDArray[np.str_], constraints: Constraints) -> Parts:
    """The rows of each part that keep the rules; ``split`` (rows,) names the part of each row."""
    return {name: constraints.keep(frame[split == name]).reset_index(drop=True) for name in PARTS}


def fingerprint_of(parts: Parts) -> str:
    """SHA-256 over the names of the columns and the rows of every part."""
    found = hashlib.sha256()
    for name, part in parts.items():
        found.update(json.dumps([name, *map(str, part.columns)]).encode())
        for start in range(0, len(part), HASHED):
            rows = part.iloc[start : start + HASHED].astype("str")
            found.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    return found.hexdigest()


def write_parts(parts: Parts, folder: Path) -> None:
    """Write one Parquet file for each part."""
    for name, part in parts.items():
        write_table(part, folder / f"{name}.parquet")


def read_parts(folder: Path) -> Parts:
    """Read what `write_parts` wrote, unchecked: it was checked as a whole, and a part may look otherwise.

    Raises:
        RunError: it is damaged.
    """
    try:
        return {name: read_parquet(folder / f"{name}.parquet") for name in PARTS}
    except (OSError, DataError) as error:
        raise damaged(folder, error) from None


def have_parts(folder: Path) -> bool:
    """Tell whether the rows of every part are there."""
    return all((folder / f"{name}.parquet").is_file() for name in PARTS)


def read_again(options: Options, preparation: Preparation, fingerprint: str, folder: Path) -> Parts:
    """The parts from the data of the run, for a ``folder`` that they were deleted from; nothing is written.

    Raises:
        DataError: the data are gone too.
        RunError: they changed.
    """
    try:
        frame = read_rows(options).frame
        split = split_rows(frame[preparation.schema.target], options.seed)
        parts = parts_of(frame, split, preparation.constraints)
    except (DataError, KeyError) as error:
        said = str(error).rstrip(".")
        raise DataError(f"this needs the rows of the run, but {folder} was deleted, and {said}") from None
    check_unchanged(fingerprint_of(parts), fingerprint, folder.parent.parent)
    return parts


def check_unchanged(found: str, known: str | None, run: Path) -> None:
    """Refuse other rows than those of the run.

    Raises:
        RunError: the fingerprints differ.
    """
    if known not in (None, found):
        raise RunError(
            f"the data changed since {run} was started: its split and copy test would no longer hold. "
            "Restore the data or the cache folder, or start a new run"
        )


def damaged(path: Path, error: Exception) -> RunError:
    """What to raise for a file of the cache that cannot be read."""
    return RunError(f"{path} holds no readable table ({type(error).__name__}); start a new run")
