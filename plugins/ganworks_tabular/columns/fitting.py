"""The codec of a column by its kind: learnt from its cells, or as it was stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.datetime import DatetimeColumn
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.parts import ColumnCodec
from ganworks_tabular.schema import Column


def fit_column(series: pd.Series, column: Column, *, target: str, least: int) -> ColumnCodec:
    """Learn a modelled column; ``least``: rows that must share a value before it is shown, but a class."""
    if column.kind == "number":
        return NumberColumn.fit(series, column.dtype, least)
    if column.kind == "datetime":
        return DatetimeColumn.fit(series, column.dtype, column.form, least)
    return CategoryColumn.fit(series, column.dtype, 1 if column.name == target else least)


def stored_column(stored: Mapping[str, Any]) -> ColumnCodec:
    """Read what ``as_dict`` of a column returned, beside its ``kind``."""
    fields = {name: value for name, value in stored.items() if name != "kind"}
    kinds: dict[str, Any] = {"number": NumberColumn, "category": CategoryColumn, "datetime": DatetimeColumn}
    column: ColumnCodec = kinds[stored["kind"]].from_dict(fields)
    return column
