"""Tables as arrays: numbers with NaN where a value is missing, categories as codes that tables share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks_tabular.evaluation.facts import TableFacts

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Coded:
    """A table of n rows as arrays.

    Attributes:
        numbers: (n, numeric columns), NaN where missing.
        codes: (n, discrete columns), from 0; a missing value has a code of its own.
        levels: number of codes of each discrete column, over all tables coded together.
        positive: (n,), whether the row is of the positive class.
    """

    numbers: Floats
    codes: Codes
    levels: tuple[int, ...]
    positive: Truths

    def __len__(self) -> int:
        return len(self.positive)

    def take(self, rows: Codes | Truths) -> Coded:
        """Return the rows chosen by index or by truth value."""
        return Coded(self.numbers[rows], self.codes[rows], self.levels, self.positive[rows])


def code(facts: TableFacts, *tables: pd.DataFrame) -> tuple[Coded, ...]:
    """Code tables so that equal categories have equal codes in all of them."""
    coded = [shared_codes([table[column] for table in tables]) for column in facts.discrete]
    return tuple(
        Coded(
            numbers=numbers(table, facts.numeric),
            codes=np.stack([codes[place] for codes, _ in coded], axis=1),
            levels=tuple(levels for _, levels in coded),
            positive=facts.positives(table),
        )
        for place, table in enumerate(tables)
    )


def numbers(table: pd.DataFrame, columns: Sequence[str]) -> Floats:
    """Return columns of numbers as float64, (rows, columns), NaN where missing."""
    found = np.empty((len(table), len(columns)))
    for place, column in enumerate(columns):
        found[:, place] = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return found


def shared_codes(columns: Sequence[pd.Series]) -> tuple[list[Codes], int]:
    """Return the codes of each column, and how many codes there are; equal values have equal codes.

    Codes go from the most frequent value of the first column to the rarest; missing is the last one. 1
    and 1.0 are equal, whatever the types of the columns: a CSV file does not keep them.
    """
    values = np.concatenate([column.astype(object).to_numpy() for column in columns])
    found, known = pd.factorize(values)
    first = found[: len(columns[0])]
    counts = np.bincount(first[first >= 0], minlength=len(known))
    rank = np.empty(len(known) + 1, np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(known))
    rank[-1] = len(known)  # missing: `factorize` says -1
    ends = np.cumsum([len(column) for column in columns])[:-1]
    return list(np.split(rank[found], ends)), len(known) + 1


def fingerprints(table: Coded) -> NDArray[np.uint64]:
    """A 64-bit hash of each row, (n,); two different rows of a million share one with probability 3e-8."""
    both = pd.concat([pd.DataFrame(table.numbers + 0.0), pd.DataFrame(table.codes)], axis=1)  # -0 becomes 0
    return np.asarray(pd.util.hash_pandas_object(both, index=False), dtype=np.uint64)


def cut(table: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Return at most so many rows, drawn at random."""
    return table if len(table) <= most else table.sample(most, random_state=seed).reset_index(drop=True)
