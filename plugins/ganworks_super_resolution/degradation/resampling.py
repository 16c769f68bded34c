"""Other numbers of pixels: the reduction of the papers' protocol, and resampling to any size."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Mode = Literal["area", "bilinear", "bicubic"]
REACH = 2  # result pixels on each side that the bicubic kernel (a = -0.5, widened by the scale) looks at


def bicubic_down(x: Tensor, scale: int, levels: float | None = 255) -> Tensor:
    """Reduce (batch, channels, height, width) as the papers do, who use MATLAB's imresize.

    ``scale`` divides height and width. Bicubic with a = -0.5 (Keys 1981) and antialiasing, edge pixels
    repeated beyond the border, rounded to ``levels`` steps. Of the 8-bit pictures that papers score on it
    gives the reduced ones that Huang et al. 2015 published: in Set14 x4 all but 68 of 570,547 bytes, which
    differ by 1 (halves, in single precision).
    """
    small = reduced(repeated_edge(x, REACH * scale), scale, levels)
    return small[..., REACH:-REACH, REACH:-REACH]


def reduced(x: Tensor, scale: int, levels: float | None) -> Tensor:
    """Reduce as `bicubic_down`, but the outer `REACH` pixels of the result know no surroundings."""
    height, width = x.shape[-2] // scale, x.shape[-1] // scale
    for size in ((height, x.shape[-1]), (height, width)):  # MATLAB rounds between the two passes as well
        x = quantised(F.interpolate(x, size=size, mode="bicubic", antialias=True), levels)
    return x


def quantised(x: Tensor, levels: float | None) -> Tensor:
    """Clip to [0, 1] and round, halves up, to ``levels`` steps above 0 (255 of 8 bit); None: no rounding."""
    x = x.clamp(0, 1)
    return x if levels is None else (x * levels + 0.5).floor_() / levels


def repeated_edge(x: Tensor, rim: int) -> Tensor:
    """Continue a picture by the pixels of its edge."""
    return F.pad(x, (rim, rim, rim, rim), mode="replicate") if rim else x


def resized(x: Tensor, height: int, width: int, mode: Mode) -> Tensor:
    """Resample to any size, larger or smaller, clipped to [0, 1]; bilinear and bicubic with antialiasing."""
    if x.shape[-2:] == (height, width):
        return x
    if mode == "area":
        return F.interpolate(x, size=(height, width), mode="area")
    return F.interpolate(x, size=(height, width), mode=mode, antialias=True).clamp(0, 1)


def symmetric_pad(x: Tensor, rim: int) -> Tensor:
    """Continue a picture by its mirror image, edge pixels doubled; also beyond its own size."""
    rows, columns = (torch.from_numpy(symmetric_index(-rim, side + rim, side)) for side in x.shape[-2:])
    return x[..., rows, :][..., columns]


def symmetric_index(start: int, stop: int, side: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return for the places ``start`` to ``stop`` of a mirrored line the pixels, all in 0 to ``side`` - 1.

    >>> symmetric_index(-2, 5, 3).tolist()
    [1, 0, 0, 1, 2, 2, 1]
    """
    place = np.arange(start, stop, dtype=np.int64) % (2 * side)
    return np.minimum(place, 2 * side - 1 - place)
