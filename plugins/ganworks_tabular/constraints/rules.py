"""What every rule can do, and what is said about rows that break one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from ganworks.wording import counted
from ganworks_tabular.columns.casting import Floats
from ganworks_tabular.constraints.number_column import NumberColumn

FIRST = 5  # row numbers named in a warning

Columns = Mapping[str, NumberColumn]
Values = dict[str, Tensor]  # (rows,) float64 by column, NaN where missing
Arrays = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Choice:
    """Values of a column that agree with a condition, and their shares in the training table (sum 1)."""

    values: tuple[str, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """How many rows break one rule, the first of them (from 0; told from 1), and what is done about it."""

    rule: str
    count: int
    rows: tuple[int, ...]
    remedy: str

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.rows) else ""
        named = ", ".join(str(row + 1) for row in self.rows)
        broken = f"{counted(self.count, 'row')} break{'s' if self.count == 1 else ''} the rule {self.rule}"
        which = "row" if self.count == 1 else "first: rows" if more else "rows"
        return f"{broken} ({which} {named}{more}); {self.remedy}"


@dataclass(frozen=True, slots=True)
class Violations:
    """What `Constraints.check` found, rule by rule; empty where every row keeps every rule."""

    rules: tuple[Violation, ...]
    rows: int  # of the table

    @property
    def count(self) -> int:
        """Broken rules, summed over rows and rules."""
        return sum(rule.count for rule in self.rules)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def __str__(self) -> str:
        return "\n".join(map(str, self.rules))


class Rule(ABC):
    """One rule between columns, kept by rewriting them before training and computing them back after."""

    kind: ClassVar[str]
    remedy: ClassVar[str] = "left out of training"
    drops: ClassVar[bool] = True  # rows that break it are left out, not mended

    @property
    @abstractmethod
    def label(self) -> str:
        """The rule as people write it: ``funded <= amount``."""

    @property
    @abstractmethod
    def uses(self) -> tuple[str, ...]:
        """Columns whose values the rule reads and leaves."""

    @property
    @abstractmethod
    def replaces(self) -> Mapping[str, tuple[str, ...]]:
        """Columns that go, each with the columns put in its place."""

    @property
    def added(self) -> Mapping[str, str]:
        """Columns that the rule puts in, with the kind they must be modelled as."""
        return {new: "number" for places in self.replaces.values() for new in places}

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """Return the rule as JSON values."""


class NumberRule(Rule):
    """A rule that is arithmetic on numbers and dates."""

    @abstractmethod
    def broken(self, values: Arrays, columns: Columns) -> NDArray[np.bool_]:
        """Return which rows break the rule. Missing values break no comparison."""

    @abstractmethod
    def forward(self, values: Arrays, columns: Columns) -> Arrays:
        """Return the columns that the rule puts in."""

    @abstractmethod
    def inverse(self, values: Values, columns: Columns) -> Values:
        """Return the columns that `forward` took away, for any values at all."""

    @abstractmethod
    def given(self, names: Collection[str]) -> NumberRule:
        """Return the rule on given columns only. Raises UsageError if another column must be given too."""

    def integers(self, columns: Columns) -> bool:
        """Are the columns that the rule puts in integers?"""
        return False


def violation(rule: Rule, broken: NDArray[np.bool_]) -> Violation:
    rows = np.flatnonzero(broken)
    return Violation(rule.label, len(rows), tuple(rows[:FIRST].tolist()), rule.remedy)


def take(frame: pd.DataFrame, names: tuple[str, ...], columns: Columns) -> Arrays:
    """Return the named columns of a table as numbers."""
    return {name: columns[name].numbers(frame[name]) for name in names}
