"""Labelled images, and batches of them that hold every class equally often."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganworks.errors import DataError


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images with their classes.

    Attributes:
        images: (rows, channels, height, width) float32 in [-1, 1].
        labels: (rows,) int64.

    Raises:
        DataError: the two do not fit.
    """

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.labels.shape != self.images.shape[:1]:
            raise DataError(
                f"images {tuple(self.images.shape)} and labels {tuple(self.labels.shape)} do not fit: "
                "give (rows, channels, height, width) and one label a row"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self, classes: int) -> Tensor:
        """Return the rows of each class, (classes,) int64.

        Raises:
            DataError: a label is outside ``[0, classes)``.
        """
        if len(self) and not 0 <= int(self.labels.min()) <= int(self.labels.max()) < classes:
            low, high = int(self.labels.min()), int(self.labels.max())
            raise DataError(
                f"labels run from {low} to {high}, expected 0 to {classes - 1}: renumber the classes"
            )
        return torch.bincount(self.labels.cpu(), minlength=classes)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Further images of which some take the place of a real row of the same class.

    Attributes:
        rows: the images; a class that has none keeps its real rows.
        share: probability that a row of a batch is replaced, in [0, 1].
    """

    rows: Labelled
    share: float


def stream(seed: int, purpose: str) -> torch.Generator:
    """Return a generator of its own for each seed and purpose, so that one use cannot shift another."""
    digest = hashlib.sha256(f"{purpose}:{seed}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def balanced_batches(
    real: Labelled, classes: int, *, steps: int, batch: int, seed: int, mixture: Mixture | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ``steps`` batches (images, labels) in which the classes take turns, whatever their sizes.

    Rows are drawn with replacement. The draw of the real rows depends on ``seed`` alone, so with and
    without a mixture the rows that are not replaced are the same ones.

    Raises:
        DataError: a class has no real images, or a label is outside ``[0, classes)``.
    """
    wanted = torch.arange(steps * batch) % classes
    own = rows_of_class(real, classes, wanted, stream(seed, "real rows"))
    if bool((own < 0).any()):
        missing = wanted[own < 0].unique().tolist()
        raise DataError(f"no training images of class {missing}: leave the class out or add images of it")
    swap, other = torch.zeros_like(wanted, dtype=torch.bool), own
    if mixture is not None:
        random = stream(seed, "mixture")
        other = rows_of_class(mixture.rows, classes, wanted, random)
        swap = (torch.rand(len(wanted), generator=random) < mixture.share) & (other >= 0)
    device = real.images.device
    for part in torch.arange(steps * batch).split(batch):
        x = real.images[own[part].to(device)]
        if mixture is not None:
            x[swap[part].to(device)] = mixture.rows.images[other[part][swap[part]].to(device)]
        yield x, wanted[part].to(device)


def rows_of_class(rows: Labelled, classes: int, wanted: Tensor, random: torch.Generator) -> Tensor:
    """Return a random row of each wanted class, (len(wanted),) int64; -1 where the class has none."""
    counts = rows.counts(classes)
    first = counts.cumsum(0) - counts  # where each class starts once the rows are sorted by class
    offset = (torch.rand(len(wanted), generator=random, dtype=torch.float64) * counts[wanted]).long()
    by_class = torch.cat([rows.labels.cpu().argsort(stable=True), torch.tensor([-1])])
    return by_class[torch.where(counts[wanted] > 0, first[wanted] + offset, -1)]
