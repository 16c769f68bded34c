"""The parts of a number: a place in a map, a choice among frequent values, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganworks_tabular.columns.casting import Floats
from ganworks_tabular.columns.number_map import NumberMap, Rounding, find_rounding
from ganworks_tabular.columns.parts import Gate, Part, places
from ganworks_tabular.columns.statistics import NumberCounts
from ganworks_tabular.columns.support import find_support, nearest

ATOM_SHARE = 0.005  # of the rows
ATOM_ROWS = 20
ATOMS = 64
FEW = 20  # so few values are choices, all of them
FEW_SHARE = 0.95  # of the rows that they must hold, those too rare to be shown left out


@dataclass(frozen=True)
class NumberParts:
    """``atoms`` (k,): frequent values in rising order, NaN (missing) last; ``map``: all other values.

    ``support`` (m,): the values the column keeps to, where it does; the map is then one of places in it.
    With a map, place 0 of the choice means "a number" and place 1 + i is atom i; without one, place i is
    atom i. A choice needs two places, so a single atom fills both.
    ``shares`` (k,): of all rows, those that an atom stands for; None: not stored.
    """

    map: NumberMap | None
    atoms: Floats
    support: Floats | None = None
    shares: Floats | None = None

    @classmethod
    def fit(
        cls,
        counts: NumberCounts,
        rounding: Rounding | None,
        least: int,
        *,
        frequent: bool = True,
        sparse: bool = True,
    ) -> NumberParts:
        """``least``: rows that must share a value before it is shown.

        ``frequent``: look for atoms; ``sparse``: look for some thousand values that the column keeps to.
        Rows too few to hide a single one among (fewer than ``2 * least``) take another value: a frequent one,
        else their mean. If they are fewer than ``least`` and others are missing, they are missing too.
        """
        shown = counts.values[counts.counts >= least]
        if len(counts.values) <= FEW and _covers(counts, least):
            return cls._of(counts, None, shown)
        atoms = _frequent(counts, least) if frequent else counts.values[:0]
        rest = counts.without(atoms)
        if rest.rows < 2 * least:
            return cls._of(counts, None, _stand_ins(counts, rounding, atoms if len(atoms) else shown, least))
        support = find_support(rest, rounding, least) if frequent and sparse else None
        if support:
            return cls._of(counts, NumberMap.of_places(support.counts), atoms, support.values)
        # times and days are bounded
        return cls._of(counts, NumberMap.fit(rest, rounding, least, tails=frequent), atoms)

    @classmethod
    def _of(
        cls, counts: NumberCounts, found: NumberMap | None, values: Floats, support: Floats | None = None
    ) -> NumberParts:
        if found is not None:
            held = counts.counts[np.searchsorted(counts.values, values)]
        else:  # each value of the column is taken as the nearest of these
            near = nearest(values, counts.values)
            held = np.bincount(near, weights=counts.counts, minlength=len(values))[: len(values)]
        missing = [counts.missing if len(values) else counts.rows] if counts.missing else []
        shares = np.append(held, missing) / max(counts.rows, 1)
        return cls(found, np.append(values, [np.nan] * len(missing)), support, shares)

    @property
    def widths(self) -> tuple[int, ...]:
        if self.map is None:
            return (max(len(self.atoms), 2),)
        return (1, len(self.atoms) + 1) if len(self.atoms) else (1,)

    @property
    def maps(self) -> tuple[NumberMap, ...]:
        return (self.map,) if self.map else ()

    @property
    def gates(self) -> tuple[Gate, ...]:
        return (Gate(0, 1, 0),) if len(self.widths) == 2 else ()

    @property
    def missing(self) -> bool:
        return bool(len(self.atoms)) and bool(np.isnan(self.atoms[-1]))

    @property
    def values(self) -> Floats:
        """The atoms that are numbers."""
        return self.atoms[: len(self.atoms) - self.missing]

    @property
    def decimals(self) -> int | None:
        """The most decimals of its values; None: any number of them, or no values."""
        if self.map is not None and self.support is None:
            rounding = self.map.rounding
        else:
            support = self.values[:0] if self.support is None else self.support
            rounding = find_rounding(np.concatenate([self.values, support]))
        return rounding.decimals if rounding else None

    def encode(self, x: Floats, random: np.random.Generator) -> list[Part]:
        """Return one array (rows,) a part for ``x`` (rows,), in which NaN is missing."""
        blank = np.isnan(x)
        if self.map is None:
            return [places(np.where(blank, len(self.values), nearest(self.values, x)))]
        at = np.searchsorted(self.values, x)
        atom = ~blank & (at < len(self.values))
        atom[atom] = self.values[at[atom]] == x[atom]
        number = ~atom & ~blank
        v = np.zeros(len(x), dtype=np.float32)
        known = x[number] if self.support is None else nearest(self.support, x[number]).astype(np.float64)
        v[number] = self.map.encode(known, random)
        if not len(self.atoms):
            return [v]
        return [v, places(np.where(number, 0, np.where(blank, len(self.values), at) + 1))]

    def as_dict(self) -> dict[str, Any]:
        atoms = [None if value != value else value for value in self.atoms.tolist()]
        support = None if self.support is None else self.support.tolist()
        shares = None if self.shares is None else self.shares.tolist()
        found = self.map.as_dict() if self.map else None
        return {"map": found, "atoms": atoms, "support": support, "shares": shares}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> NumberParts:
        atoms = [np.nan if value is None else value for value in stored["atoms"]]
        support = None if stored["support"] is None else np.array(stored["support"], dtype=np.float64)
        shares = None if stored.get("shares") is None else np.array(stored["shares"], dtype=np.float64)
        found = NumberMap.from_dict(stored["map"]) if stored["map"] else None
        return cls(found, np.array(atoms, dtype=np.float64), support, shares)


def _covers(counts: NumberCounts, least: int) -> bool:
    """Whether the values that may be shown hold nearly all rows."""
    shown = counts.counts[counts.counts >= least].sum()
    return bool(shown >= FEW_SHARE * counts.counts.sum())


def _frequent(counts: NumberCounts, least: int) -> Floats:
    often = np.flatnonzero(counts.counts >= max(ATOM_SHARE * counts.rows, least, ATOM_ROWS))
    most = often[np.argsort(-counts.counts[often], kind="stable")[:ATOMS]]
    return counts.values[np.sort(most)]


def _stand_ins(counts: NumberCounts, rounding: Rounding | None, known: Floats, least: int) -> Floats:
    """Return the ``known`` values (k,), or the mean (1,), which is no single row's; none (0,) of too few."""
    if len(known) or (counts.missing and counts.counts.sum() < least):
        return known
    mean = np.array([np.average(counts.values, weights=counts.counts)])
    return rounding(mean) if rounding else mean
