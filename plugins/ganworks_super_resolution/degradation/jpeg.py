"""JPEG by the codec that real pictures went through."""

from __future__ import annotations

import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


def jpeg_coded(x: Tensor, quality: Tensor) -> Tensor:
    """Write and read each row of ``x`` (batch, channels, height, width) as JPEG of its ``quality`` (batch,).

    ``quality`` is whole, 1 to 100. One and three channels are one file; of any other number each is a file.
    """
    pictures = torch.round(x.clamp(0, 1) * 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    coded = [_coded(picture, int(q)) for picture, q in zip(pictures, quality.tolist(), strict=True)]
    return torch.from_numpy(np.stack(coded)).permute(0, 3, 1, 2).to(x) / 255


def _coded(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """(height, width, channels) through the codec."""
    if picture.shape[2] == 3:
        return _through_file(np.ascontiguousarray(picture), quality)
    return np.stack(
        [_through_file(np.ascontiguousarray(plane), quality) for plane in np.moveaxis(picture, 2, 0)], 2
    )


def _through_file(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    with Image.open(stream) as file:
        return np.array(file)
