"""What a number column has between two ends: stretches of its map and single frequent values, with shares."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ganworks_tabular.columns.casting import Floats
from ganworks_tabular.columns.number_map import GRID, SCORES_PER_UNIT
from ganworks_tabular.columns.number_parts import NumberParts

HALVINGS = 60  # of the interval in which the rank of a value lies


class Pieces(NamedTuple):
    """Stretches of ranks of the map, ``low`` to ``high`` (pieces,), or single ``values`` (NaN: a stretch).

    ``weights`` (pieces,): how often each comes, in any unit. No pieces: the column has nothing there.
    """

    low: Floats
    high: Floats
    values: Floats
    weights: Floats

    def draw(self, parts: NumberParts, rows: int, random: np.random.Generator) -> Floats:
        """Return a value (rows,) of the pieces for each row, as often as their weights say."""
        weights = self.weights if self.weights.any() else np.ones(len(self.weights))
        piece = random.choice(len(weights), size=rows, p=weights / weights.sum())
        ranks = random.uniform(self.low[piece], self.high[piece])
        single = self.values[piece]
        return single if parts.map is None else np.where(np.isnan(single), mapped(ranks, parts), single)


def mapped(ranks: Floats, parts: NumberParts) -> Floats:
    """Return the values of the map at these ranks, from 0 to 1."""
    assert parts.map is not None
    values = np.interp(ndtri(ranks) / SCORES_PER_UNIT, GRID, parts.map.table)
    values = parts.map.rounding(values) if parts.map.rounding else values
    return values if parts.support is None else parts.support[values.astype(np.int64)]


def ends(parts: NumberParts) -> tuple[float, float]:
    """Return the least and the greatest value of the column."""
    outer = mapped(np.array([0.0, 1.0]), parts) if parts.map else np.zeros(0)
    every = np.concatenate([outer, parts.values])
    return float(every.min(initial=np.inf)), float(every.max(initial=-np.inf))


def pieces_of_values(low: float, high: float, parts: NumberParts) -> Pieces:
    """Return what lies from ``low`` to ``high``, both included.

    Where it is not stored how often frequent values come, those beside a stretch of others are left out, and
    several without one come equally often.
    """
    inside = (parts.values >= low) & (parts.values <= high)
    first, last = _span(low, high, parts) if parts.map else (1.0, 0.0)
    shares = _shares(parts)
    if shares is None:
        return _stretch(first, last, 1.0) if first <= last else _singles(parts.values[inside], np.ones(1))
    stretch = _stretch(first, last, float(shares[-1]) * (last - first))
    return _joined(stretch, _singles(parts.values[inside], shares[:-1][inside]))


def pieces_of_quantiles(low: float, high: float, parts: NumberParts) -> Pieces | None:
    """Return what lies between two quantiles in [0, 1] of all values that are not missing.

    None: it is not stored how often the values come. Beside others, the frequent ones are then left out.
    """
    shares = _shares(parts)
    if shares is None:
        return _stretch(low, high, 1.0) if parts.map else None
    laid = _laid_out(parts, shares)
    starts = np.concatenate([[0.0], laid.weights.cumsum()])
    starts[-1] = 1.0  # but for rounding
    from_, to = np.clip(starts[:-1], low, high), np.clip(starts[1:], low, high)
    met = to > from_ if high > low else (starts[1:] >= low) & (starts[:-1] <= low) & (laid.weights > 0)
    turn = (laid.high - laid.low)[met] / laid.weights[met]  # ranks of the map in a share of the column
    first, last = (laid.low[met] + turn * (place - starts[:-1])[met] for place in (from_, to))
    return Pieces(first, np.minimum(last, laid.high[met]), laid.values[met], (to - from_)[met])


def _shares(parts: NumberParts) -> Floats | None:
    """The shares of the frequent values among all that are not missing, then that of the others; (k + 1,).

    None where they are not stored.
    """
    if not len(parts.values):
        return np.ones(1)
    if parts.shares is None:  # of a model saved before they were
        return None
    rest = max(1.0 - float(parts.shares.sum()), 0.0) if parts.map else 0.0
    shares = np.append(parts.shares[: len(parts.values)], rest)
    return np.asarray(shares / shares.sum())


def _laid_out(parts: NumberParts, shares: Floats) -> Pieces:
    """The whole column in rising order: a stretch, a frequent value, a stretch, ..., a stretch."""
    count = len(parts.values)
    cuts = np.zeros(count)
    if parts.map:
        cuts = np.clip(_turns(parts.values, parts, np.greater_equal)[1], 0.0, 1.0)
    low, high = np.zeros(2 * count + 1), np.zeros(2 * count + 1)
    low[2::2], high[:-1:2], high[-1] = cuts, cuts, 1.0
    values, weights = np.full(2 * count + 1, np.nan), np.empty(2 * count + 1)
    values[1::2], weights[1::2] = parts.values, shares[:-1]
    weights[::2] = shares[-1] * (high - low)[::2]
    low[1::2] = high[1::2] = 0.0
    return Pieces(low, high, values, weights)


def _stretch(first: float, last: float, weight: float) -> Pieces:
    """One stretch of ranks; none where the first is above the last."""
    kept = np.array([first <= last])
    found = (np.array([first]), np.array([last]), np.array([np.nan]), np.array([weight]))
    return Pieces(*(one[kept] for one in found))


def _singles(values: Floats, weights: Floats) -> Pieces:
    return Pieces(np.zeros(len(values)), np.zeros(len(values)), values, np.resize(weights, len(values)))


def _joined(one: Pieces, other: Pieces) -> Pieces:
    return Pieces(*(np.concatenate(both) for both in zip(one, other, strict=True)))


def _span(low: float, high: float, parts: NumberParts) -> tuple[float, float]:
    """The ranks of the ends in the map; the first is above the second where it has no value between."""
    _, first = _turns(np.array([low]), parts, np.greater_equal)
    last, _ = _turns(np.array([high]), parts, np.greater)
    return float(first[0]), float(last[0])


def _turns(wanted: Floats, parts: NumberParts, reached: Any) -> tuple[Floats, Floats]:
    """For each of ``wanted`` (k,), the highest rank whose value has not reached it yet, the lowest that has.

    By bisection. -1 and 0 where all values have, 1 and 2 where none has.
    """

    def holds(ranks: Floats) -> NDArray[np.bool_]:
        return np.asarray(reached(mapped(ranks, parts), wanted))

    below, above = np.zeros(len(wanted)), np.ones(len(wanted))
    always, never = holds(below), ~holds(above)
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        turned = holds(middle)
        below, above = np.where(turned, below, middle), np.where(turned, middle, above)
    below, above = np.where(always, -1.0, below), np.where(always, 0.0, above)
    return np.where(never, 1.0, below), np.where(never, 2.0, above)
