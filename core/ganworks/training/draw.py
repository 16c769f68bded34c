"""Which rows, labels and latents one step sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ganworks.data import Dataset, SourcedDataset


@dataclass(frozen=True, slots=True)
class Batch:
    """What was drawn for one step. ``real`` is fetched only when a term asks for it."""

    labels: Tensor  # (batch,) int64
    latent: Tensor  # (batch, latent) standard normal
    real: Callable[[], Tensor]  # -> (batch, *space.shape) in [-1, 1]
    source: Callable[[], Tensor] | None = None  # -> (batch, *source_space.shape): what is to be translated


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Draws rows with replacement, latents from a standard normal.

    Everything comes from torch's global generator, which the loop seeds from (seed, step): a resumed run
    draws what the uninterrupted one would have drawn.
    """

    batch: int = 32
    latent: int = 64
    balanced: bool = True  # classes equally often; False: as often as in the data
    max_repeat: float = 10.0  # a rare class weighs at most so many times its share: `class_shares`
    pairs: bool = False  # row i and row i + batch / 2 share a label (mode-seeking compares them)

    def __post_init__(self) -> None:
        if self.batch < 2 or (self.pairs and self.batch % 2):
            raise ValueError(f"batch must be at least 2, and even with pairs; got {self.batch}")
        if self.latent < 1:
            raise ValueError(f"a latent has 1 number or more, got latent={self.latent}")
        if not self.max_repeat > 0:
            raise ValueError(f"max_repeat must be above 0, got {self.max_repeat}")

    def prepare(self, data: Dataset, device: torch.device) -> Callable[[], Batch]:
        """Return a function that draws one batch from ``data``."""
        rows_of = [torch.nonzero(data.labels == label)[:, 0] for label in range(_classes(data))]
        share = self.class_shares(torch.tensor([len(rows) for rows in rows_of]))
        order = torch.cat(rows_of)
        counts = torch.tensor([len(rows) for rows in rows_of])
        starts = counts.cumsum(0) - counts

        sourced = data if isinstance(data, SourcedDataset) else None

        def draw() -> Batch:
            half = self.batch // 2 if self.pairs else self.batch
            labels = torch.multinomial(share, half, replacement=True)
            labels = labels.repeat(2) if self.pairs else labels
            place = (torch.rand(self.batch, dtype=torch.float64) * counts[labels]).long()
            index = order[starts[labels] + place]
            latent = torch.randn(self.batch, self.latent)
            source = None
            if sourced is not None:
                rows = sourced.sources(index)  # drawn here: a lazy draw would depend on which term asks first
                source = partial(rows.to, device)
            return Batch(labels.to(device), latent.to(device), lambda: data.rows(index).to(device), source)

        return draw

    def class_shares(self, counts: Tensor) -> Tensor:
        """Probability of each class, from its row count (classes,).

        Balanced, each of k classes present weighs 1 / k, but at most ``max_repeat`` times its share of the
        data; then the weights are normed. So a starved class is drawn up to k times ``max_repeat`` as often
        as in the data: here 18 times.

        >>> Draw().class_shares(torch.tensor([1, 199])).tolist()
        [0.09..., 0.90...]
        """
        natural = counts / counts.sum()
        if not self.balanced:
            return natural
        present = (counts > 0).double()
        wanted = torch.minimum(present / present.sum(), natural * self.max_repeat)
        return wanted / wanted.sum()


def _classes(data: Dataset) -> int:
    return max(len(data.space.classes), 1)
