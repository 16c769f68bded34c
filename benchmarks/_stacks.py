"""Stacked MNIST: three random digits are the channels of one image, 1,000 modes. Metz et al. 2017."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ganworks.data import ArrayDataset
from ganworks.metrics.classifier import train_classifier

MODES = 1_000
READER_STEPS = 2_000
Reader = Callable[[Tensor], Tensor]  # digits (rows, 1, height, width) in [-1, 1] -> (rows, 10), largest wins


class StackedDigits(ArrayDataset):
    """``count`` stacks of three digits drawn with replacement; only the numbers of the digits are stored.

    Args:
        images: (digits, 1, height, width) uint8.
        count: stacks; PacGAN draws 128,000.
        seed: of the draw.
    """

    def __init__(self, images: NDArray[np.uint8], count: int = 128_000, seed: int = 0) -> None:
        picked = np.random.default_rng(seed).integers(0, len(images), (count, 3), dtype=np.uint16)
        super().__init__(picked)  # the stacks as (count, 3 numbers); `rows` turns numbers into pictures
        self.digits = images[:, 0]
        self.space = ArrayDataset(self._pictures(picked[:1])).space

    def rows(self, index: Tensor) -> Tensor:
        """(batch, 3, height, width) float32 in [-1, 1]."""
        return ArrayDataset(self._pictures(self.array[index.numpy()])).all_rows()

    def _pictures(self, numbers: NDArray[np.generic]) -> NDArray[np.uint8]:
        pictures: NDArray[np.uint8] = self.digits[numbers]
        return pictures


@dataclass(frozen=True)
class StackScore:
    """What a set of stacks covers."""

    samples: int
    modes: int  # of 1,000: stacks read as this triple at least once
    kl: float  # KL(generated || uniform) over the 1,000 triples, in nats

    @property
    def floor(self) -> float:
        """What ``samples`` stacks that are truly uniform score on average: (modes - 1) / (2 samples).

        >>> round(StackScore(25_600, 1_000, 0.0).floor, 4)
        0.0195
        """
        return (MODES - 1) / (2 * self.samples)


def score_stacks(codes: Tensor) -> StackScore:
    """Score triples (rows,) int64 in [0, 1000), as PacGAN does (Lin et al. 2018, section 4.2)."""
    counts = torch.bincount(codes, minlength=MODES).double()
    share = counts[counts > 0] / counts.sum()
    return StackScore(len(codes), len(share), float((share * (share.log() + log(MODES))).sum()))


@torch.no_grad()
def read_stacks(read: Reader, stacks: Tensor) -> Tensor:
    """The triple of each stack (rows, 3, height, width) as a number (rows,): 100 a + 10 b + c."""
    digits = stacks.flatten(0, 1)[:, None]  # (rows * 3, 1, height, width)
    found = torch.cat([read(part).argmax(1) for part in digits.split(768)])
    return found.view(-1, 3) @ torch.tensor([100, 10, 1])


def train_reader(images: Tensor, labels: Tensor) -> Reader:
    """A digit classifier, trained on digits (rows, 1, height, width) in [-1, 1] and their labels (rows,)."""
    return train_classifier(images, labels, 10, steps=READER_STEPS, seed=0, augment=shifted).eval()


def shifted(images: Tensor, draw: torch.Generator) -> Tensor:
    """Each digit moved by up to two pixels: (rows, 1, height, width) -> the same shape."""
    (rows, _, height, width), reach = images.shape, 2
    padded = F.pad(images, (reach,) * 4, value=-1.0)[:, 0]  # (rows, height + 4, width + 4)
    down, right = torch.randint(0, 2 * reach + 1, (2, rows, 1, 1), generator=draw)
    line = torch.arange(height)[None, :, None] + down
    column = torch.arange(width)[None, None, :] + right
    return padded[torch.arange(rows)[:, None, None], line, column][:, None]


@torch.no_grad()
def accuracy(read: Reader, images: Tensor, labels: Tensor) -> float:
    """Share of digits (rows, 1, height, width) that are read as their label (rows,)."""
    return float((read(images).argmax(1) == labels).float().mean())
