"""From the values of a number column to what a generator is told of them, without randomness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from ganworks_tabular.columns.casting import Floats, Ints
from ganworks_tabular.columns.number_map import GRID, SCORES_PER_UNIT, NumberMap
from ganworks_tabular.columns.number_parts import NumberParts

LEAST_EDGE = 1e-6  # share of the rows beyond an end, at least; as in `NumberMap.encode`


class Told(NamedTuple):
    """v in [-1, 1] (rows,) float64, 0 where the choice says all; the place in the choice (rows,) int64."""

    v: Floats
    place: Ints


@dataclass(frozen=True)
class Pieces:
    """Straight lines between rising ``nodes`` (k,): piece i holds nodes[i - 1] <= x < nodes[i].

    v goes from ``base`` by ``rise`` over the piece, and the choice has ``place``; three arrays (k + 1,). The
    piece of a single value, such as a frequent one, ends at the next number that float64 has. A missing value
    is infinity.

    Where `NumberParts.encode` draws one of the ranks that a value has, this takes the middle one: a row then
    depends on its seed and on what is given alone, and a graph needs no further random numbers.
    """

    nodes: Floats
    base: Floats
    rise: Floats
    place: Ints

    @classmethod
    def of(cls, parts: NumberParts) -> Pieces:
        """Raise ValueError for a column that is always missing, of which nothing can be given."""
        if not (parts.map or len(parts.values)):
            raise ValueError("a column without a value")
        atoms = np.where(np.isnan(parts.atoms), np.inf, parts.atoms)
        if parts.map is None:
            own = np.arange(len(atoms))[len(parts.values) :]  # missing, where it occurs
            found = cls._nearest(parts.values, np.zeros(len(parts.values)), np.arange(len(parts.values)))
            return found._with(atoms[own], np.zeros(len(own)), own)
        found = cls._of_map(parts.map)
        if parts.support is not None:
            v, place = found(np.arange(len(parts.support), dtype=np.float64))
            found = cls._nearest(parts.support, v, place)
        return found._with(atoms, np.zeros(len(atoms)), 1 + np.arange(len(atoms)))

    def __call__(self, x: Floats) -> Told:
        """What is told of ``x`` (rows,), infinity where missing."""
        piece = self._piece(x)
        return Told(self._v(x, piece), self.place[piece])

    @classmethod
    def _nearest(cls, values: Floats, v: Floats, place: Ints) -> Pieces:
        """Whatever is nearest to values[i] has v[i] and place[i]; the lower of two that are as near."""
        nodes = np.nextafter((values[1:] + values[:-1]) / 2, np.inf)
        return cls(nodes, v, np.zeros(len(values)), place)

    @classmethod
    def _of_map(cls, found: NumberMap) -> Pieces:
        """The map's table backwards; a flat place is its middle rank, so is all that lies beyond an end."""
        nodes, left = np.unique(found.table, return_index=True)
        right = np.append(left[1:], len(found.table)) - 1
        beyond = float(ndtri(max(found.edge, LEAST_EDGE) / 2)) / SCORES_PER_UNIT
        ends = np.clip([beyond, -beyond], -1, 1)
        base = np.concatenate([ends[:1], GRID[right[:-1]], ends[1:]])
        rise = np.concatenate([[0.0], GRID[left[1:]] - GRID[right[:-1]], [0.0]])
        made = cls(nodes, base, rise, np.zeros(len(base), dtype=np.int64))
        own = (right > left) | (nodes == nodes[-1])  # the last one is not yet beyond the end
        ranks = _middle_rank(left[own], right[own])
        return made._with(nodes[own], ranks, np.zeros(len(ranks), dtype=np.int64))

    def _with(self, values: Floats, v: Floats, place: Ints) -> Pieces:
        """Give rising ``values`` (n,) pieces of their own, with ``v`` (n,) and ``place`` (n,)."""
        nodes = np.unique(np.concatenate([self.nodes, values, np.nextafter(values, np.inf)]))
        held = np.append(0, self._piece(nodes))  # the piece of before that each one lies in
        base = np.append(self.base[0], self._v(nodes, held[1:]))
        rise = np.append(self._v(nodes, held[:-1]), base[-1]) - base
        places = self.place[held]
        own = np.searchsorted(nodes, values) + 1
        base[own], rise[own], places[own] = v, 0.0, place
        return Pieces(nodes, base, rise, places)

    def _piece(self, x: Floats) -> Ints:
        return np.searchsorted(self.nodes, x, side="right").astype(np.int64)

    def _v(self, x: Floats, piece: Ints) -> Floats:
        found = self.base[piece]
        inner = np.flatnonzero(self.rise[piece])  # never the first or the last piece
        start, end = self.nodes[piece[inner] - 1], self.nodes[piece[inner]]
        found[inner] += (x[inner] - start) / (end - start) * self.rise[piece[inner]]
        return found


def _middle_rank(left: Ints, right: Ints) -> Floats:
    ranks = (ndtr(SCORES_PER_UNIT * GRID[left]) + ndtr(SCORES_PER_UNIT * GRID[right])) / 2
    return np.asarray(ndtri(ranks) / SCORES_PER_UNIT)
