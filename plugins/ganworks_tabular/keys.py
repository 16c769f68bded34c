"""Keys: unique by construction, in the format of the real ones, from the number of the row alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks.errors import DataError
from ganworks_tabular.columns.casting import is_integer, typed
from ganworks_tabular.key_patterns import COUNTABLE

COUNTED = 2**31  # so many keys at least are told apart by the counted characters, where there are enough


@dataclass(frozen=True)
class KeyMaker:
    """Integers count on from ``first``; texts follow ``pattern``, the characters of each place.

    Keys of a pattern are the ``residue``-th and every ``step``-th after it, of which no real one is. Where
    the real texts have different lengths, or their pattern has too few keys that are free, texts are
    ``prefix`` and a counter from ``first`` of ``width`` digits at least, those of ``width`` in another order.
    `ganworks_tabular.key_fitting.fit_key` makes it from real keys.
    """

    name: str
    dtype: str
    first: int = 1
    pattern: tuple[str, ...] = ()
    prefix: str = ""
    width: int = 0
    step: int = 1
    residue: int = 0

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
