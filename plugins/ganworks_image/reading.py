"""From what the user has to a `Study`: read, check, conform, find copies, split, cache. Called once a run."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

from ganworks.errors import UsageError, nearest
from ganworks.run import Run
from ganworks_image import duplicates, embedded, geometry
from ganworks_image.announcing import announce
from ganworks_image.conform import one_channel_count, one_intensity
from ganworks_image.formats import output_kind
from ganworks_image.frames import Frame, Rejects
from ganworks_image.geometry import Geometry
from ganworks_image.ingest import Ingest
from ganworks_image.intensity import IntensityMap, Pixels
from ganworks_image.options import Options, StudyOptions
from ganworks_image.partition import Partition
from ganworks_image.policies import AugmentationPolicy, with_flips
from ganworks_image.readers import PICTURES, FileKinds, Make
from ganworks_image.sources import UNLABELLED, Groups, Source, kind_of_source
from ganworks_image.splits import PARTS
from ganworks_image.study import Study

LOW_DATA = 50  # training images of a class below which copies and collapse are to be expected

AnyOptions = TypeVar("AnyOptions", bound=StudyOptions)


class Reader(Generic[AnyOptions]):
    """Reads ``options.data`` into a study; a domain overrides what it knows better.

    Attributes:
        study: the class of the result.
        make: the class of a picture.
        rejects: the table of everything that was not used as it came.
    """

    study: type[Study] = Study
    make: Make = Frame

    def __init__(self, options: AnyOptions, run: Run | None = None) -> None:
        self.options, self.run, self.rejects = options, run, Rejects()

    # what a domain overrides
    def files(self) -> FileKinds:
        """Return the kinds of files that are read."""
        return PICTURES

    def groups(self) -> Groups:
        """Return how pictures are told to belong together."""
        return Groups()

    def embedded(self) -> tuple[list[Any], str, str]:
        """Return pictures, kind of file and title of the sample that is used without ``--data``."""
        return embedded.embedded_frames(), "png", embedded.TITLE

    def selected(self, frames: list[Any]) -> list[Any]:
        """Return the pictures to use, of those that can be used."""
        return frames

    def geometry(self, frames: Sequence[Any]) -> Geometry:
        """Return the shape that all pictures get."""
        return geometry.choose(frames, self.options.size)

    def intensity(self, frames: Sequence[Any]) -> tuple[Pixels, IntensityMap]:
        """Return the stored pictures (rows, channels, height, width), and the map back to input units."""
        return one_intensity(frames)

    def policy(self, frames: Sequence[Any]) -> AugmentationPolicy:
        """Return the classical augmentation that leaves a label true."""
        return with_flips(AugmentationPolicy(), self.options.flips)

    def limits(self) -> Mapping[str, int]:
        """Return class -> training images to keep in the embedded sample."""
        return {}

    def limit_pixels(self) -> int:
        """Return the longer side beyond which a picture is shrunk at once.

        Twice the final size keeps the resampling exact.
        """
        return 2 * (self.options.size or geometry.DEFAULT_LONGEST)

    def small_hint(self, frames: Sequence[Any]) -> str:
        """Return what else to do where classes are too small, as the end of a sentence."""
        return ""

    def fields(self, frames: Sequence[Any], shape: Geometry, kind: str) -> dict[str, Any]:
        """Return the fields that the domain's study adds."""
        return {}

    # the reading
    def read(self, cache: Path) -> Study:
        """Read the data (or the embedded sample), write the study under ``cache`` and return it.

        Raises:
            DataError: the data cannot be used; the message names what, where and the way out.
            UsageError: an option does not fit the data.
        """
        frames, kind, title = self._frames()
        one_channel_count(frames, self.options.channels, self.rejects)
        shape = self.geometry(frames)
        geometry.conform(frames, shape, self.rejects)
        images, intensity = self.intensity(frames)
        policy = self.policy(frames)
        twins = duplicates.find_twins(images, mirrored=policy.horizontal_flip)
        hint = self.small_hint(frames)
        parts = Partition(frames, twins, self.options, self.rejects, self.groups(), hint)
        left_out = parts.decide(self._limits)
        keep = parts.rows().tolist()  # sorted by split
        table = _table([frames[row] for row in keep], parts, keep)
        study = self.study(
            images=images[keep],
            table=table,
            rejects=self.rejects.table(),
            classes=parts.classes,
            intensity=intensity,
            kind=output_kind(
                self.options.file_kind, kind, intensity.dtype, images.shape[1], self.study.formats
            ),
            policy=policy,
            fingerprint=_fingerprint(images[keep], table),
            title=title,
            grouped_by=parts.grouped_by,
            leaks=parts.leaks,
            notes=tuple(parts.notes),
            left_out=left_out,
            **self.fields(frames, shape, kind),
        )
        training = Counter(table.loc[table["split"] == "train", "label"])
        study.low_data = {name: training[name] for name in study.classes if training[name] < LOW_DATA}
        study.save(cache)
        if self.run is not None:
            announce(study, self.run)
        return self.study.load(cache)

    def _frames(self) -> tuple[list[Any], str, str]:
        data = self.options.data
        if data is None:
            frames, kind, title = self.embedded()
            return frames if self.options.labelled else _without_labels(frames), kind, title
        source = Source(
            path=data,
            kind=kind_of_source(data, self.options.kind),
            files=self.files(),
            groups=self.groups(),
            labelled=self.options.labelled,
        )
        frames, kind = Ingest(
            source,
            self.rejects,
            max_bad=self.options.max_bad,
            limit=self.limit_pixels(),
            make=type(self).make,
            run=self.run,
        ).read()
        # a manifest names exactly what is wanted
        return frames if source.kind == "csv" else self.selected(frames), kind, data.resolve().stem

    def _limits(self, classes: Sequence[str]) -> dict[str, int]:
        """Return class -> training images to keep.

        Raises:
            UsageError: ``starve`` names a class that is not there.
        """
        cap, starve = self.options.cap_per_class, self.options.starve
        limits = {} if cap is None else dict.fromkeys(classes, cap)
        if starve is None:
            return limits if self.options.data is not None else {**limits, **self.limits()}
        name, _, number = starve.rpartition("=")
        if name not in classes:
            known = nearest(name, classes) or f" (classes: {', '.join(classes)})"
            raise UsageError(f"--starve {starve}: there is no class '{name}'{known}; name one of the data")
        return {**limits, name: int(number)}


