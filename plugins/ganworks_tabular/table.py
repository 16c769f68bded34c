"""Tables on disk: CSV (also gzipped) and Parquet, read with their types and written in one piece."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ganworks.errors import DataError, nearest
from ganworks.run import replacing
from ganworks_tabular.table_checks import check_table
from ganworks_tabular.table_csv import CsvForm, csv_form, csv_options, whole_numbers

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".parquet", ".pq")
PARQUET = (".parquet", ".pq")


def read_table(path: Path) -> pd.DataFrame:
    """Return the table in ``path`` with the types it was written with (a CSV: with inferred types).

    Raises:
        DataError: no such file, unknown suffix, damaged or wrongly encoded file, or a table that
            ``check_table`` refuses.
    """
    suffix = _suffix(path)
    frame = read_parquet(path) if suffix in PARQUET else _read_csv(path)
    return check_table(frame, str(path))


def iterate(path: Path, rows: int = 100_000) -> Iterator[pd.DataFrame]:
    """Yield the table in ``path`` in frames of at most ``rows`` rows, in order.

    Types of a CSV are settled by its first frame; a later value that does not fit them is an error.

    Raises:
        DataError: as ``read_table``.
    """
    if _suffix(path) in PARQUET:
        with _opened(path) as source:
            for batch in source.iter_batches(batch_size=rows):
                yield check_table(_to_frame(pa.Table.from_batches([batch])), str(path))
        return
    form = csv_form(path)
    types: dict[str, Any] = {}
    try:
        with pd.read_csv(path, chunksize=rows, **csv_options(form)) as parts:
            for part in parts:
                frame = _settle(check_table(part, str(path)), form)
                types = types or dict(frame.dtypes)
                yield frame.astype(types)
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}: {_line(error)}; give the column one type in the whole file") from None


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


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a whole Parquet file ({_line(error)}); copy it again") from None


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a Parquet file as it is, without the checks of `read_table`.

    Raises:
        DataError: it is damaged.
    """
    with _opened(path) as source:
        try:
            return _to_frame(source.read())
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path} is a damaged Parquet file ({_line(error)}); copy it again") from None


def _to_frame(table: pa.Table) -> pd.DataFrame:
    """As pandas has it, but without turning nullable integers into floats or decimals into objects."""
    names = table.column_names
    if len(set(names)) < len(names):  # check_table names them; pandas would fail first
        return pd.DataFrame([[0] * len(names)], columns=names)
    frame: pd.DataFrame = table.to_pandas()
    for field in table.schema:
        if field.name in frame and not isinstance(frame[field.name].dtype, pd.api.extensions.ExtensionDtype):
            kept = _kept_dtype(field.type, table.column(field.name).null_count)
            if kept is not None:
                mapper: Any = lambda _, kept=kept: kept  # noqa: E731
                frame[field.name] = table.column(field.name).to_pandas(types_mapper=mapper)
    return frame


def _kept_dtype(kind: pa.DataType, missing: int) -> Any:
    if pa.types.is_decimal(kind) or pa.types.is_date(kind):
        return pd.ArrowDtype(kind)
    if pa.types.is_boolean(kind) and missing:
        return pd.BooleanDtype()
    if pa.types.is_integer(kind) and missing:
        name = str(kind)  # int32 -> Int32, uint8 -> UInt8
        return pd.api.types.pandas_dtype(name.capitalize() if name[0] == "i" else f"U{name[1:].capitalize()}")
    return None


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
