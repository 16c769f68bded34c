"""Tables on disk: CSV (also gzipped) and Parquet, read with their types and written in one piece."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pandas as pd

from ganworks.errors import DataError, nearest
from ganworks.run import replacing
from ganworks_tabular.table_checks import check_table
from ganworks_tabular.table_csv import CsvForm, csv_form, csv_options, too_wide, whole_numbers
from ganworks_tabular.table_parquet import read_parquet

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".parquet", ".pq")
PARQUET = (".parquet", ".pq")
LONG_LINE = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


def read_table(path: Path) -> pd.DataFrame:
    """Return the table in ``path`` with the types it was written with (a CSV: with inferred types).

    Raises:
        DataError: no such file, unknown suffix, damaged or wrongly encoded file, or a table that
            ``check_table`` refuses.
    """
    frame = read_parquet(path) if is_parquet(path) else _read_csv(path)
    return check_table(frame, str(path))


def is_parquet(path: Path) -> bool:
    """Whether ``path`` is a Parquet file by its name.

    Raises:
        DataError: no such file, or an unknown suffix.
    """
    return _suffix(path) in PARQUET


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write ``frame`` to ``path`` (.csv, .csv.gz, .parquet) atomically and without an index column.

    Raises:
        DataError: unknown suffix.
    """
    suffix = _known_suffix(path)
    with replacing(path) as scratch:
        if suffix in PARQUET:
            frame.to_parquet(scratch, index=False, engine="pyarrow")
            return
        separator = "\t" if suffix.startswith(".tsv") else ","
        with scratch.open("wb") as raw:
            if not suffix.endswith(".gz"):
                frame.to_csv(raw, index=False, sep=separator)
                return
            with gzip.GzipFile(
                filename="", mode="wb", fileobj=raw, mtime=0
            ) as packed:  # same bytes each time
                frame.to_csv(packed, index=False, sep=separator)


def _known_suffix(path: Path) -> str:
    name = path.name.lower()
    found = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
    if found is None:
        raise DataError(f"{path} has the unknown suffix '{path.suffix}'; known are {' '.join(SUFFIXES)}")
    return found


def _suffix(path: Path) -> str:
    if not path.is_file():
        siblings = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(f"{path} is not a file{nearest(path.name, siblings)}; give a CSV or Parquet file")
    return _known_suffix(path)


def _read_csv(path: Path) -> pd.DataFrame:
    form = csv_form(path)
    try:
        frame = pd.read_csv(path, low_memory=False, **csv_options(form))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, EOFError, OSError) as error:
        if late := LONG_LINE.search(str(error)):
            names, line, cells = map(int, late.groups())
            raise too_wide(f"{path}: line {line} of the file", cells, names) from None
        raise DataError(f"{path} is not a readable CSV ({_line(error)}); save it again") from None
    return _settle(frame, form)


def _settle(frame: pd.DataFrame, form: CsvForm) -> pd.DataFrame:
    """Whole numbers with missing cells come as floats, true and false with them as objects."""
    for name in whole_numbers(frame, form):
        frame[name] = frame[name].astype("Int64")
    for name in frame.columns[(frame.dtypes == "object").to_numpy()]:
        if pd.api.types.infer_dtype(frame[name], skipna=True) == "boolean":
            frame[name] = frame[name].astype("boolean")
    return frame


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
