"""Rules as a user writes them in TOML, checked against the table they are for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ganworks.errors import UsageError, nearest
from ganworks_tabular.constraints.claims import check_claims, sort_rules
from ganworks_tabular.constraints.combination import learn_combination
from ganworks_tabular.constraints.constraints import Constraints
from ganworks_tabular.constraints.limits import Range, limited
from ganworks_tabular.constraints.number_column import NumberColumn, learn
from ganworks_tabular.constraints.order import Order
from ganworks_tabular.constraints.rules import Rule
from ganworks_tabular.constraints.total import Total

LEAST = 5  # rows that must share what is stored of the table
FIELDS = {  # of each kind: those that must be there, those that may
    "order": ({"columns"}, {"strict"}),
    "combination": ({"columns"}, set()),
    "sum": ({"total", "parts"}, set()),
    "range": ({"column"}, {"low", "high"}),
}


def read_constraints(
    raw: Sequence[Mapping[str, Any]], frame: pd.DataFrame, *, target: str | None = None, least: int = LEAST
) -> Constraints:
    """Return the rules of the ``constraints`` tables in TOML, with what they learn of the training table.

    Learnt are types, decimals, and the combinations that at least ``least`` rows share.

    Raises:
        UsageError: an unknown kind, field or column, a column that is of the wrong type or claimed twice,
            rules that leave no value, or a rule on the ``target``.
        DataError: no combination is frequent enough.
    """
    check_list(raw, "constraints")
    for number, one in enumerate(raw, 1):
        _check_fields(one, f"constraint {number}")
        _check_columns(one, frame, target, f"constraint {number} ({one['kind']})")
    numbers: dict[str, NumberColumn] = {}
    rules = [
        _read(one, f"constraint {n} ({one['kind']})", frame, numbers, least) for n, one in enumerate(raw, 1)
    ]
    check_claims(rules, [str(name) for name in frame.columns])
    ordered = sort_rules(rules)
    numbers = limited(
        numbers,
        [rule for rule in ordered if isinstance(rule, Range)],
        [rule for rule in ordered if isinstance(rule, Order)],
    )
    for rule in ordered:
        if isinstance(rule, Total) and _bounded(numbers[rule.total]):
            raise UsageError(
                f"the total '{rule.total}' of a sum cannot have a range; give ranges for its parts"
            )
    return Constraints(
        rules=tuple(ordered), numbers=numbers, names=tuple(str(name) for name in frame.columns)
    )


def check_list(raw: object, where: str) -> None:
    """Refuse constraints that are no list of tables.

    Raises:
        UsageError: they are not.
    """
    if not isinstance(raw, list | tuple) or not all(isinstance(one, Mapping) for one in raw):
        raise UsageError(f'{where}: write [[constraints]], and under it kind = "range" and its fields')


def _check_fields(one: Mapping[str, Any], where: str) -> None:
    kind = one.get("kind")
    if not isinstance(kind, str) or kind not in FIELDS:
        hint = nearest(str(kind), FIELDS)
        raise UsageError(f"{where}: unknown kind '{kind}'{hint}; known kinds are {', '.join(FIELDS)}")
    needed, optional = FIELDS[kind]
    for name in one:
        if name not in needed | optional | {"kind"}:
            hint = nearest(name, needed | optional)
            fields = ", ".join(sorted(needed | optional))
            raise UsageError(f"{where} ({kind}): unknown field '{name}'{hint}; its fields are {fields}")
    for name in sorted(needed - set(one)):
        raise UsageError(f"{where} ({kind}): '{name}' is missing; add it")


def _check_columns(one: Mapping[str, Any], frame: pd.DataFrame, target: str | None, where: str) -> None:
    for field, least in (("columns", 2), ("parts", 1)):
        names = one.get(field, ())
        if field in one and not (isinstance(names, list) and len(names) >= least):
            raise UsageError(f"{where}: '{field}' must be a list of {least} or more column names")
    named = [
        *one.get("columns", ()),
        *one.get("parts", ()),
        *(one[f] for f in ("total", "column") if f in one),
    ]
    for name in named:
        if not isinstance(name, str):
            raise UsageError(f"{where}: {name!r} is no name of a column; write it as text")
        if name not in frame.columns:
            hint = nearest(str(name), [str(column) for column in frame.columns])
            raise UsageError(f"{where}: the table has no column '{name}'{hint}")
        if named.count(name) > 1:
            raise UsageError(f"{where}: the column '{name}' is named twice; name it once")
        if name == target:
            raise UsageError(f"{where}: '{name}' is the target, which no rule can rewrite; leave it out")


def _read(
    one: Mapping[str, Any], where: str, frame: pd.DataFrame, numbers: dict[str, NumberColumn], least: int
) -> Rule:
    kind = one["kind"]
    if kind == "combination":
        return learn_combination(frame, tuple(one["columns"]), least)
    named = one.get("columns") or [one.get("column", one.get("total")), *one.get("parts", ())]
    for name in named:
        column = learn(frame[name])
        if column is None:
            raise UsageError(f"{where}: the column '{name}' holds neither numbers nor dates; take it out")
        numbers[name] = column
    dates = [name for name in named if numbers[name].step]
    if kind == "range":
        return _range(one, numbers[named[0]], where)
    if kind == "sum":
        if dates:
            raise UsageError(
                f"{where}: the column '{dates[0]}' holds dates, which cannot be added; take it out"
            )
        return Total(total=one["total"], parts=tuple(one["parts"]))
    return _order(one, frame, numbers, where, least)


def _order(
    one: Mapping[str, Any], frame: pd.DataFrame, numbers: dict[str, NumberColumn], where: str, least: int
) -> Order:
    names, strict = tuple(one["columns"]), one.get("strict", False)
    if not isinstance(strict, bool):
        raise UsageError(f"{where}: 'strict' must be true or false, not '{strict}'")
    dates = [name for name in names if numbers[name].step]
    if dates and len(dates) < len(names):
        other = next(name for name in names if name not in dates)
        raise UsageError(f"{where}: '{dates[0]}' holds dates and '{other}' numbers, which have no order")
    first = numbers[names[0]].numbers(frame[names[0]])
    known = np.sort(first[~np.isnan(first)])
    base = float(known[min(least, len(known)) - 1]) if len(known) >= least else 0.0
    return Order(columns=names, strict=strict, base=base)


def _range(one: Mapping[str, Any], column: NumberColumn, where: str) -> Range:
    ends: dict[str, float | None] = {}
    for end in ("low", "high"):
        try:
            ends[end] = None if end not in one else _end(one[end], column)
        except (TypeError, ValueError, OverflowError):
            kind = "date" if column.step else "number"
            raise UsageError(f"{where}: {end} = '{one[end]}' is no {kind}; give a {kind}") from None
    low, high = ends["low"], ends["high"]
    if low is None and high is None:
        raise UsageError(f"{where}: give low, high or both")
    if low is not None and high is not None and low > high:
        raise UsageError(f"{where}: low = {one['low']} is above high = {one['high']}; swap them")
    name = one["column"]
    text = f"{one['low']} <= {name}" if "low" in one else name
    return Range(column=name, low=low, high=high, text=text + (f" <= {one['high']}" if "high" in one else ""))


def _end(value: object, column: NumberColumn) -> float:
    if isinstance(value, bool) or (column.step and isinstance(value, int | float)):
        raise TypeError("a number is no date, and true is no number")
    number = column.scalar(value)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _bounded(column: NumberColumn) -> bool:
    return column.low is not None or column.high is not None
