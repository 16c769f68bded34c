"""Parquet files: read whole, a uniform sample of their rows, or one column, in the types they have there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ganworks.errors import DataError

BATCH = 65_536  # rows that are read at a time


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a Parquet file as it is, without the checks of `ganworks_tabular.table.read_table`.

    Raises:
        DataError: it is damaged.
    """
    with _opened(path) as source:
        return _to_frame(source.read())


def count_rows(path: Path) -> int:
    """How many rows a Parquet file has.

    Raises:
        DataError: it is damaged.
    """
    with _opened(path) as source:
        return int(source.metadata.num_rows)


def sample_parquet(path: Path, rows: int, seed: int) -> pd.DataFrame:
    """Return ``rows`` rows, in their order, as `draw_rows` chooses them; the memory is that of these.

    Raises:
        DataError: it is damaged.
        ValueError: it has fewer rows.
    """
    with _opened(path) as source:
        chosen = draw_rows(int(source.metadata.num_rows), rows, seed)
        start, kept = 0, []
        for batch in source.iter_batches(BATCH):
            first, last = np.searchsorted(chosen, [start, start + len(batch)])
            kept.append(batch.take(pa.array(chosen[first:last] - start)))
            start += len(batch)
        return _to_frame(pa.Table.from_batches(kept, schema=source.schema_arrow).unify_dictionaries())


def draw_rows(total: int, rows: int, seed: int) -> NDArray[np.int64]:
    """Return the rising numbers of ``rows`` of ``total`` rows (rows,), each set of so many equally likely."""
    chosen = np.random.default_rng(seed).choice(total, rows, replace=False, shuffle=False)
    return np.sort(chosen).astype(np.int64)


@dataclass(frozen=True)
class ParquetColumn:
    """The cells of a column in parts, in their order, read anew each time that it is gone through."""

    path: Path
    name: str

    def __iter__(self) -> Iterator[pd.Series]:
        """Raises `DataError` where the file is damaged."""
        with _opened(self.path) as source:
            for batch in source.iter_batches(BATCH, columns=[self.name]):
                yield _to_frame(pa.Table.from_batches([batch]))[self.name]


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    said = "is not a whole Parquet file"
    try:
        with pq.ParquetFile(path) as source:
            said = "is a damaged Parquet file"
            yield source
    except (pa.ArrowException, OSError) as error:
        line = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise DataError(f"{path} {said} ({line}); copy it again") from None


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
