"""How a column goes on beyond the values that may be shown."""

from __future__ import annotations

import numpy as np

from ganworks_tabular.columns.casting import Floats
from ganworks_tabular.columns.statistics import NumberCounts

NODES = 12  # between which a tail is straight
ROWS = 10  # times the rows that are not shown: what a tail is fitted to
SHAPES = (-0.5, 0.7)  # of a tail: bounded to heavy


def tail(counts: NumberCounts, inner: NumberCounts, cut: int, side: int) -> tuple[Floats, Floats]:
    """Rows beyond each place of a tail, falling, and the values there: a generalised Pareto tail.

    Its two parameters come from the outermost hundredth of the rows, from `ROWS` times the ``cut`` rows at
    least: no single one shows. It begins where the ``cut`` outermost rows do and goes on until half a
    row is left, but not across zero where no value does.

    Args:
        counts: all values.
        inner: those without the ``cut`` lowest and the ``cut`` highest rows.
        side: 1 for the upper tail, -1 for the lower.
    """
    total = int(counts.counts.sum())
    rows = min(max(total // 100, ROWS * cut), total)
    outer = np.sort(np.repeat(counts.values * side, np.minimum(counts.counts, rows)))[-rows:]
    scale, shape = _pareto(outer - outer[0])
    left = cut * np.logspace(0, np.log10(0.5 / cut), NODES)[1:]
    beyond = _excess(left / rows, scale, shape) - _excess(np.array([cut / rows]), scale, shape)
    values = float(inner.values[-1 if side > 0 else 0]) + side * beyond
    kept = np.maximum(values, 0) if counts.values[0] >= 0 else values
    return left, np.minimum(kept, 0) if counts.values[-1] <= 0 else kept


def _pareto(excess: Floats) -> tuple[float, float]:
    """Scale and shape by probability-weighted moments (Hosking and Wallis 1987, eq. 7) of rising values."""
    count = len(excess)
    mean = float(excess.mean())
    weighted = float((excess * (count - 0.65 - np.arange(count)) / count).mean())
    if mean <= 0 or mean <= 2 * weighted:
        return mean, 0.0
    shape = float(np.clip(2 - mean / (mean - 2 * weighted), *SHAPES))
    return mean * (1 - shape), shape


def _excess(left: Floats, scale: float, shape: float) -> Floats:
    """The excess beyond which a share ``left`` of the tail's rows lies."""
    if abs(shape) < 1e-6:
        return -scale * np.log(left)
    return scale / shape * (left**-shape - 1)
