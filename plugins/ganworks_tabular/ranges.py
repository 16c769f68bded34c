"""Ranges of a number column as conditions: between which values or quantiles, and rows drawn from there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ganworks.errors import UsageError
from ganworks_tabular.columns.datetime import DatetimeColumn
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.range_pieces import Pieces, ends, pieces_of_quantiles, pieces_of_values


@dataclass(frozen=True)
class Between:
    """Values between two others, as the table has them there; ends in the column's unit, or as quantiles.

    ``text``: the condition as it was typed, where it was.

    Raises:
        UsageError: an end is no number, the first is above the second, or a quantile is not in [0, 1].
    """

    low: float
    high: float
    quantiles: bool = False
    text: str | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        low, high = _end(self.low), _end(self.high)
        if not low <= high or (self.quantiles and not (low >= 0 and high <= 1)):
            raise UsageError(f"the range {low:g} to {high:g} is empty or no range: give low, then high")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def __str__(self) -> str:
        mark = "q" if self.quantiles else ""
        return f"{mark}{self.low:g}..{mark}{self.high:g}"


def _end(value: Any) -> float:
    try:
        if isinstance(value, str | bytes):  # float() would read them
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(f"a range goes from number to number, and {value!r} is none") from None
    except OverflowError:
        raise UsageError("a range ends at a number beyond all floats: leave that end open (inf)") from None


def range_hint(name: str) -> str:
    """How a range of a column is written in --where."""
    return f"write a range as {name}=100.. (100 or more), {name}=..500 or {name}=100..500"


def checked_range(between: Between, name: str, preparation: Preparation) -> Between:
    """Return the range, if the column has values in it.

    Raises:
        UsageError: the column is not one of numbers, or has none there.
    """
    column = _number(name, preparation)
    if not len(_pieces(between, column).weights):
        least, most = ends(column.parts)
        if least > most:
            raise UsageError(f"'{name}' is always missing: it takes no range")
        wanted = f"{between.low:g} and {between.high:g}"
        raise UsageError(f"'{name}' has no values between {wanted}: it goes from {least:g} to {most:g}")
    return between


def range_column(
    between: Between, name: str, preparation: Preparation, rows: int, random: np.random.Generator
) -> pd.Series:
    """Return a value in the range for each row, as often as the table has it there; none is missing."""
    column = _number(name, preparation)
    drawn = _pieces(between, column).draw(column.parts, rows, random)
    if not between.quantiles:  # ranks of a narrow range may miss its ends by the last digit of float64
        drawn = np.clip(drawn, between.low, between.high)
    return column.column(drawn.astype(np.int64) if column.integer else drawn)


def _pieces(between: Between, column: NumberColumn) -> Pieces:
    if not between.quantiles:
        return pieces_of_values(between.low, between.high, column.parts)
    found = pieces_of_quantiles(between.low, between.high, column.parts)
    if found is None:
        raise UsageError(
            f"the column '{column.name}' takes no quantiles (it has single values only, and how often is not "
            f"stored): give values, {column.name}=LOW..HIGH"
        )
    return found


def _number(name: str, preparation: Preparation) -> NumberColumn:
    column = preparation.codec[name] if name in preparation.codec.columns else None
    if isinstance(column, NumberColumn):
        return column
    if column is None:
        why = "a rule computes it from others"
    else:
        why = "it holds dates" if isinstance(column, DatetimeColumn) else "it holds categories"
    raise UsageError(f"the column '{name}' takes no range ({why}): give one value")
