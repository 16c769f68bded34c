"""All rules of a table: what breaks them, and the table rewritten so that nothing can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from ganworks.errors import DataError, nearest
from ganworks_tabular.constraints.combination import Combination
from ganworks_tabular.constraints.limits import Range
from ganworks_tabular.constraints.number_column import NumberColumn
from ganworks_tabular.constraints.order import Order
from ganworks_tabular.constraints.rewriting import (
    added,
    bases,
    number_columns,
    restore,
    restore_tensors,
    rewrite,
    split_places,
)
from ganworks_tabular.constraints.rules import Choice, NumberRule, Rule, Violations, take, violation
from ganworks_tabular.constraints.total import Total
from ganworks_tabular.constraints.translating import translate_table, translate_values


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """The rules, those first on which others build; the number columns they name; the table's columns.

    `read_constraints` makes it from a training table.
    """

    rules: tuple[Rule, ...] = ()
    numbers: Mapping[str, NumberColumn]
    names: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.rules)

    @property
    def kinds(self) -> dict[str, str]:
        """The kinds as which columns of the rewritten table must be modelled, by name."""
        own = {n: "datetime" if self.numbers[n].step else "number" for n in bases(self.rules, self.numbers)}
        return {**own, **added(self.rules)}

    def check(self, frame: pd.DataFrame) -> Violations:
        """Count the rows that break each rule. Raises DataError if a column of a rule is not there."""
        found = [violation(rule, self._broken(rule, frame)) for rule in self.rules]
        return Violations(tuple(one for one in found if one.count), len(frame))

    def keep(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table without rows that break a rule; rare combinations stay: `forward` mends them."""
        broken = np.zeros(len(frame), dtype=bool)
        for rule in self.rules:
            if rule.drops:
                broken |= self._broken(rule, frame)
        return frame[~broken]

    def forward(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table as it is modelled. Raises DataError if a column of a rule is not there."""
        self._require(frame, [*self.numbers, *(old for rule in self.rules for old in rule.replaces)])
        return rewrite(self.rules, self.numbers, frame)

    def inverse(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a rewritten table as it was: its columns in order and dtype, no rule broken by any row.

        Raises DataError for a joint value that is not known, or a column that is not there.
        """
        self._require(frame, [*bases(self.rules, self.numbers), *added(self.rules)])
        found = restore(self.rules, self.numbers, frame)
        return found[self._ordered(found.columns)]

    def inverse_tensors(
        self, columns: Mapping[str, Tensor], texts: Mapping[str, Sequence[str]] | None = None
    ) -> dict[str, Tensor]:
        """Return `inverse` on tensors (rows,), for export, in the order of the table.

        Columns come as a decoder gives them: float64 with NaN for missing, int64 integers, places or epochs.
        ``texts`` has the texts of each joint column by place; its columns come out as places in
        `split_values` of the same texts.
        """
        joints = {rule.joint: split_places(rule, (texts or {})[rule.joint]) for rule in self._joints}
        found = restore_tensors(self.rules, self.numbers, columns, joints)
        return {name: found[name] for name in self._ordered(found)}

    def split_values(self, texts: Mapping[str, Sequence[str]]) -> dict[str, tuple[Any, ...]]:
        """Return the values for which the places of `inverse_tensors` stand, by column; None is missing."""
        splits = (split_places(rule, texts[rule.joint]) for rule in self._joints)
        return {name: values for split in splits for name, (_, values) in split.items()}

    def translate(self, where: Mapping[str, object]) -> dict[str, object | Choice]:
        """Return a condition on the table as one on the rewritten table.

        Raises UsageError for values that no row can have, and for a column that needs another one given.
        """
        return translate_values(self.rules, self.numbers, where)

    def translate_frame(self, given: pd.DataFrame, seed: int) -> pd.DataFrame:
        """Return `translate` for each row of a table of conditions; a `Choice` is drawn by its shares."""
        return translate_table(self.rules, self.numbers, given, seed)

    def as_dict(self) -> dict[str, Any]:
        return {
            "rules": [rule.as_dict() for rule in self.rules],
            "numbers": {name: column.as_dict() for name, column in self.numbers.items()},
            "names": list(self.names),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Constraints:
        """Read what `as_dict` returned, also after a way through JSON."""
        return cls(
            rules=tuple(_rule(one) for one in raw["rules"]),
            numbers={name: NumberColumn(**one) for name, one in raw["numbers"].items()},
            names=tuple(raw["names"]),
        )

    @property
    def _joints(self) -> list[Combination]:
        return [rule for rule in self.rules if isinstance(rule, Combination)]

    def _broken(self, rule: Rule, frame: pd.DataFrame) -> NDArray[np.bool_]:
        self._require(frame, [*rule.uses, *rule.replaces])
        if isinstance(rule, Combination):
            return rule.broken(frame)
        assert isinstance(rule, NumberRule)
        return rule.broken(take(frame, number_columns(rule), self.numbers), self.numbers)

    def _require(self, frame: pd.DataFrame, names: Sequence[str]) -> None:
        for name in names:
            if name not in frame.columns:
                hint = nearest(name, [str(column) for column in frame.columns])
                raise DataError(
                    f"constraints: the table has no column '{name}'{hint}; it was there in training"
                )

    def _ordered(self, names: Any) -> list[str]:
        """The table's own columns in order, then any others."""
        present = list(names)
        own = set(self.names)
        return [n for n in self.names if n in present] + [n for n in present if n not in own]


def _rule(raw: Mapping[str, Any]) -> Rule:
    if raw["kind"] == "combination":
        return Combination.from_dict(raw)
    fields: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in raw.items() if name != "kind"
    }
    kinds: dict[str, type[Order | Total | Range]] = {"order": Order, "sum": Total, "range": Range}
    return kinds[raw["kind"]](**fields)
