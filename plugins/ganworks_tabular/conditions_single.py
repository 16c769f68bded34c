"""Single values as conditions that lie beyond all that was learnt of their column."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from ganworks_tabular.columns.casting import floats
from ganworks_tabular.columns.datetime import DatetimeColumn, split
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.parts import ColumnCodec
from ganworks_tabular.conditions import Between, Conditions, typed_conditions
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.range_pieces import ends

Ends = tuple[str, str]


def beyond_learnt(where: Conditions, preparation: Preparation) -> list[str]:
    """Return a line for each single number or date outside the range that its column was learnt in.

    Ranges are held to what was learnt anyway, and of columns that a rule rewrites it is not known.

    Raises:
        UsageError: a condition that makes no sense.
    """
    codec, found = preparation.codec, []
    for name, value in typed_conditions(where, preparation).items():
        if isinstance(value, Between) or value.isna().any() or name not in codec.columns:
            continue
        passed = _passed(value, codec[name])
        if passed:
            found.append(
                f"{name}={where[name]} lies outside what was learnt ({passed[0]} to {passed[1]}): the rows "
                "hold it, but their other columns are a guess"
            )
    return found


def _passed(value: pd.Series, column: ColumnCodec) -> Ends | None:
    """The ends of the column (least, greatest) where the value of one row (1,) lies beyond them."""
    if isinstance(column, NumberColumn):
        low, high = ends(column.parts)
        inside = low <= floats(value)[0] <= high
        return None if inside else (f"{low:.10g}", f"{high:.10g}")
    if isinstance(column, DatetimeColumn):
        epochs, _ = column.clock.read(value)
        day = split(epochs, column.offset, column.clock.per_day)[0][0]
        return None if column.low <= day <= column.high else (_date(column.low), _date(column.high))
    return None


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(day)).isoformat()
