"""Holes to fill: random boxes and strokes, as scratches, stamps and erased things leave them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from ganworks_super_resolution.degradation.draws import Draws

SHAPES = (1, 5)  # fewest and most holes of a picture
BOXES = 0.4  # share of the holes that are boxes; the others are strokes
BOX = (0.08, 0.35)  # sides of a box, share of the picture's
POINTS = (2, 6)  # corners of a stroke
THICKNESS = (0.02, 0.10)  # of a stroke, share of the picture's shorter side


def random_holes(draws: Draws, height: int, width: int) -> Tensor:
    """Draw (rows, 1, height, width): 1 in a hole, 0 elsewhere."""
    holes = np.stack([_holes(np.random.default_rng(seed), height, width) for seed in draws.seeds("holes")])
    return torch.from_numpy(holes)[:, None]


def _holes(random: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    canvas = Image.new("L", (width, height))
    pen = ImageDraw.Draw(canvas)
    for _ in range(random.integers(*SHAPES, endpoint=True)):
        if random.random() < BOXES:
            wide, high = (max(1.0, random.uniform(*BOX) * side) for side in (width, height))
            left, top = random.uniform(0, width - wide), random.uniform(0, height - high)
            pen.rectangle((left, top, left + wide, top + high), fill=1)
        else:
            points = random.uniform(0, (width, height), (random.integers(*POINTS, endpoint=True), 2))
            thickness = max(1, round(random.uniform(*THICKNESS) * min(height, width)))
            pen.line([(x, y) for x, y in points.tolist()], fill=1, width=thickness, joint="curve")
    return np.asarray(canvas, dtype=np.float32)
