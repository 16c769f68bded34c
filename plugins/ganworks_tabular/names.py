"""Which of a category column's values is meant by what a user gives: 1, 1.0, '1' and True, 'true' alike."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import pandas as pd

from ganworks.errors import UsageError, nearest
from ganworks_tabular.columns.casting import is_decimal, texts
from ganworks_tabular.columns.category import CategoryColumn

LISTED = 10  # values that a message names


def is_missing(value: Any) -> bool:
    """Return whether a single value is None, NA, NaT or NaN."""
    return value is None or value is pd.NA or value is pd.NaT or bool(value != value)


def place_of(value: Any, column: CategoryColumn) -> int:
    """Return the place of ``value`` in ``column.values``; '' is missing where no value is called that.

    Raises:
        UsageError: the column has no such value.
    """
    missing = is_missing(value)
    if missing or (isinstance(value, str) and value == "" and "" not in column.values):
        if column.missing:
            return column.head
        raise _never("", " (missing)", column)
    text = texts([value])[0]
    if text == "":
        return column.values.index("")  # not that of the missing one, whose text is the same
    known = column.texts
    if text in known:
        return known.index(text)
    alike = next((place for place, own in enumerate(column.values) if _same(text, own, column.dtype)), None)
    if alike is None:
        raise _never(text, "", column)
    return alike


def _same(text: str, own: Any, dtype: str) -> bool:
    """Whether a text is another way to write a number, or true and false."""
    if isinstance(own, bool):
        return text.lower() == str(own).lower()
    if not (isinstance(own, int | float) or (is_decimal(dtype) and own is not None)):
        return False
    try:
        return Decimal(text) == Decimal(str(own))
    except InvalidOperation:
        return False


def _never(text: str, what: str, column: CategoryColumn) -> UsageError:
    shown = [
        one or ("'' (missing)" if value is None else "''")
        for one, value in zip(column.texts[:LISTED], column.values, strict=False)
    ]
    listed = ", ".join(shown) + (", ..." if len(column.texts) > LISTED else "")
    hint = nearest(text, column.texts) if text else ""
    return UsageError(f"'{column.name}' is never '{text}'{what}{hint}; it has {listed}")
