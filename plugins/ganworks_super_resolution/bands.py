"""A large picture from top to bottom, in bands: the memory needed does not grow with its height."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def bands(
    run: Callable[[Array], Array],
    image: Array,
    *,
    rows: int,
    halo: int,
    fade: int,
    scale: int,
    multiple: int = 1,
) -> Iterator[Array]:
    """Yield the result of ``run(image)`` in parts (rows, width, channels), one below the other.

    Args:
        run: enlarges a band (rows, width, channels) of the image ``scale`` times.
        rows: of the image that a band adds.
        halo: further rows that are computed above and below, so that a band knows its surroundings.
        fade: rows on each side of a seam over which two bands fade into each other; 0 where the halo is so
            large that they agree.
        multiple: bands begin at multiples of this.
    """
    height, context = len(image), _up(halo + fade, multiple)
    rows = _up(max(rows, 2 * fade, 1), multiple)
    above = np.empty((0, 0, 0), np.float32)  # what the band above and this one share
    for top in range(0, height, rows):
        bottom, start = min(top + rows, height), max(top - context, 0)
        first, last = max(top - fade, 0), min(bottom + fade, height)
        band = run(image[start : min(bottom + context, height)])
        band = band[(first - start) * scale : (last - start) * scale].copy()
        _fade(above, band, 2 * fade * scale)
        final = height if bottom == height else bottom - fade
        yield band[: (final - first) * scale]
        above = band[(final - first) * scale :]


def _fade(old: Array, new: Array, steps: int) -> None:
    """Let the first rows of ``new`` begin as ``old`` and become their own in so many steps."""
    if len(old):
        share = ((np.arange(len(old), dtype=np.float32) + 0.5) / steps)[:, None, None]
        new[: len(old)] = old + (new[: len(old)] - old) * share


def _up(size: int, step: int) -> int:
    return -(-size // step) * step
