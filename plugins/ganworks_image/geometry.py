"""One shape for all pictures: scaled evenly, then padded or cropped, never stretched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike

from ganworks_image.frames import Frame, Rejects
from ganworks_image.intensity import Pixels

DEFAULT_LONGEST = 64  # what a processor trains in minutes; ask for more with --size
LARGEST = 1024
CROP_AT_MOST = 0.5  # share of a side that may be cut off; beyond it the picture is padded instead


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """The common shape; a domain that knows the size of a pixel overrides `scaled`."""

    height: int
    width: int
    crop_at_most: float = CROP_AT_MOST

    def scaled(self, frame: Frame) -> tuple[int, int]:
        """Return the (height, width) to which a picture is scaled before it is padded or cropped.

        It covers the shape where that costs at most ``crop_at_most`` of a side, and fits into it otherwise.
        """
        height, width = frame.pixels.shape[1:]
        cover = max(self.height / height, self.width / width)
        fit = min(self.height / height, self.width / width)
        scale = cover if fit / cover >= 1 - self.crop_at_most else fit
        return max(1, round(height * scale)), max(1, round(width * scale))


def resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resample (channels, height, width) bilinearly with antialiasing; integers stay integers, rounded."""
    if pixels.shape[1:] == (height, width):
        return pixels
    image = torch.from_numpy(np.ascontiguousarray(pixels).astype(np.float32))[None]
    small = F.interpolate(image, size=(height, width), mode="bilinear", antialias=True, align_corners=False)[
        0
    ].numpy()
    return np.rint(small).astype(pixels.dtype) if pixels.dtype.kind in "ui" else small


def shrink_to_limit(frame: Frame, limit: int) -> None:
    """Shrink a picture evenly to at most ``limit`` pixels a side: a folder of films must fit in memory."""
    _, height, width = frame.pixels.shape
    factor = limit / max(height, width)
    if factor < 1:
        size = max(1, round(height * factor)), max(1, round(width * factor))
        frame.resampled(resize(frame.pixels, *size))


def choose(frames: Sequence[Frame], size: int | None, crop_at_most: float = CROP_AT_MOST) -> Geometry:
    """Choose the common shape.

    The median shape sets the aspect ratio. The longer side is ``size``, or the data's median rounded to a
    multiple of 4 and at most 64 (28 stays 28); the shorter side is rounded to a multiple of 4 as well.
    """
    shapes = [frame.pixels.shape[1:] for frame in frames]
    height, width = common_shape(shapes, size or default_longest(frames))
    return Geometry(height=height, width=width, crop_at_most=crop_at_most)


def default_longest(frames: Sequence[Frame], limit: float = DEFAULT_LONGEST) -> int:
    """Return the median of the longer sides, at most ``limit``, as a multiple of 4 from 8 on."""
    median = float(np.median([max(frame.pixels.shape[1:]) for frame in frames]))
    return max(8, round(min(limit, median) / 4) * 4)


def common_shape(extents: ArrayLike, longest: int, scale: float | None = None) -> tuple[int, int]:
    """Return (height, width) in pixels with the median aspect of ``extents`` (rows, 2).

    ``scale``, pixels a unit of the extents, is by default such that the longer side is ``longest``.
    """
    height, width = np.median(np.asarray(extents, dtype=float), axis=0)
    scale = scale if scale is not None else longest / max(height, width)
    shape = [
        longest if side * scale > longest - 2 else max(8, round(side * scale / 4) * 4)
        for side in (height, width)
    ]
    return shape[0], shape[1]


def conform(frames: Sequence[Frame], geometry: Geometry, rejects: Rejects) -> None:
    """Give every picture the common shape, in place, and note how many were changed beyond scaling."""
    counts = {"cropped": 0, "padded": 0}
    mixed = len({frame.pixels.shape[1:] for frame in frames})
    for frame in frames:
        height, width = geometry.scaled(frame)
        frame.pixels = _pad_or_crop(resize(frame.pixels, height, width), geometry)
        counts["cropped"] += int(height > geometry.height or width > geometry.width)
        counts["padded"] += int(height < geometry.height or width < geometry.width)
    if mixed > 1 or any(counts.values()):
        action = f"resampled to {geometry.width}x{geometry.height}"
        action += "".join(f", {count} {what}" for what, count in counts.items() if count)
        rejects.add("(all)", f"{mixed} different shapes" if mixed > 1 else "sides no multiple of 4", action)


def _pad_or_crop(pixels: Pixels, geometry: Geometry) -> Pixels:
    """Centre the picture; what is missing is filled with its own darkest value."""
    for axis, target in ((1, geometry.height), (2, geometry.width)):
        spare = target - pixels.shape[axis]
        if spare < 0:
            pixels = np.take(pixels, range(-spare // 2, -spare // 2 + target), axis)
        elif spare > 0:
            around = [(0, 0)] * 3
            around[axis] = (spare // 2, spare - spare // 2)
            pixels = np.pad(pixels, around, constant_values=pixels.min())
    return pixels
