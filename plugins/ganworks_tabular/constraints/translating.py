"""Conditions on the columns of a table as conditions on the rewritten table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ganworks.errors import UsageError
from ganworks_tabular.constraints.combination import Combination
from ganworks_tabular.constraints.rewriting import Rules, number_columns
from ganworks_tabular.constraints.rules import Arrays, Columns, NumberRule


def translate_values(rules: Rules, columns: Columns, where: Mapping[str, object]) -> dict[str, Any]:
    """Return the condition; a joint column of which a part is open is a `Choice`. Raises UsageError."""
    values = {name: np.array([_number(columns, name, where[name])]) for name in where if name in columns}
    found = dict(where)
    _replace_numbers(rules, columns, values, found, lambda array: array.item())
    for rule in _combinations(rules, where):
        asked = {name: found.pop(name) for name in rule.columns if name in found}
        choice = rule.agreeing(asked)
        found[rule.joint] = choice if len(choice.values) > 1 else choice.values[0]
    return found


def translate_table(rules: Rules, columns: Columns, given: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the conditions row by row; open parts of a joint column are drawn by their shares."""
    values = {str(name): columns[name].numbers(given[name]) for name in given.columns if name in columns}
    found: dict[str, Any] = {str(name): given[name] for name in given.columns}
    _replace_numbers(rules, columns, values, found, lambda array: pd.Series(array, index=given.index))
    rng = np.random.default_rng(seed)
    for rule in _combinations(rules, found):
        asked = pd.DataFrame({name: found.pop(name) for name in rule.columns if name in found})
        found[rule.joint] = _draw(rule, asked, rng)
    return pd.DataFrame(found, index=given.index)


def _replace_numbers(
    rules: Rules, columns: Columns, values: Arrays, found: dict[str, Any], make: Any
) -> None:
    _check_ranges(columns, values)
    for rule in rules:
        if isinstance(rule, NumberRule) and any(name in values for name in rule.replaces):
            own = rule.given(values.keys())
            arrays = {name: values[name] for name in number_columns(own)}
            broken = np.flatnonzero(own.broken(arrays, columns))
            if len(broken):
                shown = ", ".join(f"{name}={array[broken[0]]:g}" for name, array in arrays.items())
                raise UsageError(f"the conditions {shown} break the rule {own.label}; change one of them")
            found |= {name: make(array) for name, array in own.forward(arrays, columns).items()}
    for rule in rules:
        for name in rule.replaces if isinstance(rule, NumberRule) else ():
            found.pop(name, None)


def _check_ranges(columns: Columns, values: Arrays) -> None:
    for name, array in values.items():
        low, high = columns[name].low, columns[name].high
        low, high = -np.inf if low is None else low, np.inf if high is None else high
        outside = array[(array < low) | (array > high)]
        if len(outside):
            raise UsageError(f"the condition {name}={outside[0]:g} is outside {low:g} to {high:g}; change it")


def _number(columns: Columns, name: str, value: object) -> float:
    try:
        return np.nan if value is None else columns[name].scalar(value)
    except (TypeError, ValueError):
        kind = "date" if columns[name].step else "number"
        raise UsageError(f"the condition {name}={value} is no {kind}; give a {kind}") from None


def _combinations(rules: Rules, names: Mapping[str, object]) -> list[Combination]:
    return [
        rule
        for rule in rules
        if isinstance(rule, Combination) and any(name in names for name in rule.columns)
    ]


def _draw(rule: Combination, asked: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Draw one joint value a row; the rows that ask for the same are drawn together."""
    drawn = np.empty(len(asked), dtype=object)
    groups = asked.groupby(list(asked.columns), dropna=False, observed=True, sort=False)
    for rows in groups.indices.values():
        choice = rule.agreeing({str(name): asked[name].iloc[rows[0]] for name in asked.columns})
        drawn[rows] = rng.choice(np.array(choice.values, dtype=object), len(rows), p=choice.shares)
    return pd.Series(drawn, index=asked.index, dtype="str")
