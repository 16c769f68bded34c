"""Keys: unique by construction, in the format of the real ones, from the number of the row alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from ganworks.errors import DataError, UsageError
from ganworks_tabular.columns.casting import is_decimal, is_integer, typed
from ganworks_tabular.key_patterns import COUNTABLE, digits_at_end, free_step, pattern_of

EXAMPLES = 10_000
SHOWN = 5  # keys: fewer would be told by what they have in common
ROOM = 100_000  # new keys: a pattern of digits with less is counted on above the highest
COUNTED = 2**31  # so many keys at least are told apart by the counted characters, where there are enough


@dataclass(frozen=True)
class KeyMaker:
    """Integers count on from ``first``; texts follow ``pattern``, the characters of each place.

    Keys of a pattern are the ``residue``-th and every ``step``-th after it, of which no real one is. Where
    the real texts have different lengths, or their pattern has too few keys that are free, texts are
    ``prefix`` and a counter from ``first`` of ``width`` digits at least, those of ``width`` in another order.
    """

    name: str
    dtype: str
    first: int = 1
    pattern: tuple[str, ...] = ()
    prefix: str = ""
    width: int = 0
    step: int = 1
    residue: int = 0

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
            return cls(name, dtype, prefix="" if numeric else f"{name}-")
        present = series.dropna()
        if numeric:
            return cls(name, dtype, first=1 + max(0, int(present.max()) if len(present) else 0))
        return cls._of_texts(name, dtype, present.astype("str").unique().tolist())

    @classmethod
    def _of_texts(cls, name: str, dtype: str, texts: list[str]) -> KeyMaker:
        if len(texts) < SHOWN:
            return cls._counting(name, dtype, texts, f"{name}-")
        if len({len(text) for text in texts}) > 1:
            return cls._counting(name, dtype, texts, _prefix(texts) or f"{name}-")
        pattern = pattern_of(texts[:EXAMPLES])
        digits, free = digits_at_end(pattern), free_step(pattern, texts)
        if digits and (free is None or math.prod(map(len, pattern)) // free[0] < ROOM):
            return cls._counting(name, dtype, texts, "".join(pattern[:-digits]), digits)
        if free is None:
            return cls._counting(name, dtype, texts, f"{name}-")
        return cls(name, dtype, pattern=pattern, step=free[0], residue=free[1])

    @classmethod
    def _counting(cls, name: str, dtype: str, texts: list[str], prefix: str, width: int = 0) -> KeyMaker:
        found = (re.fullmatch(re.escape(prefix) + "([0-9]+)", text) for text in texts)
        highest = max((int(one[1]) for one in found if one), default=0)
        return cls(name, dtype, first=highest + 1, prefix=prefix, width=width)

    def make(self, rows: int, seed: int, start: int) -> pd.Series:
        """Return the keys of the rows ``start`` to ``start + rows - 1``.

        Raises:
            DataError: an integer type too small for so many keys.
        """
        number = np.arange(start, start + rows, dtype=np.int64)
        if self.pattern:
            return typed(pd.Series(self._patterned(number, seed), dtype="str"), self._text_dtype)
        if self.prefix or self.width:
            order = self._ordered(number, seed).tolist()
            counted = [f"{self.prefix}{self.first + n:0{self.width}d}" for n in order]
            return typed(pd.Series(counted, dtype="str"), self._text_dtype)
        return self._counted(number)

    @property
    def _text_dtype(self) -> str:
        return self.dtype if self.dtype in ("str", "string", "object", "string[pyarrow]") else "str"

    def _ordered(self, number: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        """Shuffle the numbers that ``width`` digits hold, where a width is kept; those after them follow."""
        room = 10**self.width - self.first
        if not self.width or room < 1:
            return number
        return np.where(number < room, _shuffled(np.minimum(number, room - 1), room, seed), number)

    def _counted(self, number: NDArray[np.int64]) -> pd.Series:
        last = self.first + int(number[-1]) if len(number) else 0
        if is_integer(self.dtype) and last > np.iinfo(self.dtype.lower().removesuffix("[pyarrow]")).max:
            raise DataError(f"the key '{self.name}' ({self.dtype}) cannot count to {last}; widen its type")
        if last >= 2**63:
            return typed(pd.Series(number.astype(np.uint64) + np.uint64(self.first)), self.dtype)
        return typed(pd.Series(number + self.first), self.dtype)

    def _patterned(self, number: NDArray[np.int64], seed: int) -> NDArray[np.str_]:
        """Count in a shuffled order; of long patterns in the last places, those before are drawn by row."""
        counted = _counted_places(self.pattern)
        keys = math.prod(len(self.pattern[place]) for place in counted)
        room = (keys - self.residue + self.step - 1) // self.step
        lap, inside = np.divmod(number, room)
        digits = self.residue + self.step * _shuffled(inside, room, seed)
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


def _prefix(cells: list[str]) -> str:
    """The letters and marks that all texts begin with."""
    low, high = min(cells), max(cells)
    same = next(
        (i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high))
    )
    return low[:same].rstrip("0123456789")


def _counted_places(pattern: tuple[str, ...]) -> set[int]:
    """All places, or of long patterns the last ones that together tell enough keys apart."""
    if math.prod(map(len, pattern)) <= COUNTABLE:
        return set(range(len(pattern)))
    counted: set[int] = set()
    capacity = 1
    for place in reversed(range(len(pattern))):
        if capacity * len(pattern[place]) <= COUNTED:
            counted.add(place)
            capacity *= len(pattern[place])
    return counted


def _shuffled(number: NDArray[np.int64], room: int, seed: int) -> NDArray[np.int64]:
    """``number`` (rows,) below ``room`` in another order, the same for equal seeds."""
    wide = number.astype(object) if room > COUNTED else number  # products beyond int64
    return np.asarray((wide * _multiplier(room, seed) + seed % room) % room, dtype=np.int64)


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
