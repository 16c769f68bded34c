"""Exact decimals from float64, which holds 15 digits of them, and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ARROW_DECIMAL = re.compile(r"decimal(?:128|256)?\((\d+), (-?\d+)\)\[pyarrow\]")
DIGITS = 15  # that float64 always holds
EXACT = 2**53  # up to here float64 holds every whole number
SAFE = 10**15  # up to here a product that should be whole rounds to that number
HELD = 37  # digits of a decimal in Parquet, one less for values above those seen
ROOMY = Context(prec=1_000)  # the usual 28 digits are too few for some types


def places_of(values: Sequence[Decimal]) -> int:
    """Return the most digits after the point among ``values``, no more than Parquet has room for."""
    finite = [value for value in values if value.is_finite()]
    exponents = [exponent for one in finite if isinstance(exponent := one.as_tuple().exponent, int)]
    before = max((value.adjusted() + 1 for value in finite if value), default=0)
    return max(0, min(max((-exponent for exponent in exponents), default=0), HELD - max(before, 0)))


def decimals_from(values: Floats, places: int | None) -> list[Decimal | None]:
    """Return exact decimals of ``places`` digits after the point (None: 15); NaN becomes None."""
    digits = DIGITS if places is None else places
    return [None if value != value else _decimal(value, digits) for value in (values + 0.0).tolist()]


def _decimal(value: float, places: int) -> Decimal:
    whole = abs(value) * 10.0**places < EXACT
    number = Decimal(repr(value) if whole else f"{value:.{DIGITS}g}")  # further digits are those of binary
    return number.quantize(Decimal(1).scaleb(-places), context=ROOMY)


def arrow_type(name: str) -> pa.DataType | None:
    """Return the Arrow decimal of that pandas name, or None: the name is another."""
    found = ARROW_DECIMAL.fullmatch(name)
    if not found:
        return None
    make = pa.decimal256 if name.startswith("decimal256") else pa.decimal128
    return make(int(found[1]), int(found[2]))


def arrow_from(values: Floats, kind: pa.DataType) -> pd.Series:
    """Return float64 with NaN for missing as Arrow decimals, those too large as the largest of the type."""
    missing = np.isnan(values)
    units = np.where(missing, 0, values) * 10.0**kind.scale
    if pa.types.is_decimal128(kind) and (np.abs(units) < min(SAFE, 10**kind.precision)).all():
        # an Arrow decimal is a whole number of 10^-scale: write those numbers and read them as decimals
        whole = pa.array(np.rint(units).astype(np.int64), mask=missing).cast(pa.decimal128(38, 0))
        cells = pa.Array.from_buffers(kind, len(values), whole.buffers(), whole.null_count)
    else:
        most = Decimal(10**kind.precision - 1).scaleb(-kind.scale, context=ROOMY)
        exact = decimals_from(values, kind.scale)
        cells = pa.array([None if one is None else max(-most, min(one, most)) for one in exact], type=kind)
    return pd.Series(pd.arrays.ArrowExtensionArray(cells))


def floats_of(cells: pa.Array) -> Floats:
    """Return Arrow decimals as the nearest float64, missing ones as NaN."""
    cast = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
    scale = 10.0 ** min(cells.type.scale, 15)
    found = np.array(np.rint(cast * scale) / scale)  # Arrow's own cast is one bit off here and there
    large = np.flatnonzero(np.abs(cast * scale) >= SAFE)
    if cells.type.scale > 15:
        large = np.flatnonzero(~np.isnan(cast))
    found[large] = [float(one) for one in cells.take(pa.array(large)).to_pylist()]
    return found
