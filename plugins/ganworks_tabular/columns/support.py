"""Columns that keep to some thousand values (rates, round amounts): which values they may be given."""

from __future__ import annotations

import numpy as np

from ganworks_tabular.columns.casting import Floats, Ints
from ganworks_tabular.columns.number_map import Rounding
from ganworks_tabular.columns.statistics import NumberCounts

VALUES = 4_096
SHARED = 0.5  # of the rows must hold a value that others hold too
FILLED = 0.1  # of the values that rounding allows; above it, the column is as good as continuous
ZEROS = 10.0 ** np.arange(1, 7)


def find_support(counts: NumberCounts, rounding: Rounding | None, least: int) -> NumberCounts | None:
    """Return the values to keep to with their rows, or None where the column does not repeat itself.

    Values held by ``least`` rows are kept; of the others, neighbours are taken together until they are as
    many rows, and a round number near their mean stands for them.
    """
    shared = counts.counts >= least
    if len(counts.values) > VALUES or counts.counts[shared].sum() < SHARED * counts.counts.sum():
        return None
    if rounding and _filled(counts, rounding) > FILLED:
        return None
    points: list[float] = []
    group: list[float] = []
    for value, count in zip(counts.values.tolist(), counts.counts.tolist(), strict=True):
        if count >= least:
            points.append(value)
            group = []  # too few between two kept values: they go to the nearer one
            continue
        group += [value] * count
        if len(group) >= least:
            points.append(_stand_in(np.array(group), rounding))
            group = []
    kept = np.unique(points)
    held = np.bincount(nearest(kept, counts.values), weights=counts.counts, minlength=len(kept))
    return NumberCounts(kept, held.astype(np.int64), 0)


def nearest(values: Floats, x: Floats) -> Ints:
    """Return the places in ``values`` (k,), rising, that are nearest to ``x`` (rows,)."""
    return np.searchsorted((values[1:] + values[:-1]) / 2, x).astype(np.int64)


def _filled(counts: NumberCounts, rounding: Rounding) -> float:
    """The share of possible values that occur, between the 5th and the 95th percentile of the values."""
    low, high = np.quantile(counts.values, [0.05, 0.95])
    return float(0.9 * len(counts.values) / ((high - low) / rounding.width + 1))


def _stand_in(group: Floats, rounding: Rounding | None) -> float:
    """The mean, as round as the values are: people write 52,000 more often than 51,987.32."""
    if rounding is None:
        return float(group.mean())
    units = group * rounding.scale
    zeros = (np.rint(units)[:, None] % ZEROS == 0).sum(axis=1)  # at the end of each
    step = 10.0 ** np.sort(zeros)[len(zeros) // 2]
    return float(rounding(np.rint(units.mean() / step) * step / rounding.scale))
