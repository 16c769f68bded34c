"""A total of parts: it is not modelled but added up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ganworks.errors import UsageError
from ganworks_tabular.constraints.rules import Arrays, Columns, NumberRule, Values

FLOAT_ERROR = 1e-9  # of the largest term, for columns in full float precision


@dataclass(frozen=True, kw_only=True)
class Total(NumberRule):
    """``total = parts[0] + parts[1] + ...``, rounded to the total's decimals; missing where a part is."""

    kind: ClassVar[str] = "sum"
    total: str
    parts: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.total} = {' + '.join(self.parts)}"

    @property
    def uses(self) -> tuple[str, ...]:
        return self.parts

    @property
    def replaces(self) -> Mapping[str, tuple[str, ...]]:
        return {self.total: ()}

    def broken(self, values: Arrays, columns: Columns) -> NDArray[np.bool_]:
        parts = np.stack([values[name] for name in self.parts])  # (parts, rows)
        added, total = parts.sum(axis=0), values[self.total]
        off = np.abs(total - added) > self._slack(parts, columns)
        broken: NDArray[np.bool_] = off | (np.isnan(total) != np.isnan(added))
        return broken

    def _slack(self, parts: NDArray[np.float64], columns: Columns) -> NDArray[np.float64]:
        """How far a total may be from the sum: float error, or half a unit where the total is rounded."""
        decimals = columns[self.total].decimals
        if decimals is None:
            return np.asarray(FLOAT_ERROR * np.abs(parts).max(axis=0))
        return np.full(parts.shape[1], (0.5 + 1e-6 if self._rounds(columns) else 0.25) / 10**decimals)

    def forward(self, values: Arrays, columns: Columns) -> Arrays:
        return {}

    def inverse(self, values: Values, columns: Columns) -> Values:
        decimals = [columns[name].decimals for name in self.parts]
        if None in decimals:
            added = reduce(torch.add, (values[name] for name in self.parts))
        else:  # whole units add up without float error
            scale = 10 ** max(places for places in decimals if places is not None)
            added = reduce(torch.add, (torch.round(values[name] * scale) for name in self.parts)) / scale
        return {self.total: columns[self.total].snap(added)}

    def given(self, names: Collection[str]) -> NumberRule:
        lacking = [f"'{name}'" for name in self.parts if name not in names]
        if lacking:
            raise UsageError(f"'{self.total}' can be given only with {' and '.join(lacking)} ({self.label})")
        return self

    def _rounds(self, columns: Columns) -> bool:
        """Has the total fewer decimals than a part?"""
        own = columns[self.total].decimals
        of_parts = [columns[part].decimals for part in self.parts]
        return own is not None and any(places is None or places > own for places in of_parts)

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "total": self.total, "parts": list(self.parts)}
