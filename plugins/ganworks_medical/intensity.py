"""Intensity windows of medical images: of Hounsfield units, and of magnetic resonance, which has no units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganworks.errors import UsageError
from ganworks_image.conform import common_dtype, in_window, one_intensity
from ganworks_image.intensity import IntensityMap, Pixels, percentile_window
from ganworks_medical.frames import MedicalFrame
from ganworks_medical.options import CT_WINDOWS_HU, window_limits


def medical_intensity(
    frames: Sequence[MedicalFrame], modality: str, window: str | None
) -> tuple[Pixels, IntensityMap]:
    """Return the stored pictures, (rows, channels, height, width), and the map back to input units.

    A window that was asked for holds for all. Without one, MR, which has no units, is windowed picture by
    picture (0.5th to 99.5th percentile) and goes back through the median window; 8-bit pictures keep 0..255;
    anything else uses the pooled percentiles of the data.

    Raises:
        DataError: 8-bit and deeper pictures are mixed, or everything lies outside the window.
        UsageError: a CT preset for data that are not in HU.
    """
    unit = Counter(frame.unit for frame in frames).most_common(1)[0][0]
    if window in CT_WINDOWS_HU and unit != "HU":
        raise UsageError(
            f"--window {window} is in Hounsfield units, but the data are not; give two numbers LOW,HIGH"
        )
    if window is not None:
        return in_window(frames, window_limits(window), unit)
    if modality == "mr" and common_dtype(frames) != "uint8":
        return _each_in_its_own(frames, unit)
    return one_intensity(frames, unit)


def _each_in_its_own(frames: Sequence[MedicalFrame], unit: str) -> tuple[Pixels, IntensityMap]:
    pictures, dtype = [frame.pixels for frame in frames], common_dtype(frames)
    windows = own_windows(pictures)
    maps = [IntensityMap(low=low, high=high, dtype=dtype, unit=unit) for low, high in windows]
    stored = np.stack([one.store(picture) for one, picture in zip(maps, pictures, strict=True)])
    low, high = (float(value) for value in np.median(windows, axis=0))
    return stored, IntensityMap(low=low, high=high, dtype=dtype, unit=unit)


def own_windows(pictures: Sequence[Pixels]) -> NDArray[np.float64]:
    """Return (pictures, 2): each picture's 0.5th and 99.5th percentile, for MR, which has no units."""
    windows = np.array([percentile_window([picture], 0.5, 99.5) for picture in pictures])
    for row in np.flatnonzero(windows[:, 0] >= windows[:, 1]).tolist():  # a bright speck on a flat ground
        windows[row] = float(pictures[row].min()), float(pictures[row].max())
    return windows
