"""Ranges of columns, and how an order hands them on from a column to the one before it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ganworks.errors import UsageError
from ganworks_tabular.constraints.number_column import NumberColumn
from ganworks_tabular.constraints.order import Order
from ganworks_tabular.constraints.rules import Arrays, Columns, NumberRule, Values


@dataclass(frozen=True, kw_only=True)
class Range(NumberRule):
    """``low <= column <= high``, either end None for none, in the numbers of its `NumberColumn`."""

    kind: ClassVar[str] = "range"
    column: str
    low: float | None
    high: float | None
    text: str  # the rule with its ends as they were given

    @property
    def label(self) -> str:
        return self.text

    @property
    def uses(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def replaces(self) -> Mapping[str, tuple[str, ...]]:
        return {}

    def broken(self, values: Arrays, columns: Columns) -> NDArray[np.bool_]:
        numbers = values[self.column]
        under = numbers < (-np.inf if self.low is None else self.low)
        return under | (numbers > (np.inf if self.high is None else self.high))

    def forward(self, values: Arrays, columns: Columns) -> Arrays:
        return {}

    def inverse(self, values: Values, columns: Columns) -> Values:
        return {}  # `NumberColumn.snap` keeps to the range

    def given(self, names: Collection[str]) -> NumberRule:
        return self

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "column": self.column,
            "low": self.low,
            "high": self.high,
            "text": self.text,
        }


def limited(columns: Columns, ranges: Iterable[Range], orders: Iterable[Order]) -> dict[str, NumberColumn]:
    """Return the columns with their allowed ranges: the given ones, on the grid, and what orders imply.

    A column that another must not fall below may not exceed that one's upper limit: else the gap would have
    to be negative. ``orders`` come with those first whose columns others build on. Raises UsageError where
    nothing is left.
    """
    held = dict(columns)
    for rule in ranges:
        column = held[rule.column]
        low = None if rule.low is None else -column.below(-rule.low, strict=False)
        high = None if rule.high is None else column.below(rule.high, strict=False)
        held[rule.column] = replace(column, low=low, high=high)
    for order in reversed(list(orders)):
        for before, name in reversed(list(pairwise(order.columns))):
            held[before] = _below(held[before], held[name], order.strict)
    for name, column in held.items():
        if column.low is not None and column.high is not None and column.low > column.high:
            raise UsageError(f"constraints leave no value for column '{name}': widen its range")
    return held


def _below(column: NumberColumn, above: NumberColumn, strict: bool) -> NumberColumn:
    if above.high is None:
        return column
    high = column.below(above.high, strict)
    return replace(column, high=high if column.high is None else min(high, column.high))
