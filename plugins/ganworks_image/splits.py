"""Training, validation and test parts that share no group and no picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganworks_image.duplicates import Index

PARTS = ("train", "validation", "test")
SHARES = (0.7, 0.1, 0.2)


def assign(groups: Index, labels: Index, seed: int, shares: Sequence[float] = SHARES) -> NDArray[np.int64]:
    """Return for each row the number of its part: whole groups, every class in about the wanted shares.

    Greedy, large groups first, ties at random: a group goes where it lowers the squared distance to the
    wanted counts most, which is where its classes are missing most. Then every part gets some of each class
    that has groups enough.
    """
    _, group = np.unique(groups, return_inverse=True)
    counts = np.zeros((group.max() + 1, labels.max() + 1))
    np.add.at(counts, (group, labels), 1)
    order = np.random.default_rng(seed).permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    missing = np.outer(shares, counts.sum(axis=0))  # (parts, classes)
    part = np.zeros(len(counts), dtype=np.int64)
    for number in order:
        part[number] = int(np.argmax(missing @ counts[number]))
        missing[part[number]] -= counts[number]
    _fill_empty(part, counts, len(shares))
    return part[group]


def _fill_empty(part: NDArray[np.int64], counts: NDArray[np.float64], parts: int) -> None:
    """Move the smallest training group of a class into each part that has none of it, if one stays."""
    for label in range(counts.shape[1]):
        for number in range(1, parts):
            has = counts[:, label] > 0
            training = np.flatnonzero(has & (part == 0))
            if not (has & (part == number)).any() and len(training) > 1:
                part[training[np.argmin(counts[training].sum(axis=1))]] = number


def complete(
    split: NDArray[np.int64], groups: Index, labels: Index, seed: int
) -> tuple[NDArray[np.int64], list[str]]:
    """Carve the parts that a given split lacks out of its training part; return it with notes."""
    missing = [number for number in (1, 2) if not (split == number).any()]
    if not missing:
        return split, []
    rows = np.flatnonzero(split == 0)
    shares = [1 - sum(SHARES[number] for number in missing), *(SHARES[number] for number in missing)]
    carved = assign(groups[rows], labels[rows], seed, shares)
    split = split.copy()
    split[rows] = np.array([0, *missing])[carved]
    names = " and ".join(PARTS[number] for number in missing)
    return split, [f"the given split has no {names} part; it was taken from the training part"]


def leaking(part: NDArray[np.int64], pairs: Index, kin: Index) -> Index:
    """Return the rows that must go so that no pair and no group spans two parts.

    A training row never goes; between validation and test, the validation row goes. Rows with part -1 are
    out of use. ``kin`` are numbers below the number of rows.
    """
    leaks = np.zeros(len(part), dtype=bool)
    for row, other in (pairs.T, pairs.T[::-1]):
        leaks[row[_gives_way(part[row], part[other])]] = True
    present = np.zeros((len(part), 3), dtype=bool)
    used = np.flatnonzero(part >= 0)
    present[kin[used], part[used]] = True
    for number in range(3):
        leaks |= present[kin, number] & _gives_way(part, np.full(len(part), number))
    return np.flatnonzero(leaks)


def _gives_way(part: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Does a row in ``part`` go when its twin is in ``other``?"""
    gives_way: NDArray[np.bool_] = ((part > 0) & (other == 0)) | ((part == 1) & (other == 2))
    return gives_way


def keep_at_most(rows: Index, number: int, seed: int) -> Index:
    """Return ``number`` of the rows, drawn at random, in order."""
    if len(rows) <= number:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, number, replace=False))
