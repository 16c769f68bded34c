"""Which rows train, which choose the checkpoint, which test: whole groups, and no picture beside its copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganworks_image.duplicates import Index, clusters, exact_groups, find_twins
from ganworks_image.frames import Frame, Rejects
from ganworks_image.intensity import Pixels
from ganworks_image.splits import PARTS, assign, complete, leaking

GIANT = 0.3  # share of all rows in one cluster of copies from which on only exact copies count


class Split(NamedTuple):
    """What was decided of the rows."""

    part: NDArray[np.int64]  # 0 train, 1 validation, 2 test; -1: not used
    groups: Index
    grouped_by: str
    notes: list[str]

    @property
    def order(self) -> Index:
        """The rows in use: training first, then validation, then test."""
        rows = np.flatnonzero(self.part >= 0)
        return rows[np.argsort(self.part[rows], kind="stable")]


def split_rows(
    sides: Sequence[Sequence[Frame]], pictures: Sequence[Pixels], holdout: float, seed: int, rejects: Rejects
) -> Split:
    """Split rows as their frames say, or by group.

    Args:
        sides: what is known of each row, of both sides of a pair or of one: its name; from the first side
            its group, and its part where that is given. Rows that share a file stay together.
        pictures: the stored pictures of the sides. Rows are copies when all of their pictures are.
        holdout: share of the rows to test with; half as much is for validation.
        seed: of the ties.
        rejects: takes a row for each that would be in two parts.
    """
    frames = sides[0]
    named: list[list[str | None]] = [[frame.group for frame in frames]]
    named += [[frame.name for frame in side] for side in sides]
    kin = clusters(len(frames), [_linked(_numbered(names)) for names in named])
    copies, notes = _copies(pictures)
    groups = clusters(len(frames), [_linked(_numbered(kin.tolist())), copies])
    given = any(frame.split is not None for frame in frames)
    labels = np.zeros(len(frames), dtype=np.int64)
    if given:
        part = np.array([PARTS.index(frame.split or "train") for frame in frames])
        if not (part == 0).any():
            part, notes = np.zeros_like(part), [*notes, "the given split has no training part: not used"]
        part, more = complete(part, groups, labels, seed)
        notes += more
    else:
        part = assign(groups, labels, seed, (1 - 1.5 * holdout, holdout / 2, holdout))
    for row in leaking(part, copies, kin).tolist():
        rejects.add(frames[row].name, f"{PARTS[part[row]]} picture with a copy elsewhere", "not evaluated")
        part[row] = -1
    grouped = any(frame.group is not None for frame in frames)
    return Split(part, groups, "given split" if given else "group" if grouped else "copies", notes)


def _copies(pictures: Sequence[Pixels]) -> tuple[Index, list[str]]:
    """Return pairs of rows that are copies of each other on every side."""
    rows = len(pictures[0])
    twins = [find_twins(side, mirrored=False) for side in pictures]
    near = _common([one.pairs for one in twins], rows)
    largest = np.bincount(clusters(rows, [near])).max()
    if all(one.reliable for one in twins) and largest <= max(GIANT * rows, 2):
        return near, []
    exact = [
        np.array(
            [(a, b) for group in exact_groups(one) for a in group for b in group if a < b], dtype=np.int64
        )
        for one in pictures
    ]
    return _common([one.reshape(-1, 2) for one in exact], rows), [
        "too alike to find near copies among the pictures; only exact ones count"
    ]


def _common(pairs: Sequence[Index], rows: int) -> Index:
    """Return the pairs (a < b) that are in every list."""
    numbers = pairs[0][:, 0] * rows + pairs[0][:, 1]
    for other in pairs[1:]:
        numbers = np.intersect1d(numbers, other[:, 0] * rows + other[:, 1])
    return np.stack([numbers // rows, numbers % rows], axis=1)


def _numbered(names: Sequence[str | None] | Sequence[int]) -> Index:
    """Return for each row the first row of its group; a row without one is its own."""
    first: dict[str | int, int] = {}
    return np.array(
        [row if name is None else first.setdefault(name, row) for row, name in enumerate(names)],
        dtype=np.int64,
    )


def _linked(first: Index) -> Index:
    return np.stack([first, np.arange(len(first))], axis=1)
