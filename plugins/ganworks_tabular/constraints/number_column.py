"""A column that rules compute with: from its dtype to plain numbers on its own grid, and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from pandas.api import types
from torch import Tensor

from ganworks_tabular.columns import casting
from ganworks_tabular.columns.casting import Floats, Ints, dtype_name, floats, from_floats
from ganworks_tabular.columns.epochs import MISSING, Clock, iso_form
from ganworks_tabular.constraints.grid import cleaned, decimals_of, integer_dtype, resolution

DAY = 86_400_000_000  # microseconds, as all of these
STEPS = (DAY, 3_600_000_000, 60_000_000, 1_000_000, 1)
FIRST_DAY, LAST_DAY = -719_162, 2_932_896  # the years 1 to 9999
NANOSECOND_DAYS = 106_751  # what int64 nanoseconds hold, before and after 1970


@dataclass(frozen=True, kw_only=True)
class NumberColumn:
    """A column of numbers or dates whose values lie on a grid.

    Numbers: the grid is ``10 ** -decimals``; None means full float precision. Dates are microseconds since
    1970 in UTC on a grid of ``step`` (0: no date); nanoseconds are cut. ``low`` and ``high`` are the allowed
    range in the same numbers; None means no limit. Exact up to 2^53 units, in float32 columns 2^24.
    """

    dtype: str
    decimals: int | None
    step: int = 0
    form: str | None = None  # of dates held as text, see `Column`
    low: float | None = None
    high: float | None = None

    @property
    def whole(self) -> bool:
        """Does the column hold integers?"""
        return casting.is_integer(self.dtype)

    def numbers(self, series: pd.Series) -> Floats:
        """Return the values as float64, NaN where missing; float error off the grid is taken away."""
        if self.step:
            epochs, _ = self._clock.read(series)
            numbers = epochs // 1000 if self._clock.unit == "ns" else epochs * self._microseconds
            return np.where(epochs == MISSING, np.nan, numbers)
        values = floats(series)
        return values if self.decimals is None else cleaned(values, self.decimals, resolution(self.dtype))

    def scalar(self, value: object) -> float:
        """Return one value of a condition or a rule as a number. Raises ValueError and TypeError."""
        if not self.step:
            return float(cast(Any, value))
        moment = pd.Timestamp(cast(Any, value))
        if pd.isna(moment):
            raise ValueError(f"{value} is no date")
        moment = moment.tz_convert("UTC").tz_localize(None) if moment.tz else moment
        return float(moment.as_unit("us").asm8.astype(np.int64))  # `value` is in nanoseconds

    def series(self, values: Floats, index: pd.Index) -> pd.Series:
        """Return numbers as a column in its own dtype, wider only where a value would not fit."""
        if self.step:
            series = self._clock.write(self._epochs(values))
        else:
            dtype = integer_dtype(self.dtype, values) if self.whole else self.dtype
            series = from_floats(values, dtype, self.decimals)
        series.index = index
        return series

    def from_tensor(self, values: Tensor) -> Tensor:
        """Return what a decoder gives (float64, int64, or dates as int64 epochs) as float64 numbers."""
        if not self.step:
            return values.double()
        numbers = values // 1000 if self._clock.unit == "ns" else values * self._microseconds
        return torch.where(values == MISSING, torch.nan, numbers.double())

    def to_tensor(self, values: Tensor, like: torch.dtype) -> Tensor:
        """Return numbers as float64; as int64 where ``like`` is, a missing date as the least int64."""
        if like != torch.int64:
            return values
        whole = torch.where(values.isnan(), 0.0, values).round().long()
        if not self.step:
            return whole
        epochs = whole * 1000 if self._clock.unit == "ns" else whole // self._microseconds
        return torch.where(values.isnan(), MISSING, epochs)

    def snap(self, values: Tensor) -> Tensor:
        """Round to the grid and keep to the allowed range; NaN stays NaN."""
        if self.decimals is not None:
            values = self._value(self._place(values))
        return values if self.low is None and self.high is None else values.clamp(self.low, self.high)

    def above(self, floor: Tensor, strict: bool) -> Tensor:
        """Return the least values of this column that are not below ``floor``; with ``strict``, above it."""
        if self.decimals is None:
            # 2^-52 of a number is at least its last binary place; nextafter has no ONNX operator
            return floor + torch.clamp(floor.abs() * 2.0**-52, min=1e-300) if strict else floor
        place = self._place(floor)
        value = self._value(place)
        short = value <= floor if strict else value < floor
        return torch.where(short, self._value(place + 1), value)

    def below(self, ceiling: float, strict: bool) -> float:
        """Return the greatest value of this column not above ``ceiling``; with ``strict``, below it."""
        return -float(self.above(torch.tensor(-ceiling, dtype=torch.float64), strict))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def _place(self, values: Tensor) -> Tensor:
        """Return the number of the nearest grid point."""
        return torch.round(values / self.step if self.step else values * 10 ** (self.decimals or 0))

    def _value(self, places: Tensor) -> Tensor:
        return places * self.step if self.step else places / 10 ** (self.decimals or 0)

    @property
    def _microseconds(self) -> int:
        """How long a unit of the clock is; 0 for nanoseconds."""
        return DAY // self._clock.per_day

    @property
    def _clock(self) -> Clock:
        return Clock.of(self.dtype, self.form)

    def _epochs(self, values: Floats) -> Ints:
        clock, missing = self._clock, np.isnan(values)
        days = (-NANOSECOND_DAYS, NANOSECOND_DAYS) if clock.unit == "ns" else (FIRST_DAY, LAST_DAY)
        held = np.clip(np.where(missing, 0, values), days[0] * DAY, days[1] * DAY)
        whole = np.rint(held).astype(np.int64)
        epochs = whole * 1000 if clock.unit == "ns" else whole // self._microseconds
        return np.where(missing, MISSING, epochs)


def learn(series: pd.Series) -> NumberColumn | None:
    """Learn the dtype and the grid of a column of numbers, decimals or dates; None for any other column."""
    dtype = dtype_name(series)
    texts = types.infer_dtype(series, skipna=True) == "string"
    form = iso_form(series) if texts else None
    if form or dtype.startswith(("date", "timestamp")):
        return _learn_dates(series, dtype, form)
    number = types.is_numeric_dtype(series.dtype) and not types.is_bool_dtype(series.dtype)
    if not (number or casting.is_decimal(dtype)):
        return None
    return NumberColumn(dtype=dtype, decimals=decimals_of(series))


def _learn_dates(series: pd.Series, dtype: str, form: str | None) -> NumberColumn:
    column = NumberColumn(dtype=dtype, decimals=0, step=1, form=form)
    numbers = column.numbers(series)
    numbers = numbers[~np.isnan(numbers)]
    return replace(column, step=next(step for step in STEPS if not (numbers % step).any()))
