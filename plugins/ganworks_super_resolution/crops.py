"""Random crops of photos with worse versions of themselves, each a function of the seed and its number."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganworks.space import SampleSpace
from ganworks_image.intensity import Pixels
from ganworks_super_resolution.degradation import Draws, symmetric_index
from ganworks_super_resolution.photos import Photos
from ganworks_super_resolution.tasks import Task

ROWS = 2**20


class CropDataset:
    """A data set of 2^20 crops that are cut when they are asked for; see `ganworks.data.SourcedDataset`.

    Row i is the same in every batch: photo (large ones more often), place, one of eight orientations and
    the degradation all follow from ``seed`` and i. Photos smaller than a crop go on mirrored.

    Args:
        photos: of one part.
        task: how a source is made.
        crop: side of a source, pixels; that of a target is ``task.scale`` times as long.
        seed: of all draws.
        rows: how many there are.
    """

    def __init__(self, photos: Photos, task: Task, crop: int, seed: int, rows: int = ROWS) -> None:
        self.photos, self.task, self.seed = photos, task, seed
        self.space = SampleSpace(channels=photos.channels, size=(task.scale * crop,) * 2)
        self.source_space = SampleSpace(channels=task.source_channels(photos.channels), size=(crop, crop))
        self.labels = torch.zeros(1, dtype=torch.int64).expand(rows)
        self._crop = crop
        self._sizes = photos.sizes // task.scale  # (photos, 2) in pixels of the source
        self._edges = np.cumsum(np.maximum(self._sizes, crop).prod(1).astype(np.float64))
        self._photos = [photos.photo(number) for number in range(len(photos))]  # views, not copies
        self._last: tuple[bytes, Tensor] = b"", torch.empty(0)

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, index: Tensor) -> Tensor:
        """Targets at ``index`` (batch,): (batch, channels, scale * crop, scale * crop) in [-1, 1]."""
        rim = self.task.margin * self.task.scale
        side = self.space.height
        return self._cut(index)[..., rim : rim + side, rim : rim + side].mul(2).sub_(1)

    def sources(self, index: Tensor) -> Tensor:
        """Sources of the same crops: (batch, source channels, crop, crop) in [-1, 1]."""
        draws = Draws(self.seed, index.cpu()).of("degradation")
        return self.task.trimmed(self._cut(index), draws, self.photos.levels) * 2 - 1

    def _cut(self, index: Tensor) -> Tensor:
        """Crops with the margin, in [0, 1]; those of the last batch are kept, as targets follow sources."""
        numbers = index.cpu().numpy()
        key = numbers.tobytes()
        if key != self._last[0]:
            self._last = key, self.photos.unit(self._cut_in_units(numbers))
        return self._last[1]

    def _cut_in_units(self, numbers: NDArray[np.int64]) -> Pixels:
        draws = Draws(self.seed, numbers)
        chosen = np.searchsorted(self._edges, draws.fraction("photo") * self._edges[-1], side="right")
        room = np.maximum(self._sizes[chosen] - self._crop, 0) + 1  # (batch, 2) places of the first pixel
        top, left = draws.below("top", room[:, 0]), draws.below("left", room[:, 1])
        turns = draws.below("orientation", 8)
        side = (self._crop + 2 * self.task.margin) * self.task.scale
        dtype = np.result_type(*{photo.dtype for photo in self._photos})
        cut = np.empty((len(numbers), self.space.channels, side, side), dtype=dtype)
        for row, (photo, y, x, turn) in enumerate(zip(chosen, top, left, turns, strict=True)):
            start = [(int(first) - self.task.margin) * self.task.scale for first in (y, x)]
            cut[row] = _turned(_piece(self._photos[photo], start[0], start[1], side), int(turn))
        return cut


def _piece(photo: Pixels, top: int, left: int, side: int) -> Pixels:
    """Cut a square that may reach over the border; there the photo goes on mirrored."""
    height, width = photo.shape[1:]
    if min(top, left) >= 0 and top + side <= height and left + side <= width:
        return photo[:, top : top + side, left : left + side]
    rows = symmetric_index(top, top + side, height)
    columns = symmetric_index(left, left + side, width)
    return photo[:, rows[:, None], columns]


def _turned(piece: Pixels, turn: int) -> Pixels:
    """One of the eight orientations of a square (channels, side, side), as a view."""
    piece = piece[:, ::-1] if turn & 1 else piece
    piece = piece[:, :, ::-1] if turn & 2 else piece
    return piece.transpose(0, 2, 1) if turn & 4 else piece
