"""A value that a user gives for a column, as a cell of it; refused where it would not stay as it is."""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from ganworks.errors import UsageError
from ganworks_tabular.columns.casting import from_floats, is_integer, typed
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.datetime import DatetimeColumn
from ganworks_tabular.columns.epochs import MISSING, UNITS, Clock
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.parts import ColumnCodec
from ganworks_tabular.names import is_missing, place_of
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.ranges import range_hint
from ganworks_tabular.schema import Column

EXACT = 2**53  # up to here all whole numbers are floats
DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?)?", re.ASCII
)


def cell_of(value: Any, column: Column, preparation: Preparation) -> pd.Series:
    """Return ``value`` as a series of one row in the type of a modelled column; None is missing.

    So is '', but where a category is called that.

    Raises:
        UsageError: it is none of the values that the column can have.
    """
    if not (value is None or pd.api.types.is_scalar(value)):
        raise UsageError(f"the condition {column.name}={value} is not one value; give one, or Between two")
    codec = preparation.codec
    fitted = codec[column.name] if column.name in codec.columns else None  # None: a rule rewrites it
    if isinstance(fitted, CategoryColumn):
        return fitted.column(np.array([place_of(value, fitted)]))
    if column.kind == "category":
        return pd.Series([value])  # of a combination, which knows its values
    make = _date if column.kind == "datetime" else _number
    return make(value, column, fitted, preparation)


def _number(value: Any, column: Column, fitted: ColumnCodec | None, preparation: Preparation) -> pd.Series:
    number = _parsed_number(value, column)
    decimals = _decimals(column, fitted, preparation)
    if isinstance(number, float) and math.isnan(number):
        _check_missing(column.name, fitted)
        return from_floats(np.array([math.nan]), column.dtype, decimals)
    exact = column.name not in preparation.constraints.numbers
    held = fitted.parts.decimals if decimals is None and isinstance(fitted, NumberColumn) else decimals
    number = _without_noise(number, held)
    _check_held(number, column, held, exact)
    if is_integer(column.dtype):
        return typed(pd.Series([int(number)]), column.dtype)
    return from_floats(np.array([float(number)]), column.dtype, decimals)


def _parsed_number(value: Any, column: Column) -> int | float:
    """Whole numbers as such, which float64 would not hold beyond 2^53; NaN: missing."""
    try:
        if is_missing(value) or value == "":
            return math.nan
        if isinstance(value, int | np.integer) or re.fullmatch(r"\s*[-+]?\d+\s*", str(value), re.ASCII):
            return int(value)
        number = float(str(value) if isinstance(value, np.floating) else value)  # a float32 of 10.1 is 10.1
    except (TypeError, ValueError, OverflowError):
        number = math.inf
    if math.isinf(number):
        what = _number_hint(column.name, str(value).strip())
        raise UsageError(f"the condition {column.name}={value} is not a number; {what}")
    return int(number) if number.is_integer() and is_integer(column.dtype) else number


def _without_noise(number: int | float, decimals: int | None) -> int | float:
    """0.1 + 0.2, computed by a program, is 0.3 in a column of cents."""
    if decimals is None or isinstance(number, int):
        return number
    rounded = round(number, decimals)
    return rounded if math.isclose(number, rounded, rel_tol=1e-14) else number


def _number_hint(name: str, text: str) -> str:
    if text[:1] in ("<", ">"):
        return range_hint(name)
    if text[:1] == "q":
        return f"quantiles come in pairs, as {name}=q0.5..q1"
    return "give a number"


def _check_held(number: int | float, column: Column, decimals: int | None, exact: bool) -> None:
    """Refuse a number that the type of the column, or a rule, would change; ``exact``: no rule has it."""
    where = f"the condition {column.name}={_shown(number)} cannot be met"
    if decimals is not None and round(number, decimals) != number:
        what = f"numbers of {decimals} decimals" if decimals else "whole numbers"
        raise UsageError(f"{where}: the column holds {what}")
    if is_integer(column.dtype):
        limits = np.iinfo(column.dtype.lower().removesuffix("[pyarrow]"))
        if not limits.min <= number <= limits.max:
            raise UsageError(f"{where}: the column is {column.dtype}")
    if isinstance(number, int) and not _float_holds(number) and not (exact and is_integer(column.dtype)):
        why = f"the column is {column.dtype}" if exact else "a rule computes with it"
        raise UsageError(f"{where}: {why}, exact up to 2^53")


def _shown(number: int | float) -> str:
    if isinstance(number, int) and abs(number) < 10**20:
        return str(number)
    return f"{number:.15g}" if abs(number) < 1e300 else f"{Decimal(number).normalize():.6g}"


def _float_holds(number: int) -> bool:
    return abs(number) <= EXACT or (number.bit_length() < 1024 and int(float(number)) == number)


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
        what = UNITS[clock.unit]
        raise UsageError(f"the condition {column.name}={value} cannot be met: the column holds whole {what}")
    rule = preparation.constraints.numbers.get(column.name)
    if rule is not None and rule.scalar(time) % rule.step:
        step = pd.Timedelta(rule.step, "us")
        raise UsageError(f"the condition {column.name}={value} cannot be met: a rule counts it in {step}")
    return clock.write(np.array([epoch]).astype(np.int64))


def _parsed_date(value: Any, column: Column, zone: str | None) -> Any:
    """A `pd.Timestamp` as the column's clock counts it, without a zone; a value without one is local time."""
    if isinstance(value, str) and ".." in value:
        raise UsageError(f"the condition {column.name}={value}: dates take no range; give one date")
    try:
        if isinstance(value, str) and value and not DATE.fullmatch(value.strip()):
            raise ValueError  # pandas would make something of nearly any text
        if not (is_missing(value) or isinstance(value, str | date | np.datetime64)):
            raise TypeError
        time = pd.Timestamp("NaT" if is_missing(value) or value == "" else value)
        if time.tz is None and zone is not None:
            time = time.tz_localize(zone)
        return time if time.tz is None else time.tz_convert("UTC").tz_localize(None)
    except (TypeError, ValueError):  # also of an hour that the clock skips or has twice
        raise UsageError(
            f"the condition {column.name}={value} is not a date; give one, as 2024-01-31 or 2024-01-31 13:45"
        ) from None


def _check_missing(name: str, fitted: ColumnCodec | None) -> None:
    parts = fitted.parts if isinstance(fitted, NumberColumn) else None
    parts = fitted.day if isinstance(fitted, DatetimeColumn) else parts
    if parts is None or not parts.missing:
        raise UsageError(f"'{name}' cannot be given as missing: give a value")
