"""One shape for all scans, in millimetres where every file knows the size of its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganworks.errors import UsageError
from ganworks_image import geometry
from ganworks_image.frames import Frame
from ganworks_image.geometry import LARGEST, Geometry
from ganworks_medical.frames import MedicalFrame

CROP_AT_MOST = 0.15  # share of a side: anatomy is rather padded than cut off


@dataclass(frozen=True, kw_only=True)
class PhysicalGeometry(Geometry):
    """A shape with a pixel size: one millimetre is the same number of pixels in every result."""

    spacing: tuple[float, float]  # (row, column) in mm

    def scaled(self, frame: Frame) -> tuple[int, int]:
        assert isinstance(frame, MedicalFrame)
        height, width = _extent(frame)
        return max(1, round(height / self.spacing[0])), max(1, round(width / self.spacing[0]))


def choose(frames: Sequence[MedicalFrame], size: int | None, spacing_mm: float | None = None) -> Geometry:
    """Choose the common shape: in millimetres where every picture knows its spacing, else in pixels.

    See `ganworks_image.geometry.choose`. Where ``spacing_mm`` is asked for, the longer side follows from it
    unless ``size`` is given too.

    Raises:
        UsageError: a spacing was asked for, but not every picture knows its own.
    """
    physical = all(frame.spacing is not None for frame in frames)
    if spacing_mm is not None and not physical:
        raise UsageError(
            "--spacing needs a pixel spacing in every file, and some have none; leave --spacing out"
        )
    if not physical:
        return geometry.choose(frames, size, CROP_AT_MOST)
    extents = np.array([_extent(frame) for frame in frames])  # (frames, 2) in mm
    longest = float(np.median(extents, axis=0).max())
    pixels = size or geometry.default_longest(frames)
    if spacing_mm is not None and size is None:
        pixels = max(8, round(min(LARGEST, longest / spacing_mm) / 4) * 4)
    scale = 1 / spacing_mm if spacing_mm is not None else pixels / longest
    height, width = geometry.common_shape(extents, pixels, scale)
    return PhysicalGeometry(height=height, width=width, spacing=(1 / scale, 1 / scale))


def _extent(frame: MedicalFrame) -> tuple[float, float]:
    """Height and width in mm."""
    assert frame.spacing is not None
    height, width = frame.pixels.shape[1:]
    return height * frame.spacing[0], width * frame.spacing[1]
