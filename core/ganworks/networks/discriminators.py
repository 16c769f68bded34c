"""Discriminators and critics: (samples (rows, *space.shape), labels (rows,)) -> Judgement."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import lcm, prod
from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from ganworks.networks.blocks import BATCH_NORM, CONV, MinibatchStd, Projection, leaky, levels_for
from ganworks.networks.minibatch import MinibatchDiscrimination
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement

Norm = Literal["batch", "spectral", "weight", "none"]
WRAPPERS: dict[Norm, Callable[[nn.Module], nn.Module]] = {
    "batch": lambda module: module,
    "spectral": spectral_norm,
    "weight": weight_norm,
    "none": lambda module: module,
}


class ConvDiscriminator(nn.Module):
    """Strided convolutions down to a small map, flattened into one logit; class-conditional by projection.

    ``norm``: ``batch`` as in DCGAN (not on the first layer); on every layer ``spectral`` as in SN-GAN (Miyato
    et al. 2018) or ``weight`` (Salimans and Kingma 2016); ``none`` as a WGAN-GP critic needs (its penalty is
    defined row by row). ``minibatch_std`` and ``minibatch_discrimination`` are group sizes, or 0 for
    none; ``kernels`` features of closeness.
    The last map is flattened, not averaged: averaging removes the layout, and the generator then answers
    with texture. Features: ``hidden`` (rows, hidden_width).
    """

    def __init__(
        self,
        space: SampleSpace,
        *,
        width: int = 32,
        most: int = 256,
        norm: Norm = "batch",
        minibatch_std: int = 0,
        minibatch_discrimination: int = 0,
        kernels: int = 32,
    ) -> None:
        super().__init__()
        groups = lcm(minibatch_std or 1, minibatch_discrimination or 1)
        self.rows_per_group = None if norm == "batch" else groups
        wrap = WRAPPERS[norm]
        levels = levels_for(*space.size)
        sizes = [space.channels, *(min(most, width * 2**level) for level in range(levels))]
        self.convs = nn.ModuleList(wrap(CONV[space.rank](i, o, 4, 2, 1)) for i, o in pairwise(sizes))
        self.norms = nn.ModuleList(
            BATCH_NORM[space.rank](o) if norm == "batch" and level else nn.Identity()
            for level, o in enumerate(sizes[1:])
        )
        self.spread = MinibatchStd(minibatch_std) if minibatch_std else nn.Identity()
        places = prod(_after_halvings(side, levels) for side in space.size)
        flat = (sizes[-1] + bool(minibatch_std)) * places
        hidden = self.hidden_width = sizes[-1]
        self.hidden = wrap(nn.Linear(flat, hidden))
        self.closeness: nn.Module = nn.Identity()
        if minibatch_discrimination:
            self.closeness = MinibatchDiscrimination(hidden, minibatch_discrimination, kernels=kernels)
            hidden += kernels
        classes = len(space.classes)
        table = wrap(nn.Embedding(classes, hidden)) if classes else None
        self.head = Projection(wrap(nn.Linear(hidden, 1)), table)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = leaky(norm(conv(x)))
        h = leaky(self.hidden(self.spread(x).flatten(1)))  # (rows, hidden)
        return Judgement(self.head(self.closeness(h), labels), {"hidden": h})


def _after_halvings(size: int, times: int) -> int:
    """Side of a map after ``times`` convolutions of kernel 4, stride 2, padding 1."""
    for _ in range(times):
        size = max(size // 2, 1)
    return size
