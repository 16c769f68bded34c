"""Between the types of a table and three plain forms: float64, int64 epochs, and texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api import types

from ganworks.errors import DataError
from ganworks_tabular.columns.decimals import (
    ARROW_DECIMAL,
    Floats,
    arrow_from,
    arrow_type,
    decimals_from,
    floats_of,
)

__all__ = ["ARROW_DECIMAL", "Floats"]

Ints = NDArray[np.int64]

MARGIN = 4_096  # of 64-bit integers: so near to their ends, float64 rounds across them
NULLABLE_INTS = re.compile(r"U?Int\d+|u?int\d+\[pyarrow\]")


def dtype_name(series: pd.Series) -> str:
    """Return the name of the series' type: that of pandas, or `decimal` and `date` for such objects.

    Objects that are true, false or missing become `boolean`, points in time `datetime64`: they hold the same.

    Raises:
        DataError: points in time of several time zones.
    """
    if not types.is_object_dtype(series.dtype):
        return str(series.dtype)
    found = types.infer_dtype(series, skipna=True)
    if found == "datetime":
        return _moments(series)
    return found if found in ("decimal", "date", "boolean") else "object"


def _moments(series: pd.Series) -> str:
    try:
        return str(pd.to_datetime(series).dtype)
    except ValueError:
        raise DataError(
            f"the column '{series.name}' holds dates of several time zones; turn them into one, such as UTC"
        ) from None


def pandas_dtype(name: str) -> Any:
    """Return the pandas type of that name; pandas itself does not read the names of Arrow decimals."""
    exact = arrow_type(name)
    if exact is not None:
        return pd.ArrowDtype(exact)
    return "object" if name in ("decimal", "date") else name


def is_text(series: pd.Series) -> bool:
    """Whether all its values are texts, or missing; a category of texts is not meant."""
    if types.is_object_dtype(series.dtype):
        return types.infer_dtype(series, skipna=True) == "string"
    return types.is_string_dtype(series.dtype) and not isinstance(series.dtype, pd.CategoricalDtype)


def typed(series: pd.Series, name: str) -> pd.Series:
    """Return ``series`` in the type of that name."""
    return series if str(series.dtype) == name else series.astype(pandas_dtype(name))


def is_decimal(name: str) -> bool:
    """Whether a column of that type holds exact decimals."""
    return name == "decimal" or ARROW_DECIMAL.fullmatch(name) is not None


def is_integer(name: str) -> bool:
    """Whether a column of that type holds whole numbers, missing ones or not."""
    return NULLABLE_INTS.fullmatch(name) is not None or re.fullmatch(r"u?int\d+", name) is not None


def integer_limits(name: str) -> tuple[float, float]:
    """Return the lowest and highest whole number of a type of integers that float64 and int64 hold safely.

    >>> integer_limits("UInt8"), integer_limits("int8[pyarrow]")
    ((0.0, 255.0), (-128.0, 127.0))
    """
    limits = np.iinfo(name.lower().removesuffix("[pyarrow]"))
    most = 2**63 - MARGIN
    return float(max(limits.min, -most)), float(min(limits.max, most))


def floats(series: pd.Series) -> Floats:
    """Return the values as float64, missing ones as NaN. Integers beyond 2^53 lose their last digits."""
    if types.is_object_dtype(series.dtype):
        return np.array([np.nan if value is None or value is pd.NA else float(value) for value in series])
    if isinstance(series.dtype, pd.ArrowDtype) and pa.types.is_decimal(series.dtype.pyarrow_dtype):
        return floats_of(pa.array(series))
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def from_floats(values: Floats, dtype: str, decimals: int | None) -> pd.Series:
    """Return a column of ``dtype`` from float64 with NaN for missing.

    ``decimals`` are those of the column, for exact decimals; None: as many as 15 digits of a number have.
    """
    if dtype == "decimal":
        return pd.Series(decimals_from(values, decimals), dtype="object")
    exact = arrow_type(dtype)
    if exact is not None:
        return arrow_from(values, exact)
    if NULLABLE_INTS.fullmatch(dtype):
        missing = np.isnan(values)
        whole = pd.array(np.where(missing, 0, values).astype(np.int64), dtype="Int64")
        whole[missing] = pd.NA
        return typed(pd.Series(whole), dtype)
    return typed(pd.Series(values), dtype)


def texts(values: Sequence[Any]) -> tuple[str, ...]:
    """Return values of one type as texts: 1 and 1.0 both as '1', missing as ''.

    >>> texts([1.0, 2.0]), texts([True, None]), texts(["a", 0.5])
    (('1', '2'), ('True', ''), ('a', '0.5'))
    """
    return tuple(_text(value) for value in values)


def _text(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:  # np.float64 is one too
        return str(int(value))
    return str(value)


def plain(value: Any) -> Any:
    """Return a value that JSON can hold, and from which ``pandas_dtype`` can be filled again."""
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, bool | int | float | str) else str(value)


def filled(values: Sequence[Any], dtype: str) -> Any:
    """Return plain values (None: missing) as an array of ``dtype``; the inverse of ``plain``."""
    if dtype == "decimal":
        return pd.array([None if v is None else Decimal(v) for v in values], dtype="object")
    if dtype == "date":
        return pd.array([None if v is None else date.fromisoformat(v) for v in values], dtype="object")
    if ARROW_DECIMAL.fullmatch(dtype):
        kind = pandas_dtype(dtype)
        decimals = [None if v is None else Decimal(v) for v in values]
        return pd.array(decimals, dtype=kind)
    return pd.array(list(values), dtype=pandas_dtype(dtype))
