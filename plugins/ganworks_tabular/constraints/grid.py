"""How many decimals a column has, and how wide an integer column must be."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from ganworks_tabular.columns.casting import Floats, floats

MOST_DECIMALS = 6


def decimals_of(series: pd.Series) -> int | None:
    """Return how many decimals (0 to 6) hold every value of a number column; None when more are needed.

    Float error such as that of 0.1 + 0.2 does not count.

    >>> decimals_of(pd.Series([1.5, 2.25, None])), decimals_of(pd.Series([1 / 3]))
    (2, None)
    """
    if types.is_integer_dtype(series.dtype):
        return 0
    values = floats(series)
    values = values[np.isfinite(values)]
    error = resolution(str(series.dtype))
    return next((d for d in range(MOST_DECIMALS + 1) if _on_grid(values, d, error).all()), None)


def cleaned(values: Floats, decimals: int, error: float) -> Floats:
    """Put the values that are on the grid but for float error exactly there."""
    rounded = np.rint(values * 10**decimals) / 10**decimals
    return np.where(np.abs(values - rounded) <= error * np.abs(values), rounded, values)


def resolution(dtype: str) -> float:
    """Return how far float error may take a value from its grid, as a share of it."""
    small = dtype in {"float32", "Float32", "float[pyarrow]"}
    return 4 * float(np.finfo(np.float32 if small else np.float64).eps)


def integer_dtype(dtype: str, values: Floats) -> str:
    """Return an integer dtype that holds the values: a sum of int8 columns may not fit in int8."""
    missing = bool(np.isnan(values).any())
    kind = np.dtype(dtype.removesuffix("[pyarrow]").lower())
    limits = np.iinfo(kind)
    fits = np.nanmin(values, initial=0) >= limits.min and np.nanmax(values, initial=0) <= limits.max
    plain = dtype == kind.name
    if fits and not (missing and plain):
        return dtype
    return "int64" if plain and not missing else "Int64"


def _on_grid(values: Floats, decimals: int, error: float) -> NDArray[np.bool_]:
    rounded = np.rint(values * 10**decimals) / 10**decimals
    size = np.abs(values)
    told_apart = size * error * 10**decimals < 0.25  # beyond it every number is near a grid point
    near: NDArray[np.bool_] = told_apart & (np.abs(values - rounded) <= error * size)
    return near
