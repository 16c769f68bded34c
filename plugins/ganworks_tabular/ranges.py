"""Ranges of a number column as conditions: between which values or quantiles, and rows drawn from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from ganworks.errors import UsageError
from ganworks_tabular.columns.datetime import DatetimeColumn
from ganworks_tabular.columns.number import NumberColumn, NumberParts
from ganworks_tabular.columns.number_map import GRID, SCORES_PER_UNIT
from ganworks_tabular.preparation import Preparation

HALVINGS = 60  # of the interval in which the rank of an end lies


@dataclass(frozen=True)
class Between:
    """Values between two others, as the table has them there; ends in the column's unit, or as quantiles.

    Raises:
        UsageError: the first end is above the second, or a quantile is not in [0, 1].
    """

    low: float
    high: float
    quantiles: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high or (self.quantiles and not (self.low >= 0 and self.high <= 1)):
            raise UsageError(
                f"the range {self.low:g} to {self.high:g} is empty or no range: give low, then high"
            )

    def __str__(self) -> str:
        mark = "q" if self.quantiles else ""
        return f"{mark}{self.low:g}..{mark}{self.high:g}"


def checked_range(between: Between, name: str, preparation: Preparation) -> Between:
    """Return the range, if the column has values in it.

    Raises:
        UsageError: the column is not one of numbers, or has none there.
    """
    parts = _number(name, preparation).parts
    low, high = _ranks(between, parts)
    if low > high:
        least, most = _values(np.array([0.0, 1.0]), parts)
        wanted = f"{between.low:g} and {between.high:g}"
        raise UsageError(f"'{name}' has no values between {wanted}: it goes from {least:g} to {most:g}")
    return between


def range_column(
    between: Between, name: str, preparation: Preparation, rows: int, random: np.random.Generator
) -> pd.Series:
    """Return a value in the range for each row, as often as the table has it, frequent values apart."""
    column = _number(name, preparation)
    low, high = _ranks(between, column.parts)
    drawn = _values(random.uniform(low, high, rows), column.parts)
    return column.column(drawn.astype(np.int64) if column.integer else drawn)


def _number(name: str, preparation: Preparation) -> NumberColumn:
    column = preparation.codec[name] if name in preparation.codec.columns else None
    if isinstance(column, NumberColumn) and column.parts.map is not None:
        return column
    if column is None:
        why = "a rule computes it from others"
    elif isinstance(column, NumberColumn):
        why = "it has a few single values only"
    else:
        why = "it holds dates" if isinstance(column, DatetimeColumn) else "it holds categories"
    raise UsageError(f"the column '{name}' takes no range ({why}): give one value")


def _values(ranks: NDArray[np.float64], parts: NumberParts) -> NDArray[np.float64]:
    """The values at these ranks, from 0 to 1."""
    assert parts.map is not None
    values = np.interp(ndtri(ranks) / SCORES_PER_UNIT, GRID, parts.map.table)
    values = parts.map.rounding(values) if parts.map.rounding else values
    return values if parts.support is None else parts.support[values.astype(np.int64)]


def _ranks(between: Between, parts: NumberParts) -> tuple[float, float]:
    """The ranks of the ends; the first is above the second where there is no value between."""
    if between.quantiles:
        return between.low, between.high
    low = _turn(lambda rank: float(_values(rank, parts)[0]) >= between.low)
    high = _turn(lambda rank: float(_values(rank, parts)[0]) > between.high)
    return low[1], high[0]


def _turn(holds: Callable[[NDArray[np.float64]], bool]) -> tuple[float, float]:
    """The highest rank at which this does not hold yet and the lowest at which it does, by bisection.

    2 where it never holds, -1 where it always does.
    """
    if holds(np.array([0.0])):
        return -1.0, 0.0
    if not holds(np.array([1.0])):
        return 1.0, 2.0
    below, above = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        below, above = (below, middle) if holds(np.array([middle])) else (middle, above)
    return below, above
