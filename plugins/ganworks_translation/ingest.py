"""Every usable picture or pair, in input units; every other one in the table of rejects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganworks.errors import DataError
from ganworks.run import Run
from ganworks_image.frames import BadFileError, Frame, Item, Rejects, refuse_unusable
from ganworks_image.geometry import shrink_to_limit
from ganworks_image.readers import FileKinds
from ganworks_medical.options import Options as MedicalOptions
from ganworks_medical.readers import medical_files
from ganworks_translation.label_maps import LabelFrame, checked_labels, label_files, shrink_labels
from ganworks_translation.options import Options
from ganworks_translation.pairing import Finder, Listing
from ganworks_translation.volumes import grid_of, is_volume

SMALLEST = 8  # pixels a side


@dataclass(kw_only=True)
class Sides:
    """What was read of the sides a and b: their frames, row by row where they are pairs; file kinds."""

    frames: dict[str, list[Any]]
    kinds: dict[str, str]
    paired: bool
    title: str
    longest: float | None = None  # pixels of the longer side of the files, at the median; None: as they are


def readable(options: Options) -> FileKinds:
    """Return the kinds of files that are read: pictures, NIfTI volumes and DICOM."""
    return medical_files(
        MedicalOptions.model_validate({"axis": options.axis, "slice_step": options.slice_step})
    )


class Ingest:
    """Reads the files of the options.

    Args:
        options: where the files are, and what they are.
        rejects: takes a row for everything that is not used as it came.
        run: told of the progress.
        limit: pixels of the longer side beyond which a picture is shrunk at once.
    """

    def __init__(self, options: Options, rejects: Rejects, run: Run, limit: int) -> None:
        self.options, self.rejects, self.run, self.limit = options, rejects, run, limit
        self.files = readable(options)
        self.files_of = {
            side: label_files(self.files) if options.labels == side else self.files for side in "ab"
        }
        self.longer: list[int] = []

    def read(self) -> Sides:
        """Return the usable pictures of both sides.

        Raises:
            DataError: nothing is there, files have no partner, or too many cannot be used.
        """
        listing = Finder(self.options, self.files).find()
        frames: dict[str, list[Any]] = {"a": [], "b": []}
        if listing.paired:
            for a, b in self._pairs(listing):
                frames["a"].append(a)
                frames["b"].append(b)
        else:
            frames = {side: list(self._alone(side, getattr(listing, side))) for side in "ab"}
        kinds = {
            side: Counter(self.files.kind_of(item.path) for item in getattr(listing, side)).most_common(1)[0][
                0
            ]
            for side in "ab"
        }
        return Sides(
            frames=frames,
            kinds=kinds,
            paired=listing.paired,
            title=listing.title,
            longest=float(np.median(self.longer)) if self.longer else None,
        )

    def _pairs(self, listing: Listing) -> Iterator[tuple[Any, Any]]:
        couples = list(zip(listing.a, listing.b, strict=True))
        for a, b in self.run.progress(couples, "reading"):
            try:
                found = self._halves(a) if listing.halves else self._couple(a, b)
                yield from [self._taken(*pair, a, b, several=len(found) > 1) for pair in found]
            except BadFileError as error:
                self.rejects.add(a.name, str(error))
        self._refuse_too_many_bad(len(couples), "pairs")

    def _alone(self, side: str, items: Sequence[Item]) -> Iterator[Any]:
        before = len(self.rejects.bad())
        for item in self.run.progress(items, f"reading side {side.upper()}"):
            try:
                found = [frame for frame in self._read(side, item) if self._usable(side, frame)]
            except BadFileError as error:
                self.rejects.add(item.name, str(error))
                continue
            for frame in found:
                yield self._placed(frame, item, several=len(found) > 1)
        self._refuse_too_many_bad(len(items), f"pictures of side {side.upper()}", before)

    def _couple(self, a: Item, b: Item) -> list[tuple[Any, Any]]:
        """Return the pictures of two files that belong together: the only ones, or those of one slice."""
        first, second = self._read("a", a), self._read("b", b)
        whole = {self.files.kind_of(item.path) for item in (a, b)} & self.files.own_group
        if len(first) != len(second) and not whole:
            raise BadFileError(f"holds {len(first)} pictures, its partner {b.name} {len(second)}")
        if is_volume(a.path) and is_volume(b.path):
            _require_one_grid(a, b)
        if len(first) == len(second) == 1:
            pairs = [(first[0], second[0])]
        else:
            partner = {frame.part: frame for frame in second}
            pairs = [(frame, partner[frame.part]) for frame in first if frame.part in partner]
        for one, other in pairs:
            if one.pixels.shape[1:] != other.pixels.shape[1:]:
                sizes = [f"{frame.pixels.shape[2]}x{frame.pixels.shape[1]}" for frame in (one, other)]
                raise BadFileError(
                    f"is {sizes[0]}, but its partner {b.name} is {sizes[1]}: give both the same size"
                )
        return self._usable_pairs(pairs, a)

    def _halves(self, item: Item) -> list[tuple[Any, Any]]:
        """Return the left and the right half of each picture of a file."""
        pairs = []
        for frame in self._read("a", item):
            width = frame.pixels.shape[2]
            if width % 2:
                raise BadFileError(f"is {width} pixels wide: two pictures side by side have an even width")
            left, right = np.split(frame.pixels, 2, axis=2)
            pairs.append((replace(frame, pixels=left), replace(frame, pixels=right)))
        return self._usable_pairs(pairs, item)

    def _usable_pairs(self, pairs: Sequence[tuple[Any, Any]], item: Item) -> list[tuple[Any, Any]]:
        if len(pairs) == 1:  # what is wrong with it is wrong with the file
            _refuse(pairs[0][0], labels=self.options.labels == "a")
            _refuse(pairs[0][1], labels=self.options.labels == "b")
            return list(pairs)
        kept = [pair for pair in pairs if self._usable("a", pair[0]) and self._usable("b", pair[1])]
        if not kept:
            raise BadFileError(f"none of its {len(pairs)} pairs of pictures can be used")
        return kept

    def _read(self, side: str, item: Item) -> list[Any]:
        found = self.files_of[side].read(item.path)
        return (
            [checked_labels(frame, self.options.label_count) for frame in found]
            if self.options.labels == side
            else found
        )

    def _usable(self, side: str, frame: Frame) -> bool:
        try:
            _refuse(frame, labels=self.options.labels == side)
        except BadFileError:
            return False
        return True

    def _taken(self, first: Any, second: Any, a: Item, b: Item, several: bool) -> tuple[Any, Any]:
        """Both sides of a pair with their names; what side A knows of group and part holds for both."""
        first, second = self._placed(first, a, several), self._placed(second, b, several)
        first.group = second.group = first.group or (second.group if not several else None)
        first.split = second.split = first.split or second.split
        return first, second

    def _placed(self, frame: Any, item: Item, several: bool) -> Any:
        self.longer.append(max(frame.pixels.shape[1:]))
        frame.name, frame.split = item.name + frame.part, item.split
        frame.group = item.group or frame.group or (item.name if several else None)
        for note in frame.notes:
            self.rejects.add(frame.name, note, "used")
        if isinstance(frame, LabelFrame):
            shrink_labels(frame, self.limit)
        else:
            shrink_to_limit(frame, self.limit)
        return frame

    def _refuse_too_many_bad(self, total: int, what: str, before: int = 0) -> None:
        bad = self.rejects.bad()[before:]
        if len(bad) < total and len(bad) <= self.options.max_bad * total:
            return
        first = "; ".join(f"{file}: {reason}" for file, reason, _ in bad[:3])
        raise DataError(
            f"{len(bad)} of {total} {what} cannot be used ({first}); mend or remove them, or raise --max-bad "
            f"(now {self.options.max_bad:g})"
        )


def _require_one_grid(a: Item, b: Item) -> None:
    """Raise `BadFileError` for volumes whose slices of one number do not show one place."""
    one, other = grid_of(a.path), grid_of(b.path)
    if not one.agrees(other):
        raise BadFileError(f"has {one}, but its partner {b.name} {other}: bring both to one grid")


def _refuse(frame: Frame, labels: bool) -> None:
    """Raise `BadFileError` for what cannot be trained on; a label map may well have one label only."""
    if not labels:
        refuse_unusable(frame)
    if min(frame.pixels.shape[1:]) < SMALLEST:
        raise BadFileError(f"{frame.pixels.shape[2]}x{frame.pixels.shape[1]} pixels are too few")
