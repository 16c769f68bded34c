"""Held-out photos as the network will meet them: whole, made worse, beside what they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from ganworks_super_resolution.degradation import Draws
from ganworks_super_resolution.photos import Photos
from ganworks_super_resolution.tasks import Task

MOST_SIDE = 1024  # pixels: of larger photos the middle is taken, so that an evaluation ends
LEAST_SIDE = 16  # pixels: smaller photos are not scored, nor has their perceptual distance a meaning


@dataclass(frozen=True)
class HeldOut:
    """One photo; ``source`` (1, source channels, h, w) and ``target`` (1, channels, H, W) in [-1, 1]."""

    name: str
    source: Tensor
    target: Tensor
    scale: int


class HeldOutPhotos(Sequence[HeldOut]):
    """The photos of one part, at most ``most`` of them, evenly chosen; each is read when it is asked for.

    Photo i is made worse the same way each time, whatever was asked for before.
    """

    def __init__(self, photos: Photos, task: Task, seed: int, most: int | None = None) -> None:
        large = [i for i, size in enumerate(photos.sizes.tolist()) if min(size) >= LEAST_SIDE]
        count = len(large) if most is None else min(most, len(large))
        self.numbers = [large[place * len(large) // count] for place in range(count)]
        self.photos, self.task, self.seed = photos, task, seed

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[HeldOut]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, place: int) -> HeldOut:  # type: ignore[override]  # no slices
        number = self.numbers[place]
        photos, scale = self.photos, self.task.scale
        pixels = photos.photo(number)
        top, left = (max(side - MOST_SIDE, 0) // 2 for side in pixels.shape[1:])
        height, width = (min(side, MOST_SIDE) // scale * scale for side in pixels.shape[1:])
        target = photos.unit(pixels[:, top : top + height, left : left + width])[None]
        source = self.task.whole(target, Draws(self.seed, [number]), photos.levels)
        return HeldOut(photos.names[number], source * 2 - 1, target * 2 - 1, scale)
