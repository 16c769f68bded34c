"""A trained run on a user's own pictures: whole, at the scale of its training, in the units of its files."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np

from ganworks.errors import DataError, RunError, UsageError
from ganworks.registry import Registry
from ganworks.run import Run
from ganworks.session import Session
from ganworks_exports import runtime
from ganworks_image.applying import Picture, read_picture
from ganworks_image.conform import LUMA
from ganworks_image.frames import BadFileError
from ganworks_image.geometry import Geometry, resize
from ganworks_image.intensity import Pixels
from ganworks_image.readers import PICTURES
from ganworks_translation.label_maps import Labels, checked_labels, conform_labels, label_files
from ganworks_translation.pairs import PairStudy

Resize = Literal["auto", "none", "fit"]
Shape = tuple[int, int]  # height, width

TILE = 512  # pixels a side, for pictures that do not fit in memory
KEPT = 6  # maps of the input's size and the first layer's width held at once; measured: 2.4 to 5.6


@dataclass(frozen=True, kw_only=True)
class Translator:
    """The exported model of a run, and what must be known of its training.

    ``shape`` is that of the training pictures; the files were ``shrunk`` by so many times to get there.
    ``pixel_bytes`` is the memory that a pixel needs while the network runs.
    """

    model: runtime.Model
    labels: Labels | None
    shape: Shape
    shrunk: float
    pixel_bytes: int

    def __call__(self, path: Path, resizing: Resize = "auto") -> Picture:
        """Translate one file; see `translated`.

        Raises:
            DataError: the file cannot be read, or is not of the kind that the run was trained on.
        """
        given = self._read_labels(path) if self.labels else read_picture(path)
        result = self.translated(given.pixels, str(path), resizing)
        if result.dtype not in (np.uint8, np.uint16):
            raise DataError(
                f"{path}: the results of this run are {result.dtype}, which no picture file holds"
            )
        return Picture(pixels=result, alpha=given.alpha, dpi=given.dpi, notes=given.notes)

    def translated(self, pixels: Pixels, name: str, resizing: Resize = "auto") -> Pixels:
        """Translate (height, width, channels) in the units of the files; the result has the same size.

        ``auto`` shrinks it as the training pictures were, and enlarges the result again; ``none`` leaves it
        as it is; ``fit`` brings it to the training size. A label map holds channel numbers. Messages call the
        picture ``name``.

        Raises:
            DataError: it is not of the kind that the run was trained on, or does not fit in memory.
        """
        own: Shape = (pixels.shape[0], pixels.shape[1])
        seen = self._seen(own, resizing)
        shrunk = self._resized(np.moveaxis(self._suited(pixels, name), 2, 0), seen)
        made = self._run(np.ascontiguousarray(np.moveaxis(shrunk, 0, 2)), name)
        return np.ascontiguousarray(np.moveaxis(resize(np.moveaxis(made, 2, 0), *own), 0, 2))

    # inside
    def _read_labels(self, path: Path) -> Picture:
        assert self.labels is not None
        try:
            frames = label_files(PICTURES).read(path)
            places = [self.labels.places(checked_labels(frame, None).pixels) for frame in frames[:1]]
        except (BadFileError, OSError) as error:
            raise DataError(f"{path}: {error}") from None
        return Picture(pixels=np.moveaxis(places[0], 0, 2))

    def _suited(self, pixels: Pixels, name: str) -> Pixels:
        """Return (height, width, channels) with the type and the channels that the model takes."""
        port = self.model.inputs["image"]
        wanted, dtype = port["shape"][3], np.dtype(port["dtype"])
        if pixels.dtype != dtype:
            raise DataError(
                f"{name}: its numbers are {pixels.dtype}, the run was trained on {dtype}: convert it first"
            )
        channels = pixels.shape[2]
        if (channels, wanted) == (1, 3):
            return pixels.repeat(3, axis=2)
        if (channels, wanted) == (3, 1):
            grey = np.tensordot(pixels.astype(np.float32), LUMA, axes=1)[..., None]
            return np.asarray(np.rint(grey).astype(dtype))
        if channels != wanted:
            raise DataError(f"{name} has {channels} channels, and the run was trained on {wanted}")
        return pixels

    def _seen(self, own: Shape, resizing: Resize) -> Shape:
        if resizing == "fit":
            return self.shape
        factor = self.shrunk if resizing == "auto" else 1.0
        height, width = (max(1, round(side / factor)) for side in own)
        return height, width

    def _resized(self, pixels: Pixels, seen: Shape) -> Pixels:
        if self.labels is None:
            return resize(pixels, *seen)
        return _nearest(pixels, seen)

    def _run(self, image: Pixels, name: str) -> Pixels:
        """Run whole; what does not fit in memory in tiles, if the network looks at the surroundings only."""
        height, width = image.shape[:2]
        needed, there = height * width * self.pixel_bytes, _physical_memory()
        tile = None if needed <= there else TILE
        try:
            return self.model.transform(image, tile=tile)
        except ValueError as error:
            if tile is None:
                raise RunError(f"{name}: {error}") from None
            raise DataError(
                f"{name}: {width} x {height} pixels need about {needed / 1e9:.0f} GB of memory at once, and "
                f"there are {there / 1e9:.0f}: shrink it, or use --resize fit"
            ) from None


@contextmanager
def opened(folder: Path, registry: Registry) -> Iterator[Translator]:
    """Open the model of a finished `gan run translate`; one in another format is exported on the fly.

    Raises:
        UsageError: no run, or one of another domain.
        RunError: nothing has been trained yet, or the model is damaged.
    """
    run = Run(folder)
    domain = run.settings().get("domain")
    if domain != "translate":
        raise UsageError(f"{folder} is a run of {domain}: give the folder of a `gan run translate`")
    study = PairStudy.load(run.cache)
    with TemporaryDirectory() as scratch:
        path = (
            _exported(run)
            or Session.open(folder, registry).export("onnx", Path(scratch) / "generator.onnx").file
        )
        try:
            model = runtime.load(path, threads=os.cpu_count() or 1)
            pixel_bytes = _pixel_bytes(runtime.read(path), study.source_space.channels)
        except (runtime.ModelRefused, OSError) as error:
            raise RunError(f"{error}; write it again with `gan export {folder}`") from None
        _, height, width = study.target_space.shape
        yield Translator(
            model=model,
            labels=study.source.labels,
            shape=(height, width),
            shrunk=study.shrunk,
            pixel_bytes=pixel_bytes,
        )


def _exported(run: Run) -> Path | None:
    """The model in the run's folder, where it is in ONNX."""
    name = str(run.metrics().get("export", {}).get("file", ""))
    path = run.folder / name
    return path if name.endswith(".onnx") and path.is_file() else None


def _pixel_bytes(contents: runtime.Contents, channels: int) -> int:
    """Bytes a pixel of the input needs: some maps with the width of the layer that sees the input."""
    shapes = [weight.shape for weight in contents.graph.weights.values() if len(weight.shape) == 4]
    first = min((shape[0] for shape in shapes if shape[1] == channels), default=64)
    return KEPT * 4 * first


def _nearest(pixels: Pixels, seen: Shape) -> Pixels:
    from ganworks_image.frames import Frame

    frame = Frame(pixels=pixels, dtype=str(pixels.dtype))
    return conform_labels(pixels, Geometry(height=seen[0], width=seen[1]), frame)


def _physical_memory() -> float:
    """Bytes of this machine; no limit where the system does not tell."""
    if sys.platform == "win32":
        return math.inf
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
