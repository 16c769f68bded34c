"""One number of the model, v in [-1, 1], and the value it stands for: a table over a grid of v.

v is a normal score: v = z / 4 with z the standard normal quantile of the value's rank, so that a column of
any shape is a normal one to the model, and the tails keep their resolution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ganworks_tabular.columns.casting import Floats, Ints
from ganworks_tabular.columns.ranks import HALF, ranked
from ganworks_tabular.columns.statistics import NumberCounts
from ganworks_tabular.columns.tails import tail

SCORES_PER_UNIT = 4.0  # v = 1 is the normal score 4: 3 rows of 100,000 lie beyond it
CELLS = 1_024
GRID: Floats = np.linspace(-1.0, 1.0, CELLS + 1)
DECIMALS = 6
SAMPLE = 1_000
ENOUGH = 20  # distinct values, before a common step is taken for more than chance


@dataclass(frozen=True)
class Rounding:
    """Values are (phase + k * step) / scale for whole k; all three are whole numbers, scale a power of 10."""

    scale: float
    step: float
    phase: float

    @property
    def width(self) -> float:
        """The distance between neighbouring values."""
        return self.step / self.scale

    @property
    def decimals(self) -> int:
        return round(math.log10(self.scale))

    def __call__(self, values: Floats) -> Floats:
        """Return the nearest values that the column can hold; ties go to even k."""
        k = np.rint((values * self.scale - self.phase) / self.step)
        return np.asarray((self.phase + k * self.step) / self.scale)


def find_rounding(values: Floats, *, single: bool = False) -> Rounding | None:
    """Return the rounding that leaves all ``values`` as they are, or None: more than 6 decimals.

    ``single``: the values were float32, so equality is meant in that type.
    """
    kind = np.float32 if single else np.float64
    for decimals in range(DECIMALS + 1):
        scale = 10.0**decimals
        for part in (values[:SAMPLE], values):  # most columns that fail do so on the first rows
            scaled = np.rint(part * scale)
            if (
                not len(part)
                or np.abs(scaled).max() >= 2**53
                or ((scaled / scale).astype(kind) != part.astype(kind)).any()
            ):
                break
        else:
            return _coarsest(scaled.astype(np.int64), scale)
    return None


def _coarsest(units: NDArray[np.int64], scale: float) -> Rounding:
    """Amounts in steps of 25 or prices that end in .99 keep their step and their ending."""
    step = (int(np.gcd.reduce(units - units[0])) or 1) if len(units) >= ENOUGH else 1
    return Rounding(scale, float(step), float(units[0] % step))


@dataclass(frozen=True)
class NumberMap:
    """``table`` (1025,): the values at the grid of v, never falling; ``edge``: the rows beyond each end.

    ``edge`` is a share of all rows.
    """

    table: Floats
    rounding: Rounding | None
    edge: float

    @classmethod
    def fit(
        cls, counts: NumberCounts, rounding: Rounding | None, least: int = 1, *, tails: bool = False
    ) -> NumberMap:
        """Return the map of ``counts`` without the ``least - 1`` lowest and highest rows.

        With ``tails`` it goes on beyond them, see `ganworks_tabular.columns.tails`; without, it ends there.
        """
        inner = counts.trimmed(least - 1)
        total, cut = int(counts.counts.sum()), (int(counts.counts.sum()) - int(inner.counts.sum())) // 2
        shared = counts.counts[np.searchsorted(counts.values, inner.values)] >= least
        ranks, values, last = ranked(inner, rounding.width if rounding else None, shared)
        if tails and cut:
            below, low = tail(counts, inner, cut, -1)
            above, high = tail(counts, inner, cut, 1)
            ranks = np.concatenate([below[::-1], ranks + cut, last + 2 * cut - above])
            values = np.concatenate([low[::-1], values, high])
        else:
            ranks = ranks - ranks[0]
        shares = ndtr(SCORES_PER_UNIT * GRID)
        shares = (shares - shares[0]) / (shares[-1] - shares[0])
        table = np.maximum.accumulate(np.interp(shares * ranks[-1], ranks, values))
        return cls(table, rounding, (0.5 if tails else cut) / total)

    @classmethod
    def of_places(cls, counts: Ints) -> NumberMap:
        """Return the map of places 0 to k - 1 in a list, held by ``counts`` (k,) rows."""
        every = NumberCounts(np.arange(len(counts), dtype=np.float64), counts, 0)
        return cls.fit(every, Rounding(1.0, 1.0, 0.0))

    def within(self, low: float, high: float) -> NumberMap:
        """Return the map with values cut to a range, that of a type."""
        return replace(self, table=np.clip(self.table, low, high))

    def encode(self, values: Floats, random: np.random.Generator) -> NDArray[np.float32]:
        """Return v for ``values`` (rows,) without NaN.

        A value that owns a range of ranks, because it is rounded or frequent, gets a random one of them;
        one beyond the ends gets one of the ranks there.
        """
        y = values
        if self.rounding:
            y = y + self.rounding.width * random.uniform(1e-2 - HALF, HALF - 1e-2, len(y))
        v = np.interp(y, self.table, GRID)
        if not self.rounding:
            v = self._spread(y, v, random)
        below, above = y < self.table[0], y > self.table[-1]
        for side, rows in ((1.0, below), (-1.0, above)):
            if rows.any():
                beyond = ndtri(max(self.edge, 1e-6) * random.uniform(1e-3, 1, int(rows.sum())))
                v[rows] = side * beyond / SCORES_PER_UNIT
        return np.clip(v, -1, 1).astype(np.float32)

    def _spread(self, y: Floats, v: Floats, random: np.random.Generator) -> Floats:
        """Where the table is flat, draw from the ranks between its two ends."""
        if (np.diff(self.table) > 0).all():
            return v
        left = np.searchsorted(self.table, y, side="left")
        right = np.searchsorted(self.table, y, side="right") - 1
        flat = right > left
        low, high = (ndtr(SCORES_PER_UNIT * GRID[end[flat]]) for end in (left, right))
        v = v.copy()
        v[flat] = ndtri(random.uniform(low, high)) / SCORES_PER_UNIT
        return v

    def as_dict(self) -> dict[str, Any]:
        rounding = self.rounding
        stored = [rounding.scale, rounding.step, rounding.phase] if rounding else None
        return {"table": self.table.tolist(), "rounding": stored, "edge": self.edge}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> NumberMap:
        rounding = Rounding(*stored["rounding"]) if stored["rounding"] else None
        return cls(np.array(stored["table"], dtype=np.float64), rounding, stored["edge"])
