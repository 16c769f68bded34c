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
    for people: ``HU`` or ``intensity``.
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


def own_windows(pictures: Sequence[Pixels]) -> NDArray[np.float64]:
    """Return (pictures, 2): each picture's 0.5th and 99.5th percentile, for MR, which has no units."""
    windows = np.array([percentile_window([picture], 0.5, 99.5) for picture in pictures])
    for row in np.flatnonzero(windows[:, 0] >= windows[:, 1]).tolist():  # a bright speck on a flat ground
        windows[row] = float(pictures[row].min()), float(pictures[row].max())
    return windows
