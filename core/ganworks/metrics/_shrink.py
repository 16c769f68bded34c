"""Large images at the size at which they are compared: detail beyond it costs memory and decides nothing."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

SIDE = 64  # pixels on the longer side: what the copy test and the small classifiers see of an image


def at_most(images: Tensor, side: int = SIDE) -> Tensor:
    """Average images (n, c, h, w) down to ``side`` pixels on the longer side; smaller ones stay as they are.

    Returns:
        float32; the images themselves, no copy, where nothing is to do.
    """
    images = images.float()
    scale = side / max(images.shape[-2:])
    if scale >= 1:
        return images
    size = [max(1, round(length * scale)) for length in images.shape[-2:]]
    return F.interpolate(images, size=size, mode="area")
