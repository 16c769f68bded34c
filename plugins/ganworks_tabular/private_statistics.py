"""What an encoding may know of the columns of a private table: noisy counts, paid for from a budget.

Neighbouring tables differ by one row, which is in one cell of every column: the counts of k columns change by
at most sqrt(k) in the Euclidean norm. So Gaussian noise of standard deviation sqrt(k) * s on each count costs
what noise s costs at sensitivity 1, exactly (Balle and Wang 2018, theorem 8).

Which cells there are must not depend on the rows. Bounds and lists come from the user; without a list only
those categories are shown whose noisy count passes a threshold, at the price of some delta (Korolova et al.
2009). All that is done with the noisy counts afterwards is free.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from ganworks.errors import UsageError
from ganworks.training.private import gaussian_noise_for
from ganworks.wording import counted
from ganworks_tabular.columns.casting import Floats, Ints
from ganworks_tabular.columns.statistics import CategoryCounts, NumberCounts, count_categories
from ganworks_tabular.private_budget import PrivacyBudget

CELLS = 64  # of a number column
FLOOR = 2.0  # times the noise: emptier cells are taken for empty, or far ones would make heavy tails of noise
POINTS = 4096  # values that stand for the rows of a column, so that no wide cell looks like a frequent value


@dataclass(frozen=True)
class Bounds:
    """What is known of a number column without looking at its rows; ``low`` and ``high`` are never measured.

    Values beyond them count as the nearer one. ``special`` values have a cell each (0, -1, 999);
    ``decimals``: digits after the point, None: any number; ``log``: cells grow with the distance from 0, for
    amounts; ``missing``: whether values may be missing.

    Raises:
        UsageError: low is not below high, or one of them is not finite.
    """

    low: float
    high: float
    decimals: int | None = None
    log: bool = False
    special: tuple[float, ...] = ()
    missing: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise UsageError(f"bounds must be finite with low < high, got {self.low} and {self.high}")

    def edges(self) -> Floats:
        """(cells + 1,) rising; one cell for each value where there are few."""
        step = 10.0**-self.decimals if self.decimals is not None else 0.0
        count = round((self.high - self.low) / step) + 1 if step else math.inf
        if count <= CELLS:
            return np.asarray(self.low + step * (np.arange(int(count) + 1) - 0.5), dtype=np.float64)
        if not self.log:
            return np.linspace(self.low, self.high, CELLS + 1)
        low, high = (math.copysign(math.log1p(abs(end)), end) for end in (self.low, self.high))
        places = np.linspace(low, high, CELLS + 1)
        return np.asarray(np.sign(places) * np.expm1(np.abs(places)), dtype=np.float64)


class PrivateStatistics:
    """Takes the place of `count_numbers` and `count_categories` where a table is private.

    Each column may be asked for once. A column is a number with `Bounds`, or a category with the list of its
    values (None among them: some are missing), or with None: values are then found in the data, and those
    too rare to pass the threshold are not shown.

    Args:
        budget: ``share`` of its epsilon and delta is spent here, at once, for all columns.
        bounds, categories: by column; together all columns of the table that are encoded, the target too.
        seed: of the noise, to be kept as secret as the rows; None: the operating system's.

    Raises:
        UsageError: no columns, or one that is listed as both.
    """

    def __init__(
        self,
        budget: PrivacyBudget,
        bounds: Mapping[str, Bounds],
        categories: Mapping[str, Sequence[Any] | None],
        seed: int | None = None,
        *,
        share: float = 0.2,
    ) -> None:
        columns = len(bounds) + len(categories)
        if both := sorted(set(bounds) & set(categories)):
            raise UsageError(f"column '{both[0]}' has both bounds and categories: keep one")
        if not columns or not 0 < share <= 1:
            raise UsageError("private statistics need bounds or categories, and a share in (0, 1]")
        spend = budget.spend(
            f"statistics of {counted(columns, 'column')}", share * budget.epsilon, share * budget.delta
        )
        unlisted = sum(values is None for values in categories.values())
        half = spend.delta / 2 if unlisted else 0.0  # of delta, for the thresholds
        self.noise = math.sqrt(columns) * gaussian_noise_for(spend.epsilon, spend.delta - half)
        self.threshold = 1 + self.noise * float(norm.isf(half / unlisted)) if unlisted else math.inf
        self._bounds, self._categories = dict(bounds), dict(categories)
        self._random = np.random.default_rng(seed)

    def numbers(self, name: str, values: Floats) -> NumberCounts:
        """Noisy counts of a float64 column (rows,), NaN for missing, at values spread over its bounds.

        Raises:
            UsageError: the column has no bounds, or was asked for before.
        """
        bounds = _taken(self._bounds, name, "bounds (low and high)")
        edges, special = bounds.edges(), np.unique(np.asarray(bounds.special, dtype=np.float64))
        present = values[~np.isnan(values)]
        apart = np.isin(present, special)
        cells, _ = np.histogram(np.clip(present[~apart], edges[0], edges[-1]), edges)
        at_special = (present[apart][:, None] == special).sum(0) if len(special) else np.zeros(0, np.int64)
        missing = [len(values) - len(present)] if bounds.missing else []
        noisy = self._noisy(np.concatenate([cells, at_special, missing]), FLOOR * self.noise)
        points, counts = _spread(edges, noisy[: len(cells)], bounds.decimals)
        points = np.concatenate([points, special])
        counts = np.concatenate([counts, np.maximum(noisy[len(cells) : len(cells) + len(special)], 1)])
        order = np.argsort(points, kind="stable")
        return NumberCounts(points[order], counts[order], max(int(noisy[-1]), 1) if bounds.missing else 0)

    def categories(self, name: str, series: pd.Series) -> CategoryCounts:
        """Noisy counts of a category column; values that the user lists have at least one row.

        Raises:
            UsageError: the column is not listed, was asked for before, or no value passes the threshold.
        """
        listed = _taken(self._categories, name, "categories (a list of values, or None)")
        exact = count_categories(series)
        if listed is None:
            return self._thresholded(name, exact)
        found = dict(zip(exact.values, exact.counts, strict=True))
        values = [value for value in dict.fromkeys(listed) if value is not None]
        missing = [exact.missing] if None in listed else []
        noisy = self._noisy(np.array([*(found.get(value, 0) for value in values), *missing]))
        noisy = np.maximum(noisy, 1)
        return CategoryCounts(values, noisy[: len(values)], int(noisy[-1]) if missing else 0)

    def _thresholded(self, name: str, exact: CategoryCounts) -> CategoryCounts:
        """Values seen whose noisy count passes; a missing value is treated as one more value."""
        counts = np.append(exact.counts, exact.missing)
        noisy = np.where(counts > 0, counts + self._random.normal(0, self.noise, len(counts)), 0)
        noisy = np.where(noisy >= self.threshold, np.rint(noisy), 0).astype(np.int64)
        kept = np.flatnonzero(noisy[:-1])
        if not len(kept):
            rows = counted(round(self.threshold), "row")
            raise UsageError(
                f"no value of '{name}' is frequent enough to be shown (threshold {rows}): "
                "list its categories, or raise epsilon"
            )
        return CategoryCounts([exact.values[place] for place in kept], noisy[kept], int(noisy[-1]))

    def _noisy(self, counts: Ints, floor: float = -math.inf) -> Ints:
        """Whole numbers of at least 0 near the noisy counts above ``floor``, with their sum."""
        noisy = counts + self._random.normal(0, self.noise, len(counts))
        above = noisy > floor
        kept = np.where(above, noisy, 0.0) if above.any() else noisy
        return np.rint(_to_simplex(kept)).astype(np.int64)


def _taken(columns: dict[str, Any], name: str, what: str) -> Any:
    if name not in columns:
        raise UsageError(f"private statistics of '{name}' need {what} from you, and are released once only")
    return columns.pop(name)


def _to_simplex(noisy: Floats) -> Floats:
    """The nearest counts of at least 0 with the same sum (1 at least): Duchi et al. 2008, figure 1.

    Noise cut off at 0 instead would put rows into every empty cell.
    """
    total = max(float(noisy.sum()), 1.0)
    falling = np.sort(noisy)[::-1]
    excess = (falling.cumsum() - total) / np.arange(1, len(noisy) + 1)
    last = np.flatnonzero(falling > excess)[-1]
    return np.asarray(np.maximum(noisy - excess[last], 0), dtype=np.float64)


def _spread(edges: Floats, counts: Ints, decimals: int | None) -> tuple[Floats, Ints]:
    """Values (k,) evenly over each cell, more in full ones, and rows (k,) that add up to its count."""
    step = max(counts.sum() / POINTS, 1.0)
    points = np.minimum(np.ceil(counts / step), counts).astype(np.int64)  # of each cell
    cell = np.repeat(np.arange(len(counts)), points)
    place = np.arange(len(cell)) - np.repeat(points.cumsum() - points, points)
    rows = (place + 1) * counts[cell] // points[cell] - place * counts[cell] // points[cell]
    values = edges[cell] + (edges[cell + 1] - edges[cell]) * (place + 0.5) / points[cell]
    if decimals is None:
        return values, rows
    rounded, inverse = np.unique(np.round(values, decimals) + 0.0, return_inverse=True)
    return rounded, np.bincount(inverse, rows).astype(np.int64)
