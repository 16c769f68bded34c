"""Photos written one after another as they are read, so that only one is in memory at a time."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganworks_image.conform import one_channel_count
from ganworks_image.duplicates import thumbnails
from ganworks_image.frames import Frame, Rejects
from ganworks_image.ingest import Ingest
from ganworks_image.intensity import Pixels

ALIGNMENT = 16  # bytes; a view of numbers must begin at a multiple of their size
SAMPLES = 256  # pixels a photo that are remembered to choose the intensity window


class Spool:
    """Takes photos; keeps what decisions about all of them need.

    Args:
        path: file to write.
        channels: auto, grey or colour; see `ganworks_image.conform.one_channel_count`.

    Attributes:
        records: for each photo what `Photos.table` says of its pixels.
        digests: of each photo.
        samples: some values of each photo.
    """

    def __init__(self, path: Path, channels: str) -> None:
        self._file = path.open("wb")
        self._wanted = channels
        self.records: list[dict[str, Any]] = []
        self.digests: list[str] = []
        self.samples: list[Pixels] = []
        self._thumbnails: list[Tensor] = []

    def close(self) -> None:
        self._file.close()

    def take(self, frame: Frame) -> None:
        """Write a photo, and leave a stand-in of two pixels in ``frame``: see `_stand_in`."""
        if self._wanted != "auto":
            one_channel_count([frame], self._wanted, Rejects())
        pixels = np.ascontiguousarray(_stored(frame.pixels))
        self._file.write(bytes(-self._file.tell() % ALIGNMENT))
        channels, height, width = pixels.shape
        self.records.append(
            {
                "offset": self._file.tell(),
                "channels": channels,
                "height": height,
                "width": width,
                "dtype": str(pixels.dtype),
            }
        )
        self._file.write(pixels.data)
        flat = pixels.reshape(-1)
        self.samples.append(flat[:: max(1, flat.size // SAMPLES)].copy())
        self.digests.append(hashlib.sha256(pixels.data).hexdigest())
        self._thumbnails.append(thumbnails(pixels[None]).half())
        frame.pixels = _stand_in(frame.pixels)

    def thumbnails(self) -> Tensor:
        """Return (photos, pixels) as `ganworks_image.duplicates.thumbnails` does."""
        return torch.cat(self._thumbnails).float()


class SpooledIngest(Ingest):
    """Reads a source as every image domain does, but hands each photo to a spool at once.

    The frames it returns, in the order of the spool, have stand-ins for pixels.
    """

    spool: Spool

    def _limited(self, frames: list[Any]) -> list[Any]:
        for frame in frames:
            self.spool.take(frame)
        return frames


def _stored(pixels: Pixels) -> Pixels:
    """Whole numbers as they are, other numbers as float32, black and white as 0 and 255."""
    if pixels.dtype.kind == "b":
        return np.where(pixels, np.uint8(255), np.uint8(0))
    return pixels.astype(np.float32) if pixels.dtype.kind == "f" else pixels


def _stand_in(pixels: Pixels) -> Pixels:
    """Return (channels, 1, 2) of which the checks of all pictures together say what they would of ``pixels``.

    It has the same smallest and largest value, and equal planes where the picture has.
    """
    pair = np.array([pixels.min(), pixels.max()])
    equal = bool((pixels == pixels[:1]).all())
    planes = [pair if equal or number % 2 == 0 else pair[::-1] for number in range(len(pixels))]
    return np.stack(planes)[:, None]