class ImageReader(Reader[Options]):
    """Reads images of any kind."""

    def groups(self) -> Groups:
        return Groups(expression=self.options.group_regex)


def _without_labels(frames: list[Any]) -> list[Any]:
    for frame in frames:
        frame.label = UNLABELLED
    return frames


def _table(frames: Sequence[Frame], parts: Partition, keep: Sequence[int]) -> pd.DataFrame:
    labels, salt = [frame.label for frame in frames], _salt()
    return pd.DataFrame(
        {
            "file": [frame.name for frame in frames],
            "label": labels,
            "index": [parts.classes.index(label) for label in labels],
            "group": [_hashed(parts.group_name(row), salt) for row in keep],
            "split": [PARTS[parts.part[row]] for row in keep],
            "source": [frame.source for frame in frames],
        }
    )


def _salt() -> bytes:
    """A secret of this run, never written: without it a hash of a name is undone by trying all names."""
    return secrets.token_bytes(16)


def _hashed(text: str, salt: bytes) -> str:
    return hashlib.blake2b(text.encode(), key=salt, digest_size=6).hexdigest()


def _fingerprint(images: Pixels, table: pd.DataFrame) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(images).data)
    digest.update(table[["label", "split"]].to_csv(index=False).encode())
    return digest.hexdigest()
