"""How alike single columns are: the column shapes of SDMetrics (sdmetrics 0.32), missing values counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ganworks_tabular.evaluation.coding import Coded, Codes, Floats


def column_shapes(real: Coded, synthetic: Coded) -> Iterator[float]:
    """Yield the score of each column, numbers first: 1 alike, 0 nothing in common."""
    for place in range(real.numbers.shape[1]):
        yield ks_complement(real.numbers[:, place], synthetic.numbers[:, place])
    for place, levels in enumerate(real.levels):
        yield tv_complement(real.codes[:, place], synthetic.codes[:, place], levels)


def ks_complement(real: Floats, synthetic: Floats) -> float:
    """One minus the Kolmogorov-Smirnov distance (the largest gap of the two distribution functions).

    A missing value counts as one below all numbers, so a wrong share of missing values lowers the score
    (SDMetrics drops them); without missing values the two definitions agree.
    """
    real, synthetic = (np.sort(np.nan_to_num(values, nan=-np.inf)) for values in (real, synthetic))
    both = np.concatenate([real, synthetic])
    gap = np.searchsorted(real, both, side="right") / len(real)
    gap -= np.searchsorted(synthetic, both, side="right") / len(synthetic)
    return float(1 - np.abs(gap).max())


def tv_complement(real: Codes, synthetic: Codes, levels: int) -> float:
    """One minus the total variation distance of the frequencies of ``levels`` codes."""
    p = np.bincount(real, minlength=levels) / len(real)
    q = np.bincount(synthetic, minlength=levels) / len(synthetic)
    return float(1 - np.abs(p - q).sum() / 2)
