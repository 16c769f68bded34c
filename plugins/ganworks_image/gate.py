"""Samples that are no near-copies of training images, and the seeds they are drawn with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import torch
from torch import Tensor

from ganworks.data import ArrayDataset
from ganworks.errors import UsageError
from ganworks.metrics import CopyRule, NearestTraining, at_most, copy_rule, nearest_training
from ganworks.training import Sampler
from ganworks_image.study import Study

BLOCK = 256  # images of full size held at once where small ones are kept
REDRAWS = 2  # times that a near-copy is drawn again
PURPOSE_BITS, SEED_BITS = 58, 27  # an int64 seed is (purpose, user's seed, number): 5, 31 and 27 bits


class Purpose(IntEnum):
    """What samples are drawn for. Their seeds never meet: nothing is judged on what it was chosen by."""

    VALIDATION = 1
    EVALUATION = 2
    DOWNSTREAM = 3
    FILES = 4  # of the run itself
    MORE_FILES = 5  # of `gan sample`
    REPORT = 6


def first_seed(purpose: Purpose, seed: int = 0) -> int:
    """Return the seed of the first sample of a purpose; 2**27 samples fit before the next one's.

    Raises:
        UsageError: ``seed`` is not in [0, 2**31).
    """
    if not 0 <= seed < 1 << 31:
        raise UsageError(f"--seed {seed} is out of range: use 0 to {(1 << 31) - 1}")
    return purpose << PURPOSE_BITS | seed << SEED_BITS


@dataclass(frozen=True)
class Kept:
    """Synthetic images that are no near-copies of a training image; of an open gate, all of them."""

    images: Tensor
    labels: Tensor
    seeds: Tensor
    distances: Tensor  # to the nearest training image, 1 - NCC
    dropped: int


class CopyGate:
    """Draws samples and drops those closer to a training image than any held-out real image is.

    Attributes:
        train, heldout: real images at 64 pixels or less on the longer side, float32, read when first used.
    """

    def __init__(self, study: Study) -> None:
        self.study = study

    @cached_property
    def train(self) -> Tensor:
        return small_rows(self.study.part("train"))

    @cached_property
    def heldout(self) -> Tensor:
        return small_rows(heldout(self.study))

    @cached_property
    def rule(self) -> CopyRule:
        return copy_rule(self.heldout, self.train)

    def nearest(self, images: Tensor) -> NearestTraining:
        """The most alike training image of each image."""
        return nearest_training(at_most(images), self.train, self.rule)

    def draw(
        self,
        sampler: Sampler,
        labels: Tensor,
        first: int,
        *,
        small: bool = False,
        truncation: float = 1.0,
    ) -> Kept:
        """One sample for each label, drawn again where it was a near-copy (twice at most).

        Args:
            sampler: draws from the generator.
            labels: (rows,) classes wanted.
            first: seed of the first sample; see `first_seed`.
            small: keep the images at 64 pixels or less.
            truncation: of every sample, in [0, 1]; see `Sampler.sample`.
        """
        seeds = first + torch.arange(len(labels))
        images = _drawn(sampler, labels, seeds, small, truncation)
        near = self.nearest(images)
        distances, copies = near.distance.clone(), near.is_copy.clone()
        dropped = int(copies.sum())
        for _ in range(REDRAWS):
            if not copies.any():
                break
            again = copies.nonzero()[:, 0]
            seeds[again] += len(labels) * 2
            images[again] = _drawn(sampler, labels[again], seeds[again], small, truncation)
            near = self.nearest(images[again])
            distances[again], copies[again] = near.distance, near.is_copy
            dropped += int(near.is_copy.sum())
        keep = ~copies
        return Kept(images[keep], labels[keep], seeds[keep], distances[keep], dropped)

    def draw_ungated(self, sampler: Sampler, labels: Tensor, first: int) -> Kept:
        """One sample for each label, copies among them: for the verdict on a generator that memorised."""
        seeds = first + torch.arange(len(labels))
        images = _drawn(sampler, labels, seeds, small=True)
        return Kept(images, labels, seeds, self.nearest(images).distance, dropped=0)


def heldout(study: Study) -> ArrayDataset:
    """Real images the generator has not seen: validation, then test."""
    rows = [study.rows("validation"), study.rows("test")]
    index = torch.cat([torch.from_numpy(part) for part in rows])
    classes = study.classes if study.labelled else ()
    everything = ArrayDataset(study.images, study.table["index"].to_numpy(), classes)
    return everything.subset(index)


def small_rows(part: ArrayDataset) -> Tensor:
    """Every row at 64 pixels or less on the longer side; of larger images a block at a time is in memory."""
    index = torch.arange(len(part))
    if len(part) == 0:
        return at_most(torch.empty(1, *part.space.shape))[:0]
    return torch.cat([at_most(part.rows(block)) for block in index.split(BLOCK)])


def _drawn(sampler: Sampler, labels: Tensor, seeds: Tensor, small: bool, truncation: float = 1.0) -> Tensor:
    if not small or len(labels) == 0:
        return sampler.sample(labels, seeds, truncation=truncation)
    parts = zip(labels.split(BLOCK), seeds.split(BLOCK), strict=True)
    return torch.cat([at_most(sampler.sample(y, s, truncation=truncation)) for y, s in parts])
