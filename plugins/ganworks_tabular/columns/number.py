"""Number columns: a number part, a choice among frequent values, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ganworks_tabular.columns.casting import (
    Floats,
    Ints,
    floats,
    from_floats,
    integer_limits,
    is_decimal,
    is_integer,
    typed,
)
from ganworks_tabular.columns.number_map import NumberMap, Rounding, find_rounding
from ganworks_tabular.columns.parts import Gate, Part, places, refuse_missing
from ganworks_tabular.columns.statistics import NumberCounts, count_numbers
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
    """

    map: NumberMap | None
    atoms: Floats
    support: Floats | None = None

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
        """
        missing = [np.nan] if counts.missing else []
        shown = counts.values[counts.counts >= least]
        if len(counts.values) <= FEW and _covers(counts, least):
            return cls(None, np.append(shown, missing))
        atoms = _frequent(counts, least) if frequent else counts.values[:0]
        rest = counts.without(atoms)
        if len(atoms) and rest.rows < 2 * least:  # too few rows to hide a record among
            return cls(None, np.append(atoms, missing))
        support = find_support(rest, rounding, least) if frequent and sparse else None
        if support:
            return cls(NumberMap.of_places(support.counts), np.append(atoms, missing), support.values)
        found = NumberMap.fit(rest, rounding, least, tails=frequent)  # times and days are bounded
        return cls(found, np.append(atoms, missing))

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
        return {"map": self.map.as_dict() if self.map else None, "atoms": atoms, "support": support}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> NumberParts:
        atoms = [np.nan if value is None else value for value in stored["atoms"]]
        support = None if stored["support"] is None else np.array(stored["support"], dtype=np.float64)
        found = NumberMap.from_dict(stored["map"]) if stored["map"] else None
        return cls(found, np.array(atoms, dtype=np.float64), support)


@dataclass(frozen=True)
class NumberColumn:
    """A number column of any type; ``decimals`` are those of exact decimals."""

    name: str
    dtype: str
    parts: NumberParts
    decimals: int | None = None
    kind = "number"

    @classmethod
    def fit(cls, series: pd.Series, dtype: str, least: int) -> NumberColumn:
        counts = count_numbers(floats(series))
        rounding = find_rounding(counts.values, single=dtype.lower().startswith("float32"))
        decimals = rounding.decimals if rounding and is_decimal(dtype) else None
        return cls._of(str(series.name), dtype, NumberParts.fit(counts, rounding, least), decimals)

    @classmethod
    def of_counts(cls, name: str, dtype: str, counts: NumberCounts, decimals: int | None) -> NumberColumn:
        """A column of which nothing is known but these counts; ``decimals``: None for any number."""
        rounding = None if decimals is None else Rounding(10.0**decimals, 1.0, 0.0)
        parts = NumberParts.fit(counts, rounding, 1, sparse=False)
        return cls._of(name, dtype, parts, decimals if is_decimal(dtype) else None)

    @classmethod
    def _of(cls, name: str, dtype: str, parts: NumberParts, decimals: int | None) -> NumberColumn:
        if parts.map is not None and parts.support is None and is_integer(dtype):
            parts = replace(parts, map=parts.map.within(*integer_limits(dtype)))
        return cls(name, dtype, parts, decimals)

    @property
    def widths(self) -> tuple[int, ...]:
        return self.parts.widths

    @property
    def maps(self) -> tuple[NumberMap, ...]:
        return self.parts.maps

    @property
    def gates(self) -> tuple[Gate, ...]:
        return self.parts.gates

    @property
    def integer(self) -> bool:
        """Whether the decoder gives int64: whole numbers, none of them missing."""
        return is_integer(self.dtype) and not self.parts.missing

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    def encode(self, series: pd.Series, random: np.random.Generator) -> list[Part]:
        """Return one array (rows,) a part.

        Raises:
            DataError: a missing value where none was missing in the rows of the fit.
        """
        x = floats(series)
        refuse_missing(self.name, not self.parts.missing and bool(np.isnan(x).any()))
        return self.parts.encode(x, random)

    def column(self, values: Floats | Ints) -> pd.Series:
        """Return the decoder's output (rows,) in the column's type."""
        if self.integer:
            return typed(pd.Series(values), self.dtype)
        return from_floats(np.asarray(values, dtype=np.float64), self.dtype, self.decimals)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "parts": self.parts.as_dict()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> NumberColumn:
        return cls(**{**stored, "parts": NumberParts.from_dict(stored["parts"])})


def _covers(counts: NumberCounts, least: int) -> bool:
    """Whether the values that may be shown hold nearly all rows."""
    shown = counts.counts[counts.counts >= least].sum()
    return bool(shown >= FEW_SHARE * counts.counts.sum())


def _frequent(counts: NumberCounts, least: int) -> Floats:
    often = np.flatnonzero(counts.counts >= max(ATOM_SHARE * counts.rows, least, ATOM_ROWS))
    most = often[np.argsort(-counts.counts[often], kind="stable")[:ATOMS]]
    return counts.values[np.sort(most)]
