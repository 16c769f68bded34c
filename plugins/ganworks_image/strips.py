"""Strips: what went in, what came out, and what should have, side by side; one row a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ganworks.report.pictures import BETWEEN

GAP = 2  # pixels between pictures
HEAD = 14  # pixels of a line of the font that pillow brings


def strip(columns: Mapping[str, Sequence[NDArray[np.uint8]]]) -> Image.Image:
    """Return one picture of many: a column a kind with its name on top, a row a sample.

    Args:
        columns: name of the kind -> its pictures, (height, width), (height, width, 1) or (height, width, 3).
            Within a row the smaller ones are enlarged to the largest: by whole pixels as far as that goes, so
            that a small input shows its pixels.

    Raises:
        ValueError: no picture, columns of different lengths, or an array that is no 8-bit picture.
    """
    lengths = {len(pictures) for pictures in columns.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise ValueError(f"expected columns of one length with pictures in them, got {sorted(lengths)}")
    rows = [_row([_picture(one) for one in row]) for row in zip(*columns.values(), strict=True)]
    widths = [max(max(row[place].width for row in rows), _width(name)) for place, name in enumerate(columns)]
    height = HEAD + sum(row[0].height for row in rows) + GAP * (len(rows) - 1)
    sheet = Image.new("RGB", (sum(widths) + GAP * (len(widths) - 1), height), (BETWEEN,) * 3)
    draw, left = ImageDraw.Draw(sheet), 0
    for place, (name, width) in enumerate(zip(columns, widths, strict=True)):
        draw.text((left + 2, 1), name, fill="white")
        top = HEAD
        for row in rows:
            sheet.paste(row[place], (left, top))
            top += row[place].height + GAP
        left += width + GAP
    return sheet


def _row(pictures: Sequence[Image.Image]) -> list[Image.Image]:
    """The pictures in one size, that of the largest side by side."""
    size = max(one.width for one in pictures), max(one.height for one in pictures)
    return [one if one.size == size else one.resize(size, Image.Resampling.NEAREST) for one in pictures]


def _picture(pixels: NDArray[np.uint8]) -> Image.Image:
    shape = pixels.shape
    if (
        pixels.dtype != np.uint8
        or pixels.ndim not in (2, 3)
        or 0 in shape
        or shape[2:] not in ((), (1,), (3,))
    ):
        raise ValueError(
            f"expected uint8 (height, width) with 1 or 3 channels, got {pixels.dtype} of shape {shape}"
        )
    return Image.fromarray(pixels[:, :, 0] if shape[2:] == (1,) else np.ascontiguousarray(pixels)).convert(
        "RGB"
    )


def _width(text: str) -> int:
    return 4 + int(ImageDraw.Draw(Image.new("L", (1, 1))).textlength(text))
