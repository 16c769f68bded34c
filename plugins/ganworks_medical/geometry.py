"""One shape for all pictures: scaled evenly, then padded or cropped, never stretched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from ganworks.errors import UsageError
from ganworks_medical.frames import Frame, Rejects
from ganworks_medical.intensity import Pixels

DEFAULT_LONGEST = 64  # what a processor trains in minutes; ask for more with --size
LARGEST = 1024
CROP_AT_MOST = 0.15  # share of a side that may be cut off; beyond it the picture is padded instead


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """The common shape, and the pixel size in mm where the data say so."""

    height: int
    width: int
    spacing: tuple[float, float] | None


def resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resample (channels, height, width) bilinearly with antialiasing; integers stay integers, rounded."""
    if pixels.shape[1:] == (height, width):
        return pixels
    image = torch.from_numpy(np.ascontiguousarray(pixels).astype(np.float32))[None]
    small = F.interpolate(image, size=(height, width), mode="bilinear", antialias=True, align_corners=False)[
        0
    ].numpy()
    return np.rint(small).astype(pixels.dtype) if pixels.dtype.kind in "ui" else small


def shrink_to_limit(frame: Frame, limit: int) -> Frame:
    """Shrink a picture evenly to at most ``limit`` pixels a side: a folder of films must fit in memory."""
    _, height, width = frame.pixels.shape
    factor = limit / max(height, width)
    if factor < 1:
        frame.pixels = resize(frame.pixels, max(1, round(height * factor)), max(1, round(width * factor)))
        if frame.spacing is not None:
            new = frame.pixels.shape
            frame.spacing = (frame.spacing[0] * height / new[1], frame.spacing[1] * width / new[2])
    return frame


def choose(frames: Sequence[Frame], size: int | None, spacing_mm: float | None = None) -> Geometry:
    """Choose the common shape.

    Where every picture knows its spacing, extents are in mm, else in pixels. The median shape sets
    the aspect ratio. The longer side is ``size``, or the data's median rounded to a multiple of 4 and at most
    64 (28 stays 28); the shorter side is rounded to a multiple of 4 as well. Where ``spacing_mm`` is asked
    for, the longer side follows from it unless ``size`` is given too.

    Raises:
        UsageError: a spacing was asked for, but not every picture knows its own.
    """
    physical = _physical(frames)
    if spacing_mm is not None and not physical:
        raise UsageError(
            "--spacing needs a pixel spacing in every file, and some have none; leave --spacing out"
        )
    height, width = np.median([_extent(frame, physical) for frame in frames], axis=0)
    pixels = min(DEFAULT_LONGEST, float(np.median([max(frame.pixels.shape[1:]) for frame in frames])))
    if spacing_mm is not None:
        pixels = min(LARGEST, max(height, width) / spacing_mm)
    longest = size or max(8, round(pixels / 4) * 4)
    scale = 1 / spacing_mm if spacing_mm is not None else longest / max(height, width)
    shape = [
        longest if side * scale > longest - 2 else max(8, round(side * scale / 4) * 4)
        for side in (height, width)
    ]
    spacing = (1 / scale, 1 / scale) if _physical(frames) else None
    return Geometry(height=shape[0], width=shape[1], spacing=spacing)


def _physical(frames: Sequence[Frame]) -> bool:
    return all(frame.spacing is not None for frame in frames)


def _extent(frame: Frame, physical: bool) -> tuple[float, float]:
    """Height and width in mm where every picture knows its spacing, else in pixels."""
    height, width = frame.pixels.shape[1:]
    row, column = frame.spacing if physical and frame.spacing is not None else (1.0, 1.0)
    return height * row, width * column


def conform(frames: Sequence[Frame], geometry: Geometry, rejects: Rejects) -> None:
    """Give every picture the common shape, in place, and note how many were changed beyond scaling.

    With spacings, one millimetre is the same number of pixels in every result. Without, a picture is scaled
    to cover the shape and cropped when that costs at most 15 % of a side, else scaled to fit and padded.
    """
    counts = {"cropped": 0, "padded": 0}
    mixed = len({frame.pixels.shape[1:] for frame in frames})
    for frame in frames:
        height, width = _scaled(frame, geometry)
        frame.pixels = _pad_or_crop(resize(frame.pixels, height, width), geometry)
        counts["cropped"] += int(height > geometry.height or width > geometry.width)
        counts["padded"] += int(height < geometry.height or width < geometry.width)
    if mixed > 1 or any(counts.values()):
        action = f"resampled to {geometry.width}x{geometry.height}"
        action += "".join(f", {count} {what}" for what, count in counts.items() if count)
        rejects.add("(all)", f"{mixed} different shapes" if mixed > 1 else "sides no multiple of 4", action)


def _scaled(frame: Frame, geometry: Geometry) -> tuple[int, int]:
    height, width = _extent(frame, geometry.spacing is not None)
    if geometry.spacing is not None:
        scale = 1 / geometry.spacing[0]
    else:
        cover = max(geometry.height / height, geometry.width / width)
        fit = min(geometry.height / height, geometry.width / width)
        scale = cover if fit / cover >= 1 - CROP_AT_MOST else fit
    return max(1, round(height * scale)), max(1, round(width * scale))


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
