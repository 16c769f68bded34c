"""Which pictures are used, and in which part: conflicts, small classes, groups, splits, leaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganworks.errors import DataError
from ganworks.wording import counted
from ganworks_image.duplicates import Index, Twins, clusters
from ganworks_image.frames import Frame, Rejects
from ganworks_image.listing import classes_below
from ganworks_image.options import StudyOptions
from ganworks_image.sources import Groups
from ganworks_image.splits import PARTS, assign, complete, keep_at_most, leaking

GIANT = 0.3  # share of all pictures in one cluster from which on clusters of copies are no groups


class Partition:
    """The decisions about rows, taken in the order of the methods; ``alive`` marks those still in use.

    Args:
        frames: the pictures.
        twins: copies among them.
        options: seed, limits and labels.
        rejects: takes a row for each picture that is dropped.
        groups: how the domain speaks of pictures that belong together.
        small_hint: what else to do where classes are too small.
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        twins: Twins,
        options: StudyOptions,
        rejects: Rejects,
        groups: Groups | None = None,
        small_hint: str = "",
    ) -> None:
        self.frames, self.twins, self.options, self.rejects = frames, twins, options, rejects
        self.kin, self.small_hint = groups or Groups(), small_hint
        self.alive: NDArray[np.bool_] = np.ones(len(frames), dtype=bool)
        self.part: NDArray[np.int64] = np.full(len(frames), -1, dtype=np.int64)
        self.known: Index = _first_of_each(_numbers([frame.group for frame in frames]))  # those named
        self.groups: Index = self.known
        self.given = any(frame.split is not None for frame in frames)
        self.classes: tuple[str, ...] = ()
        self.grouped_by = ""
        self.notes: list[str] = []
        self.leaks: dict[str, Any] = {
            "exact_groups": len(twins.exact),
            "exact_copies": sum(len(group) - 1 for group in twins.exact),
            "near_pairs": self._between_groups(twins.pairs),
            "mirrored_pairs": self._between_groups(twins.mirrored),
            "conflicting_labels": 0,
        }
        if not twins.reliable:
            self.notes.append("too alike to find near copies among the pictures; only exact ones count")

    def _between_groups(self, pairs: Index) -> int:
        """Neighbouring pictures of one group are alike by nature; only copies between groups count."""
        return int((self.known[pairs[:, 0]] != self.known[pairs[:, 1]]).sum())

    def decide(self, limits: Callable[[Sequence[str]], Mapping[str, int]]) -> dict[str, int]:
        """Take every decision in order; return the classes that are left out, with their counts.

        ``limits`` maps the classes to the number of training images of each that are used at most.

        Raises:
            DataError: as `drop_small_classes` and `split`.
        """
        self.drop_conflicts()
        left_out = self.drop_small_classes()
        self.group()
        self.split()
        self.limit_training(limits(self.classes))
        return left_out

    def drop_conflicts(self) -> None:
        """Drop every copy of a picture that occurs with two labels: nobody knows which is right."""
        for group in self.twins.exact:
            labels = sorted({self.frames[row].label for row in group})
            if len(labels) == 1:
                continue
            self.leaks["conflicting_labels"] += 1
            files = ", ".join(self.frames[row].name for row in group[:4])
            for row in group:
                self._drop(
                    row, f"same picture with the labels {' and '.join(labels)}: {files}", "all copies dropped"
                )

    def drop_small_classes(self) -> dict[str, int]:
        """Leave out classes below ``min_class``; return them with their counts.

        Raises:
            DataError: no class is left.
        """
        counts = Counter(frame.label for row, frame in enumerate(self.frames) if self.alive[row])
        small = {name: number for name, number in sorted(counts.items()) if number < self.options.min_class}
        for row, frame in enumerate(self.frames):
            if self.alive[row] and frame.label in small:
                has = counted(small[frame.label], "image")
                self._drop(row, f"class '{frame.label}' has only {has}", "class left out")
        self.classes = tuple(sorted((name for name in counts if name not in small), key=_natural))
        if not self.classes:
            conflicts = self.leaks["conflicting_labels"]
            found = ", ".join(f"{name}: {number}" for name, number in small.items()) or "none left"
            why = f" after dropping {conflicts} pictures that carry two labels" if conflicts else ""
            raise DataError(
                f"{self.options.data}: no class has {self.options.min_class} images{why} ({found}); "
                f"add images or lower --min-class{self.small_hint}"
            )
        if len(self.classes) == 1 and self.options.labelled:
            deeper = classes_below(self.classes[0], [frame.name for frame in self.frames])
            self.notes.append(
                f"only one class ('{self.classes[0]}'): the generator is unconditional. For classes give "
                + (deeper or "one folder a class, or a CSV manifest")
            )
        return small

    def group(self) -> None:
        """Group rows by what is known to belong together, else by clusters of copies as stand-ins."""
        rows, twins = len(self.frames), self.twins
        copies = np.concatenate([twins.pairs, twins.mirrored])
        same_group = np.stack([_first_of_each(self.known), np.arange(rows)], axis=1)
        self.groups = clusters(rows, [same_group, copies])
        largest = np.bincount(self.groups[self.alive]).max()
        if largest > max(GIANT * self.alive.sum(), np.bincount(self.known[self.alive]).max()):
            self.groups = clusters(rows, [same_group, _exact_pairs(twins)])
            if not self.given:
                self.notes.append(
                    "near copies link most of the pictures; the split keeps only exact copies together"
                )
        everyone_known = all(frame.group is not None for frame in self.frames)
        self.grouped_by = "given split" if self.given else self.kin.word if everyone_known else "copies"
        if self.grouped_by == "copies" and self.kin.expected:
            word = self.kin.word
            self.notes.append(
                f"no {word}s are known: clusters of near copies stand in for them; if a {word} has several "
                f"images, name the {word} in a CSV column or with {self.kin.option}"
            )

    def split(self) -> None:
        """Put every row into a part: as given, else 70/10/20 by group; then nothing spans two parts.

        Raises:
            DataError: the given split has no training part, or a class has no training image.
        """
        live, seed = np.flatnonzero(self.alive), self.options.seed
        labels = np.array([self.classes.index(self.frames[row].label) for row in live.tolist()])
        if self.given:
            part = np.array([PARTS.index(self.frames[row].split or "train") for row in live.tolist()])
            if not (part == 0).any():
                raise DataError(
                    f"{self.options.data}: the given split has no training image; mark some as train"
                )
            self.part[live], notes = complete(part, self.groups[live], labels, seed)
            self.notes += notes
            before = self.part
        else:
            self.part[live] = assign(self.groups[live], labels, seed)
            before = self.part.copy()
            before[live] = assign(live, labels, seed)  # what splitting picture by picture would have leaked
        self.leaks["across_before"] = self._count(self._leaking(before), before)
        for row in self._leaking(self.part).tolist():
            self._drop(
                row,
                f"{PARTS[self.part[row]]} image with a twin, or its {self.kin.word}, elsewhere",
                "dropped from evaluation",
            )
        self.leaks["across_after"] = self._count(self._leaking(self.part), self.part)
        self._check_parts()

    def limit_training(self, limits: Mapping[str, int]) -> None:
        """Keep at most so many training pictures of a class; the others are used nowhere."""
        for name, number in limits.items():
            rows = np.array(
                [row for row in np.flatnonzero(self.part == 0).tolist() if self.frames[row].label == name]
            )
            spare = np.setdiff1d(rows, keep_at_most(rows, number, self.options.seed))
            self.part[spare] = -1
            self.alive[spare] = False
            if len(spare):
                self.notes.append(f"class '{name}': {number} of {len(rows)} training images used, as asked")

    def rows(self) -> Index:
        """Return the rows in use: training first, then validation, then test."""
        live = np.flatnonzero(self.alive)
        return live[np.argsort(self.part[live], kind="stable")]

    def group_name(self, row: int) -> str:
        """What is hashed for the table: the group, or the number of the cluster."""
        return self.frames[row].group or f"cluster {self.groups[row]}"

    def _leaking(self, part: NDArray[np.int64]) -> Index:
        return leaking(part, np.concatenate([self.twins.pairs, self.twins.mirrored]), self.known)

    def _count(self, rows: Index, part: NDArray[np.int64]) -> dict[str, int]:
        return {PARTS[number]: int((part[rows] == number).sum()) for number in (1, 2)}

    def _drop(self, row: int, reason: str, action: str) -> None:
        self.alive[row] = False
        self.part[row] = -1
        self.rejects.add(self.frames[row].name, reason, action)

    def _check_parts(self) -> None:
        """Raise for a class that cannot be trained on; note classes that cannot be evaluated."""
        for name in self.classes:
            rows = [row for row in np.flatnonzero(self.alive).tolist() if self.frames[row].label == name]
            there = set(self.part[rows].tolist())
            if 0 not in there:
                where = f"{self.options.data}: class '{name}'"
                raise DataError(f"{where} has no training image in the given split; mark some as train")
            for number in {1, 2} - there:
                self.notes.append(f"class '{name}' has no image in the {PARTS[number]} part")


def _numbers(names: Sequence[str | None]) -> Index:
    """Number the groups; a picture without one is its own."""
    known: dict[str, int] = {}
    return np.array(
        [len(names) + row if name is None else known.setdefault(name, row) for row, name in enumerate(names)],
        dtype=np.int64,
    )


def _first_of_each(numbers: Index) -> Index:
    """Return for each row the first row with the same number."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def _exact_pairs(twins: Twins) -> Index:
    pairs = [(group[0], other) for group in twins.exact for other in group[1:]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _natural(name: str) -> tuple[int, int, str]:
    """Sort class 10 after class 9."""
    return (0, int(name), "") if name.isdigit() else (1, 0, name)
