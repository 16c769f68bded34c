"""Discriminators and critics: (samples (rows, *space.shape), labels (rows,)) -> Judgement."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganworks.networks.blocks import MinibatchStd, Projection, leaky, levels_for
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement

Norm = Literal["batch", "spectral", "none"]


class ConvDiscriminator(nn.Module):
    """Strided convolutions down to a small map, flattened into one logit; class-conditional by projection.

    ``norm``: ``batch`` as in DCGAN (not on the first layer), ``spectral`` as in SN-GAN (Miyato et al.
    2018, every layer), ``none`` as a WGAN-GP critic needs (its penalty is defined row by row).
    ``minibatch_std`` is a group size, or 0 for none. The last map is flattened, not averaged: averaging
    removes the layout, and the generator then answers with texture.
    """

    def __init__(
        self,
        space: SampleSpace,
        *,
        width: int = 32,
        most: int = 256,
        norm: Norm = "batch",
        minibatch_std: int = 0,
    ) -> None:
        super().__init__()
        self.rows_per_group = None if norm == "batch" else (minibatch_std or 1)
        wrap: Callable[[nn.Module], nn.Module] = spectral_norm if norm == "spectral" else _unchanged
        levels = levels_for(space.height, space.width)
        sizes = [space.channels, *(min(most, width * 2**level) for level in range(levels))]
        self.convs = nn.ModuleList(wrap(nn.Conv2d(i, o, 4, 2, 1)) for i, o in pairwise(sizes))
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(o) if norm == "batch" and level else nn.Identity()
            for level, o in enumerate(sizes[1:])
        )
        self.spread = MinibatchStd(minibatch_std) if minibatch_std else nn.Identity()
        side = [_after_halvings(n, levels) for n in (space.height, space.width)]
        flat = (sizes[-1] + bool(minibatch_std)) * side[0] * side[1]
        hidden = sizes[-1]
        self.hidden = wrap(nn.Linear(flat, hidden))
        classes = len(space.classes)
        table = wrap(nn.Embedding(classes, hidden)) if classes else None
        self.head = Projection(wrap(nn.Linear(hidden, 1)), table)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = leaky(norm(conv(x)))
        h = leaky(self.hidden(self.spread(x).flatten(1)))  # (rows, hidden)
        return Judgement(self.head(h, labels), {"hidden": h})


def _after_halvings(size: int, times: int) -> int:
    """Side of a map after ``times`` convolutions of kernel 4, stride 2, padding 1."""
    for _ in range(times):
        size = max(size // 2, 1)
    return size


def _unchanged(module: nn.Module) -> nn.Module:
    return module
