"""How alike pairs of columns are: the column pair trends of SDMetrics, and a measure robust to outliers.

SDMetrics (sdmetrics 0.32) averages only the pairs that are related in the real table, and cuts numbers into
bins of equal width between each table's own extremes: one outlier empties the score of a heavy-tailed
column. `pair_tv` therefore uses quantile bins and all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks_tabular.evaluation.coding import Coded, Codes, Floats

BINS = 10
LEAST_CORRELATION = 0.5  # of real numbers; at or below, a pair does not count (sdmetrics 0.32)
LEAST_ASSOCIATION = 0.3  # Cramer's V of real categories, likewise
MOST_LEVELS = 20  # categories told apart by `pair_tv`; the rarer ones are taken together
BLOCK_ROWS = 4_096


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of columns: places in the list of columns, numbers first.

    Attributes:
        score: in [0, 1], 1 alike.
        counts: whether the real columns are related, so that SDMetrics averages the pair.
    """

    first: int
    second: int
    score: float
    counts: bool


def pair_trends(real: Coded, synthetic: Coded) -> list[Pair]:
    """Compare every pair of columns by the definition of SDMetrics; see `Pair`."""
    return correlation_pairs(real, synthetic) + contingency_pairs(real, synthetic)


def correlation_pairs(real: Coded, synthetic: Coded) -> list[Pair]:
    """Pairs of numbers: ``1 - |r - s| / 2`` of Pearson's correlations.

    A synthetic column that is constant has no correlation; it counts as 0 here (SDMetrics drops the pair,
    which rewards the constant).
    """
    r = pd.DataFrame(real.numbers).corr().to_numpy()  # over the rows where both are present
    s = np.nan_to_num(pd.DataFrame(synthetic.numbers).corr().to_numpy())
    return [
        Pair(a, b, float(1 - abs(r[a, b] - s[a, b]) / 2), bool(abs(r[a, b]) > LEAST_CORRELATION))
        for a, b in combinations(range(len(r)), 2)
        if np.isfinite(r[a, b])
    ]


def contingency_pairs(real: Coded, synthetic: Coded) -> list[Pair]:
    """Pairs with a category: one minus the total variation of the joint frequencies."""
    width = real.numbers.shape[1]
    binned = [np.concatenate([_equal_bins(one.numbers), one.codes], axis=1) for one in (real, synthetic)]
    levels = (BINS + 2,) * width + real.levels
    found = []
    for a, b in combinations(range(len(levels)), 2):
        if b >= width:
            joint = [one[:, a] * levels[b] + one[:, b] for one in binned]
            related = _cramers_v(binned[0][:, a], binned[0][:, b], joint[0]) > LEAST_ASSOCIATION
            found.append(Pair(a, b, _joint_score(*joint), related))
    return found


def pair_tv(real: Coded, synthetic: Coded, target: int) -> tuple[float, float]:
    """One minus the total variation of joint frequencies in real deciles: mean of all pairs, of the target's.

    Missing values have a bin of their own; ``target`` is the place of the target among the discrete columns.
    """
    edges = [_quantile_edges(column) for column in real.numbers.T]
    caps = [min(levels, MOST_LEVELS + 1) for levels in real.levels]
    widths = np.array([len(edge) + 2 for edge in edges] + caps)
    starts = np.concatenate([[0], np.cumsum(widths)[:-1]])
    p, q = (_joint_shares(one, edges, caps, starts, int(widths.sum())) for one in (real, synthetic))
    gap = np.add.reduceat(np.add.reduceat(np.abs(p - q), starts, axis=0), starts, axis=1)
    scores = 1 - gap / 2  # (columns, columns)
    place = len(edges) + target
    upper = scores[np.triu_indices(len(scores), 1)]
    return float(upper.mean()), float(np.delete(scores[place], place).mean())


def cramers_v(codes: Codes, levels: tuple[int, ...]) -> NDArray[np.float64]:
    """Cramer's V of every pair of coded columns (n, d): (d, d) in [0, 1], 0 unrelated."""
    found = np.eye(len(levels))
    for a, b in combinations(range(len(levels)), 2):
        joint = codes[:, a] * levels[b] + codes[:, b]
        found[a, b] = found[b, a] = _cramers_v(codes[:, a], codes[:, b], joint)
    return found


def _cramers_v(first: Codes, second: Codes, joint: Codes) -> float:
    """Cramer's V from the joint codes; only cells that occur are looked at, so many levels cost nothing."""
    (a, of_a), (b, of_b) = (np.unique(column, return_counts=True) for column in (first, second))
    if min(len(a), len(b)) < 2:
        return 0.0
    _, where, counts = np.unique(joint, return_index=True, return_counts=True)
    expected = of_a[np.searchsorted(a, first[where])] * of_b[np.searchsorted(b, second[where])]
    phi2 = float((counts**2 / expected).sum() - 1)
    return float(np.sqrt(max(phi2, 0.0) / (min(len(a), len(b)) - 1)))


def _joint_score(real: Codes, synthetic: Codes) -> float:
    found, _ = pd.factorize(np.concatenate([real, synthetic]))
    p = np.bincount(found[: len(real)], minlength=found.max() + 1) / len(real)
    q = np.bincount(found[len(real) :], minlength=found.max() + 1) / len(synthetic)
    return float(1 - np.abs(p - q).sum() / 2)


def _equal_bins(numbers: Floats) -> Codes:
    """Cut each column (n, d) into 10 bins of equal width between its own extremes; 0 is missing."""
    codes = np.zeros(numbers.shape, np.int64)
    for place, column in enumerate(numbers.T):
        known = np.isfinite(column)
        if known.any():
            codes[known, place] = np.digitize(column[known], np.histogram_bin_edges(column[known], BINS))
    return codes


def _quantile_edges(column: Floats) -> Floats:
    known = column[np.isfinite(column)]
    return np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)


def _joint_shares(
    table: Coded, edges: list[Floats], caps: list[int], starts: Codes, width: int
) -> NDArray[np.float64]:
    """Joint frequencies of all pairs of columns at once, (width, width): one product of one-hot rows."""
    total = np.zeros((width, width))
    for start in range(0, len(table), BLOCK_ROWS):
        numbers, codes = (part[start : start + BLOCK_ROWS] for part in (table.numbers, table.codes))
        binned = [
            np.where(np.isnan(column), len(edge) + 1, np.searchsorted(edge, column, side="right"))
            for edge, column in zip(edges, numbers.T, strict=True)
        ]
        capped = [np.minimum(column, cap - 1) for cap, column in zip(caps, codes.T, strict=True)]
        places = np.stack(binned + capped, axis=1) + starts  # (block, columns)
        one_hot = np.zeros((len(places), width), np.float32)
        np.put_along_axis(one_hot, places, 1, axis=1)
        total += one_hot.T @ one_hot
    return total / len(table)
