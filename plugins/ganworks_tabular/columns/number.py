"""Number columns: a number part, a choice among frequent values, or both, in any type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ganworks.errors import DataError
from ganworks.wording import counted
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
from ganworks_tabular.columns.decimals import places_of
from ganworks_tabular.columns.number_map import NumberMap, Rounding, find_rounding
from ganworks_tabular.columns.number_parts import NumberParts
from ganworks_tabular.columns.parts import Gate, Part, refuse_missing
from ganworks_tabular.columns.statistics import NumberCounts, count_numbers


@dataclass(frozen=True)
class NumberColumn:
    """A number column of any type; ``decimals`` are those of exact decimals."""

    name: str
    dtype: str
    parts: NumberParts
    decimals: int | None = None
    note: str = ""
    kind = "number"

    @classmethod
    def fit(cls, series: pd.Series, dtype: str, least: int) -> NumberColumn:
        """``least``: rows that must share a value before it is shown.

        Raises:
            DataError: whole numbers above 2^63 - 1.
        """
        name = str(series.name)
        _check_width(series, dtype)
        counts = count_numbers(_within(floats(series), dtype))
        rounding = find_rounding(counts.values, single=dtype.lower().startswith("float32"))
        decimals = rounding.decimals if rounding else None
        if dtype == "decimal" and rounding is None:
            decimals = places_of(series.dropna().tolist())
        parts = NumberParts.fit(counts, rounding, least)
        column = cls._of(name, dtype, parts, decimals if is_decimal(dtype) else None)
        return replace(column, note=hidden_note(name, parts, counts, least))

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
        return (self.note,) if self.note else ()

    def encode(self, series: pd.Series, random: np.random.Generator) -> list[Part]:
        """Return one array (rows,) a part.

        Raises:
            DataError: a missing value where none was missing in the rows of the fit.
        """
        x = _within(floats(series), self.dtype)
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


def hidden_note(name: str, parts: NumberParts, counts: NumberCounts, least: int) -> str:
    """Say that a column has too few rows for any of its values to be shown, where that is so."""
    rows = int(counts.counts.sum())
    if parts.map is not None or not rows or np.isin(parts.values, counts.values).any():
        return ""
    what = "their mean stands for them" if len(parts.values) else "the column is always missing"
    few = f"{counted(rows, 'row')} with a value {'is' if rows == 1 else 'are'} too few to hide one among"
    return f"{name}: {few} (--least {least}): {what}"


def _within(values: Floats, dtype: str) -> Floats:
    return np.clip(values, *integer_limits(dtype)) if is_integer(dtype) else values


def _check_width(series: pd.Series, dtype: str) -> None:
    if dtype.lower().startswith("uint64") and series.notna().any() and int(series.max()) >= 2**63:
        raise DataError(
            f"the column '{series.name}' ({dtype}) has whole numbers above 2^63 - 1, which cannot be learnt: "
            "make it a key in the schema, or turn it into text"
        )
