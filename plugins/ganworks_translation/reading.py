"""From what the user has to a `PairStudy`: find, read, conform, split, cache. Called once a run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ganworks.errors import DataError
from ganworks.run import Run
from ganworks_image import geometry
from ganworks_image.conform import one_channel_count, one_intensity
from ganworks_image.frames import Frame, Rejects
from ganworks_image.geometry import Geometry
from ganworks_image.intensity import IntensityMap, Pixels
from ganworks_image.splits import PARTS
from ganworks_translation import embedded
from ganworks_translation.ingest import Ingest, Sides
from ganworks_translation.label_maps import Labels, conform_labels, find_labels
from ganworks_translation.options import Options
from ganworks_translation.pairs import PairStudy, Side
from ganworks_translation.parts import Split, split_rows

__all__ = ["DEFAULT_LONGEST", "PairStudy", "read"]

DEFAULT_LONGEST = 128  # pixels of the longer side without --size: what a processor trains in half an hour
FEWEST = 8  # pictures of a side: some to learn from, some to choose with, some to test


def read(options: Options, run: Run) -> PairStudy:
    """Read the data of the options (or the embedded sample), or the run's cache where it is there.

    Raises:
        DataError: the data cannot be used; the message names what, where and the way out.
        MissingExtraError: a library is missing for a kind of file, or for the embedded sample.
    """
    if PairStudy.exists(run.cache):
        return PairStudy.load(run.cache)
    study = Reader(options, run).study()
    study.save(run.cache)
    _announce(study, run)
    return PairStudy.load(run.cache)


class Reader:
    """Reads what the options name; see `read`."""

    def __init__(self, options: Options, run: Run) -> None:
        self.options, self.run, self.rejects = options, run, Rejects()

    def study(self) -> PairStudy:
        sides = self._sides()
        self._check_enough(sides)
        shape = self._shape(sides)
        stored = {letter: self._stored(sides, letter, shape) for letter in "ab"}
        splits = self._splits(sides, stored)
        source, target = (
            stored[letter].kept(splits[letter], sides.frames[letter]) for letter in self.options.sides
        )
        notes = [*splits["a"].notes, *splits["b"].notes]
        return PairStudy(
            source=source,
            target=target,
            paired=sides.paired and not self.options.hide_pairs,
            pairs_known=sides.paired,
            direction=self.options.direction,
            flips=self._flips(sides),
            rejects=self.rejects.table(),
            title=sides.title,
            fingerprint=_fingerprint(source, target, paired=sides.paired),
            grouped_by=splits["a"].grouped_by,
            shrunk=max(1.0, (sides.longest or 0) / max(shape.height, shape.width)),
            notes=tuple(dict.fromkeys(notes)),
        )

    def _sides(self) -> Sides:
        if self.options.data is None and self.options.a is None:
            a, b = embedded.embedded_pairs()
            return Sides(
                frames={"a": a, "b": b},
                kinds={"a": "png", "b": "png"},
                paired=True,
                title=embedded.TITLE,
                longest=embedded.TILE,
            )
        limit = 2 * (self.options.size or DEFAULT_LONGEST)
        return Ingest(self.options, self.rejects, self.run, limit).read()

    def _check_enough(self, sides: Sides) -> None:
        for letter, frames in sides.frames.items():
            if len(frames) < FEWEST:
                what = "pairs" if sides.paired else f"pictures of side {letter.upper()}"
                raise DataError(
                    f"{sides.title}: only {len(frames)} usable {what}, and at least {FEWEST} are needed: "
                    "some to learn from, some to choose the checkpoint with, some to test"
                )

    def _shape(self, sides: Sides) -> Geometry:
        """The median shape of both sides sets the aspect ratio; see `ganworks_image.geometry.choose`."""
        frames = [frame for side in sides.frames.values() for frame in side]
        longest = self.options.size or geometry.default_longest(frames, DEFAULT_LONGEST)
        height, width = geometry.common_shape([frame.pixels.shape[1:] for frame in frames], longest)
        return Geometry(height=height, width=width)

    def _stored(self, sides: Sides, letter: str, shape: Geometry) -> _Stored:
        frames, kind = sides.frames[letter], sides.kinds[letter]
        if self.options.labels == letter:
            labels = find_labels(frames, self.options.label_count)
            maps = np.stack([labels.places(conform_labels(frame.pixels, shape, frame)) for frame in frames])
            units = IntensityMap(low=0, high=labels.count - 1, dtype="uint8", unit="label")
            return _Stored(maps, units, kind, labels)
        wanted = self.options.channels_a if letter == "a" else self.options.channels_b
        try:
            one_channel_count(frames, wanted, self.rejects)
            geometry.conform(frames, shape, self.rejects)
            return _Stored(*one_intensity(frames), kind)
        except DataError as error:  # of the image domain, which has one side only
            told = str(error).replace("--channels ", f"--channels-{letter} ")
            raise DataError(f"side {letter.upper()}: {told}") from None

    def _splits(self, sides: Sides, stored: dict[str, _Stored]) -> dict[str, Split]:
        holdout, seed = self.options.holdout, self.options.seed
        pictures = {letter: one.pictures for letter, one in stored.items()}
        if sides.paired:
            both = list(sides.frames.values())
            split = split_rows(both, list(pictures.values()), holdout, seed, self.rejects)
            return {"a": split, "b": split}
        return {
            letter: split_rows([sides.frames[letter]], [pictures[letter]], holdout, seed, self.rejects)
            for letter in "ab"
        }

    def _flips(self, sides: Sides) -> tuple[bool, bool]:
        """A body has a left and a right; most other pictures may be mirrored, if both sides are alike."""
        body = bool({"nifti", "dicom"} & set(sides.kinds.values()))
        flips = ("none" if body else "horizontal") if self.options.flips == "auto" else self.options.flips
        return flips != "none", flips == "both"


class _Stored(NamedTuple):
    """The pictures of a side in the order they were read."""

    pictures: Pixels
    intensity: IntensityMap
    kind: str
    labels: Labels | None = None

    def kept(self, split: Split, frames: Sequence[Frame]) -> Side:
        """Return the rows in use, sorted by part."""
        rows = split.order
        table = pd.DataFrame(
            {
                "file": [frames[row].name for row in rows.tolist()],
                "group": split.groups[rows],
                "split": [PARTS[number] for number in split.part[rows].tolist()],
            }
        )
        return Side(
            pictures=self.pictures[rows],
            table=table,
            intensity=self.intensity,
            kind=self.kind,
            labels=self.labels,
        )


def _fingerprint(source: Side, target: Side, paired: bool) -> str:
    digest = hashlib.sha256(str(paired).encode())
    for side in (source, target):
        digest.update(np.ascontiguousarray(side.pictures).data)
        digest.update(side.table["split"].to_csv(index=False).encode())
    return digest.hexdigest()


def _announce(study: PairStudy, run: Run) -> None:
    run.emit("data", **study.describe(), rejected=len(study.rejects))
    for note in study.notes:
        run.warn("data", note)
    out = study.rejects[study.rejects["action"].isin(["left out", "not evaluated"])]
    if len(out):
        first = f"{out['file'].iloc[0]}: {out['reason'].iloc[0]}"
        run.warn("rejected", f"{len(out)} pictures or pairs left out, listed in the report ({first})")
