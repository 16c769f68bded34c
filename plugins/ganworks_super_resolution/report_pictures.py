"""Which places of the held-out photos the report shows, and these side by side at every stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ganworks.training import Sampler
from ganworks_image.strips import strip
from ganworks_super_resolution.held_out import HeldOut
from ganworks_super_resolution.restoring import as_shown, plain_ways, restored

SIDE = 120  # pixels of a crop of the result; about three fit side by side on the page
STEPS = 4  # places of a crop in each direction that are looked at, for every side of it


@dataclass(frozen=True)
class Shown:
    """One photo at every stage: the best way without a network, the network, the original; (1, C, H, W)."""

    name: str
    rival: Tensor
    made: Tensor
    target: Tensor

    @property
    def detail(self) -> Tensor:
        """How much there is to see, pixel by pixel: the squared slope of the original, (H - 1, W - 1)."""
        grey = self.target[0].mean(0)
        down, right = grey[1:, :-1] - grey[:-1, :-1], grey[:-1, 1:] - grey[:-1, :-1]
        return down**2 + right**2

    @property
    def error(self) -> Tensor:
        """The squared error of the network, pixel by pixel, (H, W)."""
        return ((self.made - self.target) ** 2)[0].mean(0)


def shown(sampler: Sampler, photo: HeldOut) -> Shown:
    """Restore one photo to be shown."""
    target = photo.target
    rival = next(iter(plain_ways(photo.source, target.shape[1], photo.scale).values()))
    return Shown(photo.name, rival, restored(sampler, photo.source), target)


def most_detail(photos: Sequence[Shown]) -> NDArray[np.uint8]:
    """Of each photo the place with the most detail, side by side."""
    return _side_by_side([(photo, _highest(photo.detail)[0]) for photo in photos])


def worst(photos: Iterable[Shown], rows: int) -> NDArray[np.uint8]:
    """The places where the network is furthest from the original, at most one a photo; the worst first."""
    found = [(photo, *_highest(photo.error)) for photo in photos]
    found.sort(key=lambda one: -one[2])
    return _side_by_side([(photo, place) for photo, place, _ in found[:rows]])


def _highest(energy: Tensor) -> tuple[tuple[int, int], float]:
    """Top left corner of the crop with the highest mean, and that mean."""
    side = min(SIDE, *energy.shape)
    step = max(side // STEPS, 1)
    means = F.avg_pool2d(energy[None, None], side, step)[0, 0]  # (places down, places across)
    place = int(means.argmax())
    row, column = divmod(place, means.shape[1])
    return (row * step, column * step), float(means.flatten()[place])


def _side_by_side(chosen: Sequence[tuple[Shown, tuple[int, int]]]) -> NDArray[np.uint8]:
    columns: dict[str, list[NDArray[np.uint8]]] = {"without a network": [], "restored": [], "original": []}
    for photo, (top, left) in chosen:
        for column, x in zip(columns.values(), (photo.rival, photo.made, photo.target), strict=True):
            column.append(as_shown(x[0, :, top : top + SIDE, left : left + SIDE]))
    return np.asarray(strip(columns))
