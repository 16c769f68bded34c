"""From the input's own numbers to the network's [-1, 1] and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.generic]


@dataclass(frozen=True, kw_only=True, slots=True)
class IntensityMap:
    """An affine map: ``low`` in input units is -1, ``high`` is 1.

    ``dtype`` is NumPy's name of the kind in which files of the input hold their numbers; ``unit`` is a word
    for people: ``intensity``, or what a domain measures in.
    """

    low: float
    high: float
    dtype: str
    unit: str = "intensity"

    def to_units(self, images: NDArray[np.floating[Any]]) -> Pixels:
        """Map [-1, 1] of any shape to input units; integers are rounded and never wrap round."""
        fraction = (np.clip(np.asarray(images, dtype=np.float64), -1, 1) + 1) / 2
        values = self.low + fraction * (self.high - self.low)
        dtype = np.dtype(self.dtype)
        if dtype.kind == "f":
            return values.astype(dtype)
        limits = np.iinfo(dtype)
        return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)

    def store(self, pixels: Pixels) -> NDArray[np.uint16]:
        """Map input units to uint16 so that its full range is the window; values outside are clipped."""
        fraction = (np.asarray(pixels, dtype=np.float64) - self.low) / (self.high - self.low)
        return np.rint(np.clip(fraction, 0, 1) * 65535).astype(np.uint16)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def percentile_window(pictures: Sequence[Pixels], lower: float, upper: float) -> tuple[float, float]:
    """Return the pooled percentiles over at most 4,096 evenly spaced pixels a picture."""
    drawn = [picture.reshape(-1)[:: max(1, picture.size // 4096)] for picture in pictures]
    low, high = np.percentile(np.concatenate(drawn).astype(np.float64), (lower, upper))
    return float(low), float(high)


def data_window(pictures: Sequence[Pixels], dtype: str) -> tuple[float, float]:
    """Return the pooled 0.1st and 99.9th percentile, rounded outwards for whole numbers."""
    low, high = percentile_window(pictures, 0.1, 99.9)
    if low >= high:  # nearly every pixel is background
        low, high = float(min(p.min() for p in pictures)), float(max(p.max() for p in pictures))
    return (float(np.floor(low)), float(np.ceil(high))) if np.dtype(dtype).kind in "ui" else (low, high)
