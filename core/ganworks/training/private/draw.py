"""Real rows by Poisson sampling, and conditions that no real row has a part in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganworks.data import Dataset
from ganworks.space import SampleSpace
from ganworks.training.draw import Batch, Draw
from ganworks.training.private.entropy import uniform


@dataclass(frozen=True, kw_only=True)
class PoissonDraw(Draw):
    """Each real row is drawn with probability ``batch / rows``, whatever happens to the others.

    So a step sees any number of real rows, 0 included, and ``batch`` of them on average; fakes are always
    ``batch``. They are told a class drawn from ``shares`` and nothing else: telling a generator values of
    real rows would leak them, and would not be covered by the noise on the discriminator.

    Args:
        rows: number of rows by which the rate is set, a public number; None: as many as the data set has.
        shares: of the classes in what is told, from private counts; (): all alike. They need not be those
            of the table: the discriminator judges each class by itself.
        secure: draw rows by the operating system's random numbers, not by the seed.
    """

    rows: int | None = None
    shares: tuple[float, ...] = ()
    secure: bool = False

    def rate(self, rows: int) -> float:
        """Probability with which each row of a table of ``rows`` is drawn for one update.

        Raises:
            ValueError: the table has fewer rows than the expected batch.
        """
        declared = self.rows or rows
        if self.batch > declared:
            raise ValueError(f"batch={self.batch} is more than the {declared} rows: take a smaller batch")
        return self.batch / declared

    def prepare(self, data: Dataset, device: torch.device) -> Callable[[], Batch]:
        rate = self.rate(len(data))
        shares = self._shares(data.space)

        def draw() -> Batch:
            drawn = poisson_sample(len(data), rate, secure=self.secure)
            labels = torch.multinomial(shares, self.batch, replacement=True)
            latent = torch.randn(self.batch, self.latent)
            told = told_classes(data.space, labels).to(device)
            return Batch(
                labels.to(device), latent.to(device), lambda: data.rows(drawn).to(device), lambda: told
            )

        return draw

    def _shares(self, space: SampleSpace) -> Tensor:
        classes = max(len(space.classes), 1)
        if self.shares and len(self.shares) != classes:
            raise ValueError(f"{len(self.shares)} shares for {classes} classes")
        return torch.tensor(self.shares or (1.0,) * classes, dtype=torch.float64)


def poisson_sample(rows: int, rate: float, *, secure: bool = False) -> Tensor:
    """Indices (drawn,) of the rows whose coin of probability ``rate`` fell right, in rising order.

    Drawn by the gaps between them, which are geometric: the cost is that of the rows drawn, not of all.
    """
    if rate >= 1:
        return torch.arange(rows)
    found, last = [], -1.0
    while last < rows:
        expected = rows * rate
        count = int(expected + 4 * math.sqrt(expected)) + 4
        gaps = (uniform(count, secure=secure).log() / math.log1p(-rate)).floor() + 1
        places = last + gaps.cumsum(0)
        found.append(places)
        last = float(places[-1])
    places = torch.cat(found)
    return places[places < rows].long()


def told_classes(space: SampleSpace, labels: Tensor) -> Tensor:
    """Only the class is given: (rows, channels + parts), see `ganworks.space.space_of_givens`."""
    parts = len(space.parts)
    told = torch.zeros(len(labels), space.channels + parts)
    if space.classes:
        told[torch.arange(len(labels)), space.channels - len(space.classes) + labels] = 1
        told[:, -1] = 1
    return told
