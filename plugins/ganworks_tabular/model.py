"""A trained table: what is needed to draw rows, under any conditions, without rejection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganworks.training import Sampler
from ganworks_tabular.codec import TableCodec

BLOCK = 8_192  # rows drawn at a time; blocks start at multiples of it, so that chunks do not matter
FORWARD = 2_048  # rows of one forward pass: hidden layers that stay in the processor's cache
GOLDEN = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio
MOST_ROWS = 2**31  # of one seed
MOST_FURTHER = 2**30  # rows of one seed beside those of a run
MOST_SEEDS = 2**31

Given = Mapping[str, pd.Series]  # column -> its value for every row of a block


@dataclass(frozen=True)
class Stream:
    """Which rows of a seed are drawn: two streams share none, so that further rows are new ones.

    ``first``: the row that the others are counted from, a multiple of `BLOCK`; ``most``: how many there are;
    ``taken``: so many keys are in use already.
    """

    first: int = 0
    most: int = MOST_ROWS
    taken: int = 0

    @classmethod
    def further(cls, taken: int) -> Stream:
        """What is drawn from a run beside its own ``taken`` rows; the seeds of validation lie between."""
        return cls(MOST_ROWS + MOST_FURTHER, MOST_FURTHER, taken)


OWN = Stream()  # of a run's samples, of `Synthesizer.sample`, of the seeds of the exported model


@dataclass(frozen=True)
class TableModel:
    """Draws rows in the columns of the codec. Row i depends on the seed, on i and on what is given alone."""

    codec: TableCodec
    rates: Sequence[float]  # share of each class, in the order of the schema
    sampler: Sampler

    def block(self, first: int, seed: int, given: Given | None = None) -> pd.DataFrame:
        """Return the rows ``first`` to ``first + BLOCK``, of which some columns may be given.

        Without the class among them, and nothing else, it is drawn at the real rates; beside other columns
        it follows from those.

        Raises:
            DataError: a value that the column does not have.
        """
        index = np.arange(first, first + BLOCK, dtype=np.int64)
        target = self.codec.columns[-1]
        told = given or {target: self._classes(index, seed)}
        random = np.random.default_rng([seed, first])
        latent = self.sampler.latents(torch.from_numpy(row_seeds(index, seed)))
        made = self.codec.decode(self.sampler.from_latents(latent, self._told(told, random), FORWARD))
        for name, values in (given or {}).items():
            made[name] = _kept(values, made[name])
        return made

    @property
    def _channels(self) -> int:
        return sum(self.codec.spans)

    def _classes(self, index: NDArray[np.int64], seed: int) -> pd.Series:
        """The class of each row: at the real rates, which any run of three million rows holds to within six.

        A golden-ratio sequence: low discrepancy, and row i needs none of the others.
        """
        turned = (index.astype(np.uint64) + np.uint64(seed + 1)) * np.uint64(GOLDEN)
        label = np.searchsorted(np.cumsum(self.rates)[:-1], turned.astype(np.float64) / 2.0**64, side="right")
        return self._class_values.take(label).reset_index(drop=True)

    @cached_property
    def _class_values(self) -> pd.Series:
        """The value of each class, in the type that the column has in the table."""
        target = self.codec.columns[-1]
        return self.codec[target].column(np.arange(len(self.rates)))

    def _told(self, given: Given, random: np.random.Generator) -> Tensor:
        """What the generator is told: (rows, channels + parts) as in `ganworks.space.space_of_givens`."""
        spans, rows = self.codec.spans, len(next(iter(given.values())))
        told = torch.zeros(rows, self._channels + len(spans))
        starts = np.concatenate([[0], np.cumsum(spans)])
        for name, values in given.items():
            parts = self.codec.parts[name]
            for part, code in zip(parts, self.codec[name].encode(values, random), strict=True):
                start = int(starts[part])
                found = torch.from_numpy(np.asarray(code))
                if spans[part] == 1:
                    told[:, start] = found
                else:
                    told[torch.arange(rows), start + found.long()] = 1
                told[:, self._channels + part] = 1
        return told


def row_seeds(index: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The seed of each row, as an exported model takes it: ``seed * 2^32 + row``."""
    return (np.int64(seed) << np.int64(32)) + index


def row_seed(row: int, seed: int) -> int:
    """The seed of one row, see `row_seeds`."""
    return (seed << 32) + row


def _kept(values: pd.Series, like: pd.Series) -> pd.Series:
    """What was given, as it was given, in the type of the column."""
    found = values.set_axis(like.index)
    return found if found.dtype == like.dtype else found.astype(like.dtype)


def blocks(count: int, start: int = 0) -> Iterator[tuple[int, slice]]:
    """Yield the first row of each block that rows ``start`` to ``start + count`` lie in, and which of it."""
    for first in range(start - start % BLOCK, start + count, BLOCK):
        yield first, slice(max(start - first, 0), min(start + count - first, BLOCK))
