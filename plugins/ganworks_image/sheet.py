"""The sheet: samples at a glance, one row a class, as a picture file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from ganworks.report.pictures import BETWEEN, image_grid

COLUMNS = 10
UNLABELLED_ROWS = 8
MOST_CLASSES = 20
LEAST_SIDE = 56  # pixels of the longer side: smaller images are enlarged by a whole number
TEXT_HEIGHT = 14  # pixels of a line of the font that pillow brings


def write_sheet(path: Path, images: Tensor, labels: Tensor, classes: Sequence[str]) -> None:
    """Write the first samples of each class, ten a row, with the class above its row.

    Args:
        path: a PNG file, marked as synthetic like every sample.
        images: (rows, channels, height, width) in [-1, 1].
        labels: (rows,) class numbers.
        classes: names; empty: the first images whatever their label.
    """
    rows = _chosen(labels, classes)
    strips = [(name, _picture(images[index])) for name, index in rows if len(index)]
    head = TEXT_HEIGHT if classes else 0
    width = max(strip.width for _, strip in strips)
    sheet = Image.new("RGB", (width, sum(strip.height + head for _, strip in strips)), (BETWEEN,) * 3)
    draw, top = ImageDraw.Draw(sheet), 0
    for name, strip in strips:
        draw.text((2, top + 1), name, fill="white")
        sheet.paste(strip, (0, top + head))
        top += strip.height + head
    info = PngInfo()
    info.add_text("synthetic", "true")
    sheet.save(path, format="PNG", pnginfo=info)


def _chosen(labels: Tensor, classes: Sequence[str]) -> list[tuple[str, Tensor]]:
    """Return class -> rows to show."""
    if not classes:
        return [("", torch.arange(min(len(labels), COLUMNS * UNLABELLED_ROWS)))]
    each = [(labels == number).nonzero()[:COLUMNS, 0] for number in range(min(len(classes), MOST_CLASSES))]
    return list(zip(classes, each, strict=False))


def _picture(images: Tensor) -> Image.Image:
    scale = max(1, -(-LEAST_SIDE // max(images.shape[-2:])))
    small = Image.fromarray(image_grid(images, COLUMNS)).convert("RGB")
    return small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)
