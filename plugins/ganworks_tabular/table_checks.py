"""What no table may hold, however it came: each refusal is one line that names the column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types

from ganworks.errors import DataError, nearest
from ganworks.wording import counted
from ganworks_tabular.columns.casting import is_text

NUMERIC_SHARE = 0.9  # of a text column's cells: above it, the others are taken for slips
SPANS = (pd.IntervalDtype, pd.PeriodDtype)
USABLE_OBJECTS = ("string", "decimal", "date", "boolean", "empty", "integer", "floating", "datetime")


def check_table(frame: pd.DataFrame, where: str = "the table") -> pd.DataFrame:
    """Return ``frame`` with a fresh row index.

    Raises:
        DataError: no columns, no rows, a column name that is not text or is there twice, numbers and text
            in one column, infinite values, or a type that has no meaning in a table.
    """
    if not len(frame.columns):
        raise DataError(f"{where} is empty; it needs a line of column names and rows under it")
    _check_names(frame, where)
    if not len(frame):
        raise DataError(f"{where} has column names but no rows; give it at least one")
    frame = frame.reset_index(drop=True)
    for name in frame.columns:
        _check_column(frame[name], where)
    return frame


def check_columns(frame: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse a table that lacks one of these columns.

    Raises:
        DataError: it does.
    """
    for name in names:
        if name not in frame:
            raise DataError(f"the table has no column '{name}'{nearest(name, map(str, frame.columns))}")


def _check_names(frame: pd.DataFrame, where: str) -> None:
    for name in frame.columns:
        if not isinstance(name, str):
            raise DataError(f"{where}: the column name {name!r} is not text; rename it to '{name}'")
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DataError(f"{where}: the column '{twice[0]}' is there twice; rename one of them")


def _check_column(column: pd.Series, where: str) -> None:
    dtype = column.dtype
    if types.is_complex_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        raise DataError(f"{where}: the column '{column.name}' is {dtype}; turn it into numbers first")
    if _has_no_meaning(dtype):
        raise DataError(
            f"{where}: the column '{column.name}' is {_said(dtype)}; turn it into text or numbers"
        )
    if types.is_object_dtype(dtype):
        _check_objects(column, where)
    if is_text(column):
        _check_texts(column, where)
    if types.is_float_dtype(dtype):
        infinite = int(np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan)).sum())
        if infinite:
            raise DataError(
                f"{where}: the column '{column.name}' has {counted(infinite, 'infinite value')}; "
                "make them missing or the largest real value"
            )


def _has_no_meaning(dtype: Any) -> bool:
    """Types of which no new values can be made: spans, raw bytes, lists; also as the values of a category."""
    if isinstance(dtype, pd.CategoricalDtype):
        return isinstance(dtype.categories.dtype, SPANS)
    if isinstance(dtype, pd.ArrowDtype):
        kind = dtype.pyarrow_dtype
        return any(test(kind) for test in (pa.types.is_nested, pa.types.is_duration, _is_binary))
    return isinstance(dtype, SPANS)


def _is_binary(kind: pa.DataType) -> bool:
    return any(
        test(kind) for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    )


def _said(dtype: Any) -> str:
    own = isinstance(dtype, pd.CategoricalDtype)
    return f"a category of {dtype.categories.dtype}" if own else str(dtype)


def _check_objects(column: pd.Series, where: str) -> None:
    found = types.infer_dtype(column, skipna=True)
    kinds = column[column.notna()].map(type)
    if found.startswith("mixed") and kinds.nunique() > 1:
        usual = kinds.value_counts().index[0]
        raise _mixed(column, int(kinds.index[kinds != usual][0]), where)
    if found not in USABLE_OBJECTS:
        raise DataError(f"{where}: the column '{column.name}' holds {found} objects; turn them into text")


def _check_texts(column: pd.Series, where: str) -> None:
    """A column of numbers in which a few cells are words reads as text; that is hardly ever meant."""
    cells = column.dropna()
    if pd.to_numeric(cells.head(1_000), errors="coerce").notna().mean() < NUMERIC_SHARE / 2:
        return
    numeric = pd.to_numeric(cells, errors="coerce").notna()
    if NUMERIC_SHARE <= numeric.mean() < 1 and cells[numeric].nunique() > 20:
        raise _mixed(column, int(cells.index[~numeric][0]), where)


def _mixed(column: pd.Series, row: int, where: str) -> DataError:
    return DataError(
        f"{where}: the column '{column.name}' mixes numbers and text: row {row + 1} holds "
        f"'{column.iloc[row]}'; make it a number or leave it empty"
    )
