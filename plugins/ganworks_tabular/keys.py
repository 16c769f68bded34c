"""Keys: unique by construction, in the format of the real ones, from the number of the row alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from ganworks.errors import DataError, UsageError
from ganworks_tabular.columns.casting import floats, is_decimal, is_integer, typed

ALPHABETS = ("0123456789", "0123456789abcdef", "0123456789ABCDEF", "abcdefghijklmnopqrstuvwxyz")
LETTERS = ALPHABETS[3]
WIDER = (LETTERS.upper(), ALPHABETS[0] + LETTERS, ALPHABETS[0] + LETTERS.upper())
ANY = ALPHABETS[0] + LETTERS + LETTERS.upper()
EXAMPLES = 10_000
COUNTED = 2**31  # so many keys at least are told apart by the counted characters, where there are enough


@dataclass(frozen=True)
class KeyMaker:
    """Integers count on from ``first``; texts follow ``pattern``, the characters of each place.

    A text whose real ones have different lengths is ``prefix`` and a counter.
    """

    name: str
    dtype: str
    first: int = 0
    pattern: tuple[str, ...] = ()
    prefix: str = ""

    @classmethod
    def fit(cls, series: pd.Series, dtype: str, *, blind: bool = False) -> KeyMaker:
        """Learn the format of ``series``; ``blind``: count from 1, with no look at the keys.

        Raises:
            UsageError: a type that no key has.
        """
        name = str(series.name)
        if types.is_bool_dtype(series.dtype) or types.is_datetime64_any_dtype(series.dtype):
            raise UsageError(
                f"the column '{name}' ({dtype}) cannot be a key: keys are texts or whole numbers"
            )
        numeric = types.is_numeric_dtype(series.dtype) and not is_decimal(dtype)
        if blind:
            return cls(name, dtype, first=1, prefix="" if numeric else f"{name}-")
        if numeric:
            return cls(name, dtype, first=int(np.nanmax(floats(series), initial=0)) + 1)
        cells = series.dropna().astype("str").head(EXAMPLES)
        if not len(cells) or cells.str.len().nunique() > 1:
            return cls(name, dtype, prefix=_prefix(cells.tolist()) or f"{name}-")
        columns = np.array(cells.tolist(), dtype=np.str_).reshape(-1, 1).view("U1")
        pattern = tuple(_characters(set(columns[:, place].tolist())) for place in range(columns.shape[1]))
        pattern = _widened(pattern)
        if all(len(choices) == 1 for choices in pattern):
            return cls(name, dtype, prefix=f"{''.join(pattern)}-")
        return cls(name, dtype, pattern=pattern)

    def make(self, rows: int, seed: int, start: int) -> pd.Series:
        """Return the keys of the rows ``start`` to ``start + rows - 1``.

        Raises:
            DataError: an integer type too small for so many keys.
        """
        number = np.arange(start, start + rows, dtype=np.int64)
        if self.pattern:
            return typed(pd.Series(self._patterned(number, seed), dtype="str"), self._text_dtype)
        if self.prefix:
            texts = np.char.add(self.prefix, (number + 1).astype(np.str_))
            return typed(pd.Series(texts, dtype="str"), self._text_dtype)
        return self._counted(number)

    @property
    def _text_dtype(self) -> str:
        return self.dtype if self.dtype in ("str", "string", "object", "string[pyarrow]") else "str"

    def _counted(self, number: NDArray[np.int64]) -> pd.Series:
        last = self.first + int(number[-1]) if len(number) else 0
        if is_integer(self.dtype) and last > np.iinfo(self.dtype.lower().removesuffix("[pyarrow]")).max:
            raise DataError(f"the key '{self.name}' ({self.dtype}) cannot count to {last}; widen its type")
        return typed(pd.Series(number + self.first), self.dtype)

    def _patterned(self, number: NDArray[np.int64], seed: int) -> NDArray[np.str_]:
        """Count in the last places, in a shuffled order; the places before them are drawn by row number."""
        counted = _counted_places(self.pattern)
        capacity = math.prod(len(self.pattern[place]) for place in counted)
        lap, inside = np.divmod(number, capacity)
        digits = (inside * _multiplier(capacity, seed) + seed % capacity) % capacity
        cells = np.empty((len(number), len(self.pattern)), dtype="U1")
        for place in reversed(range(len(self.pattern))):
            characters = np.array(list(self.pattern[place]))
            if place in counted:
                digits, which = np.divmod(digits, len(characters))
            else:
                which = (_hashed(number, seed, place) % np.uint64(len(characters))).astype(np.int64)
            cells[:, place] = characters[which]
        texts = cells.view(f"U{len(self.pattern)}").ravel()
        if not lap.any():
            return texts
        return np.where(lap > 0, np.char.add(np.char.add(texts, "-"), lap.astype(np.str_)), texts)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> KeyMaker:
        return cls(**{**stored, "pattern": tuple(stored["pattern"])})


def _characters(seen: set[str]) -> str:
    """The narrowest usual alphabet that holds what was seen at a place; a fixed character stays."""
    if len(seen) == 1:
        return seen.pop()
    for alphabet in (*ALPHABETS, *WIDER, ANY):
        if seen <= set(alphabet):
            return alphabet
    return "".join(sorted(seen))


def _widened(pattern: tuple[str, ...]) -> tuple[str, ...]:
    """The leading zeros of a counter are digits too, even where no key has come so far."""
    wider = list(pattern)
    for place in reversed(range(len(wider) - 1)):
        if wider[place] == "0" and wider[place + 1] == ALPHABETS[0]:
            wider[place] = ALPHABETS[0]
    return tuple(wider)


def _prefix(cells: list[str]) -> str:
    """The letters and marks that all texts begin with."""
    if not cells:
        return ""
    low, high = min(cells), max(cells)
    same = next(
        (i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high))
    )
    return low[:same].rstrip("0123456789")


def _counted_places(pattern: tuple[str, ...]) -> set[int]:
    """The last places that together tell enough keys apart."""
    counted: set[int] = set()
    capacity = 1
    for place in reversed(range(len(pattern))):
        if capacity * len(pattern[place]) <= COUNTED:
            counted.add(place)
            capacity *= len(pattern[place])
    return counted


def _multiplier(capacity: int, seed: int) -> int:
    """A number prime to ``capacity``: i -> i * number mod capacity meets every key once."""
    number = int(np.random.default_rng([seed, capacity]).integers(capacity // 3 + 1, capacity + 1))
    while math.gcd(number, capacity) != 1:
        number += 1
    return number


def _hashed(number: NDArray[np.int64], seed: int, place: int) -> NDArray[np.uint64]:
    """Random bits from the row number: splitmix64, Steele et al. 2014, figure 17."""
    with np.errstate(over="ignore"):
        x = number.astype(np.uint64) + np.uint64((seed * 1_000_003 + place * 7_919) % 2**64)
        x = x * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))
