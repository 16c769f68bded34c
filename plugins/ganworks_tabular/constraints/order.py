"""Columns in ascending order: each but the first is modelled as its gap to the one before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganworks.errors import UsageError
from ganworks_tabular.constraints.rules import Arrays, Columns, NumberRule, Values


@dataclass(frozen=True, kw_only=True)
class Order(NumberRule):
    """``columns[0] <= columns[1] <= ...``; with ``strict``, ``<``.

    A gap is counted from the last value before it that is not missing; where all are, from ``base``, and then
    it is not held to be positive.
    """

    kind: ClassVar[str] = "order"
    columns: tuple[str, ...]
    strict: bool
    base: float

    @property
    def label(self) -> str:
        return (" < " if self.strict else " <= ").join(self.columns)

    @property
    def uses(self) -> tuple[str, ...]:
        return self.columns[:1]

    @property
    def replaces(self) -> Mapping[str, tuple[str, ...]]:
        return {name: (f"{name} - {before}",) for before, name in pairwise(self.columns)}

    def broken(self, values: Arrays, columns: Columns) -> NDArray[np.bool_]:
        broken = np.zeros(len(values[self.columns[0]]), dtype=bool)
        before = values[self.columns[0]]
        for name in self.columns[1:]:
            now = values[name]
            broken |= (now <= before) if self.strict else (now < before)
            before = np.where(np.isnan(now), before, now)
        return broken

    def forward(self, values: Arrays, columns: Columns) -> Arrays:
        before, gaps = values[self.columns[0]], {}
        for last, name in pairwise(self.columns):
            gap = values[name] - np.where(np.isnan(before), self.base, before)
            grids = [columns[one].decimals for one in self.columns]
            if None not in grids:
                gap = np.round(gap, max(grid for grid in grids if grid is not None))
            gaps[f"{name} - {last}"] = gap
            before = np.where(np.isnan(values[name]), before, values[name])
        return gaps

    def inverse(self, values: Values, columns: Columns) -> Values:
        before, restored = values[self.columns[0]], {}
        for last, name in pairwise(self.columns):
            now = self._next(before, values[f"{name} - {last}"], name, columns)
            restored[name] = now
            before = torch.where(now.isnan(), before, now)
        return restored

    def _next(self, before: Tensor, gap: Tensor, name: str, columns: Columns) -> Tensor:
        column = columns[name]
        unknown = before.isnan()
        now = column.snap(torch.where(unknown, self.base, before) + gap)
        # the range of `before` ends where this column still has room, so that this stays within its own range
        held = torch.maximum(now, column.above(before, self.strict))
        return torch.where(unknown | gap.isnan(), now, held)

    def given(self, names: Collection[str]) -> NumberRule:
        last = max(place for place, name in enumerate(self.columns) if name in names)
        lacking = [name for name in self.columns[:last] if name not in names]
        if lacking:
            raise UsageError(
                f"'{self.columns[last]}' can be given only with {_listed(lacking)} ({self.label})"
            )
        return replace(self, columns=self.columns[: last + 1])

    def integers(self, columns: Columns) -> bool:
        return all(columns[name].whole or columns[name].step for name in self.columns)

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "columns": list(self.columns), "strict": self.strict, "base": self.base}


def _listed(names: list[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)
