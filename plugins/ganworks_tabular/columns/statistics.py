"""What fitting takes from a column: its values and how often they occur. A sketch can stand in for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ganworks_tabular.columns.casting import Floats, Ints


@dataclass(frozen=True)
class NumberCounts:
    """Distinct values in rising order (k,), the rows that hold each (k,), and the rows without a value."""

    values: Floats
    counts: Ints
    missing: int

    @property
    def rows(self) -> int:
        return int(self.counts.sum()) + self.missing

    def without(self, values: Floats) -> NumberCounts:
        """Return the counts of the other values, of the rows that hold one."""
        kept = ~np.isin(self.values, values)
        return NumberCounts(self.values[kept], self.counts[kept], 0)

    def trimmed(self, rows: int) -> NumberCounts:
        """Return the counts without the ``rows`` lowest and the ``rows`` highest (one row at least stays)."""
        total = int(self.counts.sum())
        cut = min(rows, max((total - 1) // 2, 0))
        ends = np.clip(np.concatenate([[0], self.counts.cumsum()]), cut, total - cut)
        counts = np.diff(ends)
        return NumberCounts(self.values[counts > 0], counts[counts > 0], 0)


@dataclass(frozen=True)
class CategoryCounts:
    """Distinct values in sorted (or category) order, the rows that hold each, and the rows without one."""

    values: list[Any]
    counts: Ints
    missing: int

    @property
    def rows(self) -> int:
        return int(self.counts.sum()) + self.missing


def count_numbers(values: Floats) -> NumberCounts:
    """Count the values of a float64 column (rows,), NaN for missing. One sort."""
    present = np.sort(values[~np.isnan(values)]) + 0.0  # -0.0 and 0.0 are one value
    starts = np.flatnonzero(np.append(True, present[1:] != present[:-1])[: len(present)])
    counts = np.diff(np.append(starts, len(present)))
    return NumberCounts(present[starts], counts.astype(np.int64), len(values) - len(present))


def count_categories(series: pd.Series) -> CategoryCounts:
    """Count the values of a column of texts, whole numbers or anything else that can be told apart."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        counts = np.bincount(series.cat.codes.to_numpy() + 1, minlength=len(series.cat.categories) + 1)
        held = counts[1:] > 0
        values = [value for value, kept in zip(series.cat.categories, held, strict=True) if kept]
        return CategoryCounts(values, counts[1:][held].astype(np.int64), int(counts[0]))
    found = series.value_counts(dropna=True, sort=False)
    found = found.iloc[_sorted_places(list(found.index))]
    counts = found.to_numpy(dtype=np.int64).astype(np.int64)
    return CategoryCounts(list(found.index), counts, len(series) - int(counts.sum()))


def _sorted_places(values: list[Any]) -> list[int]:
    try:
        return sorted(range(len(values)), key=values.__getitem__)
    except TypeError:  # nothing in common to sort by
        return sorted(range(len(values)), key=lambda place: str(values[place]))
