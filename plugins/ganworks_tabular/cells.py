"""A value that a user gives for a column, as a cell of it; refused where it would not stay as it is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ganworks.errors import UsageError, nearest
from ganworks_tabular.columns.casting import from_floats, is_integer
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.datetime import DatetimeColumn
from ganworks_tabular.columns.epochs import MISSING, Clock
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.parts import ColumnCodec
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.schema import Column

LISTED = 10  # values that a message names
UNITS = {"D": "days", "m": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds"}


def cell_of(value: Any, column: Column, preparation: Preparation) -> pd.Series:
    """Return ``value`` as a series of one row in the type of a modelled column; '' and None are missing.

    Raises:
        UsageError: it is none of the values that the column can have.
    """
    codec = preparation.codec
    fitted = codec[column.name] if column.name in codec.columns else None  # None: a rule rewrites it
    if isinstance(fitted, CategoryColumn):
        return fitted.column(np.array([_place(value, fitted)]))
    if column.kind == "category":
        return pd.Series([value])  # of a combination, which knows its values
    make = _date if column.kind == "datetime" else _number
    return make(value, column, fitted, preparation)


def _place(value: Any, column: CategoryColumn) -> int:
    text = "" if _is_missing(value) else _text(value)
    if text not in column.texts:
        shown = [one or "'' (missing)" for one in column.texts[:LISTED]]
        listed = ", ".join(shown) + (", ..." if len(column.texts) > LISTED else "")
        raise UsageError(f"'{column.name}' is never '{text}'{nearest(text, column.texts)}; it has {listed}")
    return column.texts.index(text)


def _number(value: Any, column: Column, fitted: ColumnCodec | None, preparation: Preparation) -> pd.Series:
    number = _parsed_number(value, column)
    decimals = _decimals(column, fitted, preparation)
    if math.isnan(number):
        _check_missing(column.name, fitted)
    else:
        _check_held(number, column, decimals)
    return from_floats(np.array([number]), column.dtype, decimals)


def _parsed_number(value: Any, column: Column) -> float:
    try:
        number = math.nan if _is_missing(value) else float(value)
    except (TypeError, ValueError):
        number = math.inf
    if math.isinf(number):
        raise UsageError(f"the condition {column.name}={value} is not a number; give a number")
    return number


def _check_held(number: float, column: Column, decimals: int | None) -> None:
    """Refuse a number that the type of the column, or a rule, would change."""
    where = f"the condition {column.name}={number:g} cannot be met"
    if decimals is not None and round(number, decimals) != number:
        what = f"numbers of {decimals} decimals" if decimals else "whole numbers"
        raise UsageError(f"{where}: the column holds {what}")
    if is_integer(column.dtype):
        limits = np.iinfo(column.dtype.lower().removesuffix("[pyarrow]"))
        if not limits.min <= number <= limits.max:
            raise UsageError(f"{where}: the column is {column.dtype}")


def _decimals(column: Column, fitted: ColumnCodec | None, preparation: Preparation) -> int | None:
    """How many decimals every value of the column has; None where it may have any."""
    rule = preparation.constraints.numbers.get(column.name)
    if rule is not None:
        return rule.decimals
    if is_integer(column.dtype):
        return 0
    return fitted.decimals if isinstance(fitted, NumberColumn) else None


def _date(value: Any, column: Column, fitted: ColumnCodec | None, preparation: Preparation) -> pd.Series:
    clock = Clock.of(column.dtype, column.form)
    time = _parsed_date(value, column, clock.zone)
    if pd.isna(time):
        _check_missing(column.name, fitted)
        return clock.write(np.array([MISSING]))
    epoch = time.to_datetime64().astype(f"datetime64[{clock.unit}]")
    if pd.Timestamp(epoch) != time:
        what = UNITS.get(clock.unit, clock.unit)
        raise UsageError(f"the condition {column.name}={value} cannot be met: the column holds whole {what}")
    rule = preparation.constraints.numbers.get(column.name)
    if rule is not None and rule.scalar(time) % rule.step:
        step = pd.Timedelta(rule.step, "us")
        raise UsageError(f"the condition {column.name}={value} cannot be met: a rule counts it in {step}")
    return clock.write(np.array([epoch]).astype(np.int64))


def _parsed_date(value: Any, column: Column, zone: str | None) -> Any:
    """A `pd.Timestamp` as the column's clock counts it, without a zone; a value without one is local time."""
    try:
        time = pd.Timestamp("NaT" if _is_missing(value) else value)
        if time.tz is None and zone is not None:
            time = time.tz_localize(zone)
        return time if time.tz is None else time.tz_convert("UTC").tz_localize(None)
    except (TypeError, ValueError):  # also of an hour that the clock skips or has twice
        raise UsageError(f"the condition {column.name}={value} is not a date; give a date") from None


def _check_missing(name: str, fitted: ColumnCodec | None) -> None:
    parts = fitted.parts if isinstance(fitted, NumberColumn) else None
    parts = fitted.day if isinstance(fitted, DatetimeColumn) else parts
    if parts is None or not parts.missing:
        raise UsageError(f"'{name}' cannot be given as missing: give a value")


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value or value == ""


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
