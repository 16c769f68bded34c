"""Fully connected players for samples of any rank: points, rows of a table, small images."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn

from ganworks.networks.blocks import Labels, Projection, at_least
from ganworks.networks.discriminators import WRAPPERS, Norm
from ganworks.networks.minibatch import MinibatchDiscrimination
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement

NORMS: dict[str, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm1d, "none": nn.Identity}


class Maxout(nn.Module):
    """The largest of every ``pieces`` neighbouring values. Goodfellow et al. 2013 (maxout networks), eq. 1.

    >>> Maxout(2)(torch.tensor([[1.0, 3.0, -2.0, -5.0]])).tolist()
    [[3.0, -2.0]]
    """

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        """(rows, units * pieces) -> (rows, units)."""
        largest: Tensor = x.unflatten(1, (-1, self.pieces)).amax(2)
        return largest


class MLPGenerator(nn.Module):
    """(latent (rows, latent), labels (rows,)) -> samples (rows, *space.shape) in [-1, 1].

    ReLU between linear maps (Goodfellow et al. 2014, section 5); ``norm="batch"`` is what PacGAN puts before
    each of them. Labels, where there are any, are embedded and appended to the latent.
    """

    def __init__(
        self,
        space: SampleSpace,
        latent: int,
        *,
        width: int = 256,  # units of a hidden layer
        depth: int = 3,  # hidden layers
        norm: Literal["batch", "none"] = "batch",
    ) -> None:
        super().__init__()
        at_least(1, width=width, depth=depth)
        self.shape = space.shape
        self.labels = Labels(len(space.classes))
        sizes = [latent + self.labels.width, *[width] * depth]
        layers = [nn.Sequential(nn.Linear(i, o), NORMS[norm](o), nn.ReLU()) for i, o in pairwise(sizes)]
        self.hidden = nn.Sequential(*layers)
        self.out = nn.Linear(width, prod(space.shape))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        h = self.hidden(self.labels(latent, labels))  # (rows, width)
        samples: Tensor = torch.tanh(self.out(h)).view(-1, *self.shape)
        return samples


class MLPDiscriminator(nn.Module):
    """(samples (rows, *space.shape), labels (rows,)) -> one logit a row; class-conditional by projection.

    ``pieces`` above 1 make it a maxout network as in Goodfellow et al. 2014, 1 is leaky ReLU. ``norm`` and
    ``minibatch_discrimination`` (a group size, or 0 for none) are those of `ConvDiscriminator`.
    Features: ``hidden`` (rows, width).
    """

    def __init__(
        self,
        space: SampleSpace,
        *,
        width: int = 256,  # units of a hidden layer
        depth: int = 3,  # hidden layers
        pieces: int = 1,
        dropout: float = 0.0,  # share of each hidden layer
        norm: Norm = "none",
        minibatch_discrimination: int = 0,
        kernels: int = 32,
    ) -> None:
        super().__init__()
        at_least(1, width=width, depth=depth, pieces=pieces)
        self.rows_per_group = None if norm == "batch" else (minibatch_discrimination or 1)
        wrap, inner_norm = WRAPPERS[norm], NORMS.get(norm, nn.Identity)
        rise = Maxout(pieces) if pieces > 1 else nn.LeakyReLU(0.2)
        sizes = [prod(space.shape), *[width] * depth]
        layers = [
            nn.Sequential(wrap(nn.Linear(i, o * pieces)), inner_norm(o * pieces), rise, nn.Dropout(dropout))
            for i, o in pairwise(sizes)
        ]
        self.hidden = nn.Sequential(*layers)
        self.closeness: nn.Module = nn.Identity()
        self.hidden_width = judged = width
        if minibatch_discrimination:
            self.closeness = MinibatchDiscrimination(width, minibatch_discrimination, kernels=kernels)
            judged += kernels
        classes = len(space.classes)
        table = wrap(nn.Embedding(classes, judged)) if classes else None
        self.head = Projection(wrap(nn.Linear(judged, 1)), table)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        h = self.hidden(x.flatten(1))  # (rows, width)
        return Judgement(self.head(self.closeness(h), labels), {"hidden": h})
