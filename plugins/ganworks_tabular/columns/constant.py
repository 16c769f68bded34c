"""Constant columns: one value, or none, in every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from ganworks_tabular.columns.casting import filled, plain


@dataclass(frozen=True)
class ConstantColumn:
    """``value`` as JSON holds it, None for missing; ``categories``: the type is category.

    A column with a few values in the midst of missing ones counts as always missing, see `kind_of`.
    """

    name: str
    dtype: str
    value: Any
    categories: bool = False

    @classmethod
    def fit(cls, series: pd.Series, dtype: str) -> ConstantColumn:
        present = series.dropna()
        value = plain(present.iloc[0]) if len(present) and len(present) == len(series) else None
        if isinstance(series.dtype, pd.CategoricalDtype):
            return cls(str(series.name), str(series.cat.categories.dtype), value, categories=True)
        return cls(str(series.name), dtype, value)

    def make(self, rows: int) -> pd.Series:
        """Return ``rows`` rows of it."""
        cells = pd.Series(filled([self.value], self.dtype).take(np.zeros(rows, dtype=np.int64)))
        return cells.astype("category") if self.categories else cells

    def as_dict(self) -> Mapping[str, Any]:
        return asdict(self)
