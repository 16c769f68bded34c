"""Distances between rows of a table: Gower's, in blocks, so that memory does not grow with the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganworks_tabular.evaluation.coding import Floats, code
from ganworks_tabular.evaluation.facts import TableFacts

BLOCK_ROWS = 512


@dataclass(frozen=True, slots=True)
class Points:
    """The rows of a table, placed so that two cdist calls give Gower's distance.

    Attributes:
        numbers: (n, d) float32; a difference of 1 is the range of the training column.
        codes: (n, q) float32, codes of the categories.
        columns: number of columns of the table.
    """

    numbers: Tensor
    codes: Tensor
    columns: int

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> Points:
        return Points(self.numbers[rows], self.codes[rows], self.columns)

    def sample(self, most: int, seed: int) -> Points:
        """Return at most so many rows, drawn at random."""
        if len(self) <= most:
            return self
        return self[np.random.default_rng(seed).choice(len(self), most, replace=False)]


def points(facts: TableFacts, train: pd.DataFrame, *others: pd.DataFrame) -> tuple[Points, ...]:
    """Place the training table and others in one space (Gower 1971).

    The distance of two rows is the mean over columns of ``|a - b|`` over the range of the training column
    for numbers, and of 0 or 1 for equal or different categories. A missing number is at distance 1 from any
    value of the training range and at 0 from another missing one.
    """
    tables = code(facts, train, *others)
    known = np.isfinite(tables[0].numbers)
    low = np.where(known, tables[0].numbers, np.inf).min(0, initial=np.inf)
    span = np.where(known, tables[0].numbers, -np.inf).max(0, initial=-np.inf) - low
    low, span = np.where(np.isfinite(low), low, 0.0), np.where(span > 0, span, 1.0)
    gaps = np.any([np.isnan(table.numbers).any(0) for table in tables], axis=0)
    return tuple(
        Points(
            torch.from_numpy(_place((table.numbers - low) / span, gaps)),
            torch.from_numpy(table.codes.astype(np.float32)),
            len(facts.columns),
        )
        for table in tables
    )


def _place(scaled: Floats, gaps: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Give columns with missing values three coordinates whose city-block distances are the wanted ones.

    x becomes (x, 1 - x, 0) / 2 and a missing value (0, 0, 1) / 2.
    """
    whole, partly = scaled[:, ~gaps], scaled[:, gaps]
    missing = np.isnan(partly)
    x = np.where(missing, 0, partly)
    parts = [whole, x / 2, np.where(missing, 0, 1 - x) / 2, missing / 2]
    return np.concatenate(parts, axis=1).astype(np.float32)


def distances(a: Points, b: Points) -> Tensor:
    """Return the distances (n, m) in float32; 0 for equal rows."""
    total = torch.zeros(len(a), len(b))
    if a.numbers.shape[1]:
        total += torch.cdist(a.numbers, b.numbers, p=1.0)
    if a.codes.shape[1]:
        total += torch.cdist(a.codes, b.codes, p=0.0)  # number of codes that differ
    return total / a.columns


def blocks(rows: Points) -> Iterator[tuple[int, Points]]:
    """Yield the rows in blocks, with the place of the first."""
    for start in range(0, len(rows), BLOCK_ROWS):
        yield start, rows[start : start + BLOCK_ROWS]


def nearest(a: Points, b: Points) -> NDArray[np.float32]:
    """Return the distance (n,) of each row of ``a`` to the nearest row of ``b``."""
    return torch.cat([distances(block, b).amin(1) for _, block in blocks(a)]).numpy()


def own_radius(rows: Points, k: int) -> Tensor:
    """Return the distance (n,) of each row to its k-th nearest other row."""
    found = []
    for start, block in blocks(rows):
        between = distances(block, rows)
        places = torch.arange(len(block))
        between[places, places + start] = torch.inf
        found.append(between.kthvalue(k, dim=1).values)
    return torch.cat(found)
