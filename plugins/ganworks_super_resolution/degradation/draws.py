"""Random numbers that are a function of seed, row and name: the same in any order and any batch."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Keys = NDArray[np.uint64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mixed(keys: Keys) -> Keys:
    """Scramble 64 bits (the finaliser of SplitMix64; Steele, Lea and Flood 2014, figure 15)."""
    keys = keys + GOLDEN
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


@cache
def _number(name: str) -> Keys:
    return _mixed(np.full(1, zlib.crc32(name.encode()), dtype=np.uint64))


class Draws:
    """Draws for the rows of a batch. Each is named: a further draw does not change the others.

    Args:
        seed: of everything.
        index: (rows,) whole numbers from 0; the same number draws the same in every batch.
    """

    def __init__(self, seed: int, index: Sequence[int] | Tensor | NDArray[np.int64]) -> None:
        rows = np.asarray(index, dtype=np.int64).astype(np.uint64)
        self._keys = _mixed(_mixed(np.full(len(rows), seed, dtype=np.uint64)) ^ _mixed(rows))

    def __len__(self) -> int:
        return len(self._keys)

    def of(self, name: str) -> Draws:
        """Return other draws for the same rows."""
        return self._with(self._named(name))

    def at(self, rows: Tensor | Sequence[int]) -> Draws:
        """Return the draws of some of the rows: their numbers, or a mask."""
        return self._with(self._keys[np.asarray(rows)])

    def fraction(self, name: str) -> NDArray[np.float64]:
        """Draw (rows,) evenly from [0, 1)."""
        return (self._named(name) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def uniform(self, name: str, low: float, high: float) -> Tensor:
        """Draw (rows,) float32 evenly between two numbers."""
        return torch.from_numpy((low + self.fraction(name) * (high - low)).astype(np.float32))

    def below(self, name: str, ends: int | NDArray[np.int64]) -> NDArray[np.int64]:
        """Draw (rows,) whole numbers from 0 up to, not including, ``ends`` (one, or one a row)."""
        return np.floor(self.fraction(name) * ends).astype(np.int64)

    def happens(self, name: str, probability: float) -> Tensor:
        """Draw (rows,) booleans."""
        return torch.from_numpy(self.fraction(name) < probability)

    def choice(self, name: str, shares: Sequence[float]) -> Tensor:
        """Draw (rows,) numbers of options, each as often as its share of the sum."""
        edges = np.cumsum(shares) / np.sum(shares)
        return torch.from_numpy(np.searchsorted(edges[:-1], self.fraction(name), side="right"))

    def seeds(self, name: str) -> list[int]:
        """Draw (rows,) whole numbers of 63 bits."""
        return [int(key) for key in self._named(name) >> np.uint64(1)]

    def generators(self, name: str) -> list[torch.Generator]:
        """Return one generator of torch a row, for whatever takes one."""
        return [torch.Generator().manual_seed(seed) for seed in self.seeds(name)]

    def normal(self, name: str, shape: Sequence[int]) -> Tensor:
        """Draw (rows, *shape) float32 of the standard normal distribution."""
        drawn = torch.empty(len(self), *shape)
        for row, generator in enumerate(self.generators(name)):
            drawn[row] = torch.randn(*shape, generator=generator)
        return drawn

    def _named(self, name: str) -> Keys:
        return _mixed(self._keys ^ _number(name))

    def _with(self, keys: Keys) -> Draws:
        other = Draws(0, ())
        other._keys = keys
        return other
