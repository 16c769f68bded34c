"""A picture as a file holds it, upright, with all that is needed to write it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

MOST_PIXELS = 178_956_970  # where Pillow, too, takes a small file of many pixels for an attack


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Pixels as a file holds them, upright.

    Attributes:
        pixels: (height, width, channels), uint8 or uint16 over their whole range; 1 is grey, 3 colour.
        alpha: (height, width) of the same type, or None; not multiplied into the pixels. Where it is 0 the
            pixels repeat the nearest visible ones, so that hidden colours cannot bleed into what is seen.
        icc: colour profile.
        dpi: pixels an inch, across and down.
        notes: what was converted, in words.
    """

    pixels: Array
    alpha: Array | None = None
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def too_large(most_pixels: int) -> str:
    return f"it has more than {most_pixels / 1e6:.0f} million pixels; cut it into parts first"


def upright(pixels: Array, orientation: int) -> Array:
    """Turn (height, width, channels) as Exif's and TIFF's tag 274 asks; unknown values count as 1."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    down = orientation in (3, 4, 7, 8)
    across = orientation in (2, 3, 6, 7)
    return pixels[:: -1 if down else 1, :: -1 if across else 1]


def without_hidden_colours(picture: Picture) -> Picture:
    """Give every fully transparent pixel the colour of the nearest visible one."""
    from scipy.ndimage import distance_transform_edt

    assert picture.alpha is not None
    hidden = picture.alpha == 0
    if not hidden.any() or hidden.all():
        return picture
    rows, columns = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    return replace(picture, pixels=picture.pixels[rows, columns])
