"""Which value lies at which rank of a column: what a map of numbers is made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganworks_tabular.columns.casting import Floats
from ganworks_tabular.columns.statistics import NumberCounts

WIDE = 2.0  # rounding steps between neighbours: above it, a value tells who holds it
HALF = 0.49  # of a rounding step: a value owns all that rounds to it, less a margin for float32


def ranked(
    counts: NumberCounts, width: float | None, shared: NDArray[np.bool_]
) -> tuple[Floats, Floats, float]:
    """Ranks, the values there, and the last rank; straight lines are drawn between neighbours.

    A value of a rounded column is spread evenly over what rounds to it, so that rounding gives back the very
    frequencies; without rounding, a value that many rows hold is a flat piece. One that fewer rows hold than
    may be shown (not ``shared``) is a single node, so that what lies between it and its neighbours is given
    instead; but not where a rounded column has hardly a gap, and any value is as good as its neighbour.

    Args:
        width: the rounding step; None: the column is not rounded.
        shared: (k,) whether as many rows hold each value as must share one that is shown.
    """
    if width is None:
        ends = counts.counts.cumsum() - 1.0
        if ends[-1] == 0:  # one row
            return np.array([0.0, 1.0]), np.repeat(counts.values, 2), 1.0
        return *_nodes(ends - counts.counts + 1, ends, counts.values, 0.0, shared), float(ends[-1])
    ends = counts.counts.cumsum().astype(np.float64)
    flat = shared | (_gaps(counts.values) <= WIDE * width)
    half = HALF * width
    return *_nodes(ends - counts.counts, ends, counts.values, half, flat), float(ends[-1])


def _nodes(
    starts: Floats, ends: Floats, values: Floats, half: float, flat: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Two nodes a value, at its first and its last rank; in the middle of them where it is not flat."""
    middle, half_widths = (starts + ends) / 2, np.where(flat, half, 0.0)
    ranks = np.stack([np.where(flat, starts, middle), np.where(flat, ends, middle)], axis=1)
    return ranks.ravel(), np.stack([values - half_widths, values + half_widths], axis=1).ravel()


def _gaps(values: Floats) -> Floats:
    """The mean distance of each value (k,) from its two neighbours; at the ends, from the one."""
    if len(values) == 1:
        return np.zeros(1)
    gaps = np.diff(values)
    return (np.append(gaps[:1], gaps) + np.append(gaps, gaps[-1:])) / 2
