"""Columns of a private table: what the user says of them, and their codecs from private statistics alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from ganworks.errors import UsageError
from ganworks_tabular.columns.casting import ARROW_DECIMAL, filled, floats, is_integer
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.statistics import count_categories
from ganworks_tabular.private_statistics import Bounds, PrivateStatistics
from ganworks_tabular.schema import Column, Schema
from ganworks_tabular.schema_file import NUMBER_ENTRIES

MOST_NAMED = 8  # columns that a message names


class KnownColumns(NamedTuple):
    """What is known of the columns without looking at rows; together, all that are modelled."""

    bounds: Mapping[str, Bounds]
    categories: Mapping[str, Sequence[Any] | None]  # None: values are found under a threshold


def known_columns(
    frame: pd.DataFrame, schema: Schema, entries: Mapping[str, Mapping[str, Any]]
) -> KnownColumns:
    """Read the ``entries`` of a schema file, `[columns.NAME]`; the classes of the target are taken as known.

    Raises:
        UsageError: a date, a number without bounds, entries that do not fit the column, or missing values
            where none were declared.
    """
    others = schema.modelled[:-1]
    if dates := [column.name for column in others if column.kind == "datetime"]:
        raise UsageError(f"--epsilon: dates are not learnt privately yet: leave out {_named(dates)}")
    numbers = [column for column in others if column.kind == "number"]
    bounded = [name for name, entry in entries.items() if {"low", "high"} <= entry.keys()]
    unbounded = [column.name for column in numbers if column.name not in bounded]
    if unbounded:
        raise UsageError(
            "--epsilon: bounds of a number must be known without its rows; in the schema file, write under "
            f'[columns."{unbounded[0]}"] the lines low = 0 and high = 1000 (yours); needed for '
            f"{_named(unbounded)}"
        )
    for column in others:
        _check_entries(frame[column.name], column, entries.get(column.name, {}))
    categories: dict[str, Sequence[Any] | None] = {
        column.name: _listed(frame[column.name], column, entries.get(column.name, {}))
        for column in others
        if column.kind == "category"
    }
    classes = count_categories(frame[schema.target]).values
    return KnownColumns(
        {column.name: _bounds(column, entries[column.name]) for column in numbers},
        {**categories, schema.target: classes},
    )


class PrivateColumns:
    """Fits each column to its private statistics; its rows are counted there, and read nowhere else."""

    def __init__(self, statistics: PrivateStatistics, known: KnownColumns) -> None:
        self._statistics, self._known = statistics, known

    def fit(self, series: pd.Series, column: Column) -> NumberColumn | CategoryColumn:
        """Learn a column of the schema, once.

        Raises:
            UsageError: nothing is left of it under the noise.
        """
        if column.kind == "category":
            found = self._statistics.categories(column.name, series)
            return CategoryColumn.fit(series, column.dtype, 1, counts=found)
        counts = self._statistics.numbers(column.name, floats(series))
        if not len(counts.values) and not counts.missing:
            raise UsageError(
                f"--epsilon: too few rows for the noise on '{column.name}': raise epsilon, give more rows "
                "or leave out columns"
            )
        decimals = self._known.bounds[column.name].decimals
        return NumberColumn.of_counts(column.name, column.dtype, counts, decimals)


def _bounds(column: Column, entry: Mapping[str, Any]) -> Bounds:
    try:
        return Bounds(
            float(entry["low"]),
            float(entry["high"]),
            decimals=_decimals(column, entry.get("decimals")),
            log=entry.get("log", False),
            special=tuple(map(float, entry.get("special", ()))),
            missing=entry.get("missing", False),
        )
    except UsageError as error:
        raise UsageError(f"columns.{column.name}: {error}") from None


def _decimals(column: Column, given: int | None) -> int | None:
    """Those of the type, where it has some."""
    if is_integer(column.dtype):
        return 0
    if found := ARROW_DECIMAL.fullmatch(column.dtype):
        return min(given if given is not None else 6, int(found[2]))
    if column.dtype == "decimal" and given is None:
        raise UsageError("exact decimals need the number of digits after the point: decimals = 2")
    return given


def _check_entries(series: pd.Series, column: Column, entry: Mapping[str, Any]) -> None:
    unfit = ("values",) if column.kind == "number" else NUMBER_ENTRIES
    if wrong := [name for name in unfit if name in entry]:
        raise UsageError(f"columns.{column.name} is a {column.kind}: it has no '{wrong[0]}'")
    counted = column.kind == "number" or "values" in entry
    if counted and not entry.get("missing", False) and bool(series.isna().any()):
        raise UsageError(
            f"--epsilon: '{column.name}' has missing values: write missing = true under "
            f'[columns."{column.name}"], or fill them in'
        )


def _listed(series: pd.Series, column: Column, entry: Mapping[str, Any]) -> list[Any] | None:
    """The values that the user lists, as the cells of the column hold them, None among them: missing."""
    if "values" not in entry:
        return None
    categories = isinstance(series.dtype, pd.CategoricalDtype)
    dtype = str(series.cat.categories.dtype) if categories else column.dtype
    try:
        values = list(filled(entry["values"], dtype))
    except (TypeError, ValueError, ArithmeticError):
        raise UsageError(f"columns.{column.name}.values do not fit the column's type, {dtype}") from None
    return [*values, *_gap(entry)]


def _gap(entry: Mapping[str, Any]) -> Iterator[None]:
    if entry.get("missing", False):
        yield None


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
