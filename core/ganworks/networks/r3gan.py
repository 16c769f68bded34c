"""The networks of R3GAN: modern residual blocks without any normalisation. Huang et al. 2024, section 4."""

from __future__ import annotations

from itertools import pairwise
from math import gcd, prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import (
    Labels,
    Projection,
    at_least,
    base_grid,
    crop_centre,
    halved,
    leaky,
    levels_for,
)
from ganworks.networks.generators import channels_by_level
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement

EXPANSION = 2  # of the inverted bottleneck


class InvertedBottleneck(nn.Module):
    """x + shrink(mix(expand(x))): 1 x 1, grouped 3 x 3 in the wide middle, 1 x 1. The identity at the start.

    Fixup (Zhang et al. 2019, section 4) stands in for normalisation: the last convolution starts at zero, the
    others at He's scale times L^(-1 / (2 m - 2)), with m = 3 convolutions a block and L blocks a network.
    """

    def __init__(self, channels: int, *, blocks: int, group: int) -> None:
        super().__init__()
        wide = channels * EXPANSION
        self.expand = _he(nn.Conv2d(channels, wide, 1), blocks**-0.25)
        groups = gcd(wide, max(wide // group, 1))  # as near to ``group`` channels each as divides evenly
        self.mix = _he(nn.Conv2d(wide, wide, 3, padding=1, groups=groups), blocks**-0.25)
        self.shrink = _he(nn.Conv2d(wide, channels, 1, bias=False), 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, channels, H, W) -> the same shape."""
        summed: Tensor = x + self.shrink(leaky(self.mix(leaky(self.expand(x)))))
        return summed


class R3Generator(nn.Module):
    """A learned basis weighted by the latent, then stages of blocks with bilinear upsampling between.

    Huang et al. 2024 (R3GAN), configuration E. The result passes a tanh, where the paper leaves it open,
    because samples are promised in [-1, 1]. ``depth`` is blocks a stage, ``group`` channels a group.
    """

    def __init__(
        self,
        space: SampleSpace,
        latent: int,
        *,
        width: int = 16,
        most: int = 128,
        depth: int = 1,
        group: int = 16,
    ) -> None:
        super().__init__()
        self.size = (space.height, space.width)
        levels = levels_for(*self.size)
        sizes = channels_by_level(levels, width, most)
        self.labels = Labels(len(space.classes))
        self.weights = _linear(latent + self.labels.width, sizes[0])
        self.basis = nn.Parameter(torch.randn(sizes[0], *base_grid(*self.size, levels)))
        self.stages = _stages(sizes, depth, group)
        self.changes = nn.ModuleList(_change(i, o) for i, o in pairwise(sizes))
        self.out = _he(nn.Conv2d(sizes[-1], space.channels, 1))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        h = self.weights(self.labels(latent, labels))[:, :, None, None] * self.basis  # (rows, first, h0, w0)
        h = self.stages[0](h)
        for change, stage in zip(self.changes, self.stages[1:], strict=True):
            h = stage(F.interpolate(change(h), scale_factor=2.0, mode="bilinear"))
        return torch.tanh(crop_centre(self.out(h), *self.size))


class R3Discriminator(nn.Module):
    """The generator's mirror image: stages of blocks with downsampling between, then a learned basis.

    Class-conditional by projection. Rows are independent: R1 and R2 are defined row by row.
    """

    rows_per_group = 1
    memory_format = torch.contiguous_format  # the penalties are 1.1 times slower in channels_last

    def __init__(
        self, space: SampleSpace, *, width: int = 16, most: int = 128, depth: int = 1, group: int = 16
    ) -> None:
        super().__init__()
        levels = levels_for(space.height, space.width)
        sizes = channels_by_level(levels, width, most)[::-1]
        grid, hidden = base_grid(space.height, space.width, levels), sizes[-1]
        self.into = _he(nn.Conv2d(space.channels, sizes[0], 1))
        self.stages = _stages(sizes, depth, group)
        self.changes = nn.ModuleList(_change(i, o) for i, o in pairwise(sizes))
        self.basis = nn.Parameter(torch.randn(hidden, *grid) / prod(grid) ** 0.5)
        classes = len(space.classes)
        self.head = Projection(_linear(hidden, 1), _small_table(classes, hidden) if classes else None)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        h = self.stages[0](self.into(x))
        for change, stage in zip(self.changes, self.stages[1:], strict=True):
            h = stage(change(halved(h)))  # bilinear by one half is the mean of two by two
        h = (h * self.basis).sum((2, 3))  # (rows, hidden)
        return Judgement(self.head(h, labels), {"hidden": h})


def _stages(sizes: list[int], depth: int, group: int) -> nn.ModuleList:
    at_least(1, depth=depth, group=group)
    blocks = depth * len(sizes)
    return nn.ModuleList(
        nn.Sequential(*(InvertedBottleneck(c, blocks=blocks, group=group) for _ in range(depth)))
        for c in sizes
    )


def _change(inputs: int, outputs: int) -> nn.Module:
    """To another number of channels between two stages: outside every residual path."""
    return nn.Identity() if inputs == outputs else _unit(nn.Conv2d(inputs, outputs, 1, bias=False))


def _he(conv: nn.Conv2d, gain: float = 1.0) -> nn.Conv2d:
    """He initialisation for leaky ReLU, times ``gain``; biases at zero."""
    nn.init.kaiming_normal_(conv.weight, a=0.2)
    with torch.no_grad():
        conv.weight.mul_(gain)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv


def _unit(conv: nn.Conv2d) -> nn.Conv2d:
    """Keeps the scale of what passes: no activation follows."""
    nn.init.kaiming_normal_(conv.weight, nonlinearity="linear")
    return conv


def _linear(inputs: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(inputs, outputs, bias=False)
    nn.init.kaiming_normal_(linear.weight, nonlinearity="linear")
    return linear


def _small_table(classes: int, width: int) -> nn.Embedding:
    """Embeddings of unit length, so that the class starts with as much say as the linear part."""
    table = nn.Embedding(classes, width)
    nn.init.normal_(table.weight, std=width**-0.5)
    return table
