"""What is given of the rows to be drawn: values, ranges and quantiles of any columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ganworks.errors import UsageError, nearest
from ganworks_tabular.cells import cell_of
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.constraints.order import Order
from ganworks_tabular.constraints.rules import NumberRule
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.ranges import Between, checked_range, range_column, range_hint

__all__ = ["Between", "Condition", "Conditions", "given_rows", "read_conditions", "typed_conditions"]

_QUANTILE = re.compile(r"q(0?\.\d+|0|1|1\.0)", re.ASCII)


Condition = Any  # a value, or Between
Conditions = Mapping[str, Condition]
Typed = pd.Series | Between  # a cell of the column, or a range


def read_conditions(texts: Sequence[str], columns: Sequence[str]) -> dict[str, Condition]:
    """Read ``COLUMN=VALUE``, ``COLUMN=LOW..HIGH`` and ``COLUMN=q0.99..q1`` (quantiles).

    >>> read_conditions(["Class=1", "Amount=q0.5..q1"], ["Class", "Amount"])
    {'Class': '1', 'Amount': Between(low=0.5, high=1.0, quantiles=True)}

    Raises:
        UsageError: no such form, no such column, or a column twice.
    """
    found: dict[str, Condition] = {}
    for text in texts:
        name, value = _split(text, columns)
        if name in found:
            raise UsageError(f"--where gives the column '{name}' twice")
        found[name] = _condition(value)
    return found


def _split(text: str, columns: Sequence[str]) -> tuple[str, str]:
    """The column and what follows its =; a name may hold that mark too, so the longest name that fits."""
    fitting = [name for name in columns if text.startswith(f"{name}=")]
    name, equals, _ = text.partition("=")
    if not equals:
        raise UsageError(f"--where '{text}' should read COLUMN=VALUE or COLUMN=LOW..HIGH")
    if not fitting and name[-1:] in ("<", ">") and name[:-1] in columns:
        raise UsageError(f"--where '{text}' compares: {range_hint(name[:-1])}")
    if not fitting:
        require_column(name, columns)
    longest = max(fitting, key=len, default=name)
    return longest, text[len(longest) + 1 :]


def require_column(name: str, columns: Sequence[str]) -> None:
    """Raise `UsageError` where there is no such column."""
    if name not in columns:
        raise UsageError(f"no column '{name}'{nearest(name, columns)}; there are {', '.join(columns)}")


def _condition(text: str) -> Condition:
    low, dots, high = text.partition("..")
    if not dots:
        return text
    ends = [_QUANTILE.fullmatch(end) for end in (low, high)]
    try:
        if all(ends):
            return Between(float(low[1:]), float(high[1:]), quantiles=True, text=text)
        return Between(float(low) if low else -np.inf, float(high) if high else np.inf, text=text)
    except ValueError:
        return text


def typed_conditions(where: Conditions, preparation: Preparation) -> dict[str, Typed]:
    """Return the conditions with every value as a cell of its column.

    Raises:
        UsageError: no such column, one that is not modelled, or a value that is none of its values.
    """
    schema = preparation.schema
    found: dict[str, Typed] = {}
    for name, value in where.items():
        require_column(name, [column.name for column in schema.columns])
        column = schema[name]
        if not column.modelled:
            raise UsageError(f"the column '{name}' is a {column.kind}: nothing depends on it; leave it out")
        if isinstance(value, Between) and not _is_name(value, name, preparation):
            _check_computed(value, name, preparation)
            found[name] = checked_range(value, name, preparation)
        else:
            typed = value.text if isinstance(value, Between) else value
            found[name] = cell_of(typed, column, preparation)
    return found


def _check_computed(between: Between, name: str, preparation: Preparation) -> None:
    """Refuse a range of a column that a rule computes, and say what to give instead."""
    for rule in preparation.constraints.rules:
        if isinstance(rule, NumberRule) and name in rule.replaces:
            others = " and ".join(f"'{one}'" for one in _before(name, rule))
            raise UsageError(
                f"the column '{name}' takes no range (a rule computes it from others): give {others} "
                f"instead, or one value of each that keeps {rule.label}"
            )


def _before(name: str, rule: NumberRule) -> tuple[str, ...]:
    """The columns from which the rule computes this one."""
    return rule.columns[: rule.columns.index(name)] if isinstance(rule, Order) else rule.uses


def _is_name(between: Between, name: str, preparation: Preparation) -> bool:
    """Whether what reads as a range is one of the column's categories, such as 0..100."""
    codec = preparation.codec
    fitted = codec[name] if name in codec.columns else None
    return isinstance(fitted, CategoryColumn) and between.text in fitted.texts


def given_rows(
    wanted: Mapping[str, Typed], preparation: Preparation, first: int, rows: int, seed: int
) -> dict[str, pd.Series]:
    """Return what is given of the rows ``first`` to ``first + rows``, in the columns of the codec.

    A range becomes a value in each row, see `ganworks_tabular.ranges.range_column`.
    """
    if not wanted:
        return {}
    random = np.random.default_rng([seed, first, 1])
    columns = {
        name: range_column(value, name, preparation, rows, random)
        if isinstance(value, Between)
        else value.take(np.zeros(rows, dtype=np.int64)).reset_index(drop=True)
        for name, value in wanted.items()
    }
    if not preparation.constraints.rules:
        return columns
    try:
        translated = preparation.constraints.translate_frame(
            pd.DataFrame(columns), int(random.integers(2**31))
        )
    except UsageError as error:
        ranges = " and ".join(f"{name}={one}" for name, one in wanted.items() if isinstance(one, Between))
        if not ranges:
            raise
        raise UsageError(f"not every value of {ranges} fits: {error}") from None
    return {str(name): translated[name] for name in translated}
