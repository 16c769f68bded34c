"""Generators: (latent (rows, latent), labels (rows,)) -> samples (rows, *space.shape) in [-1, 1]."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, prod

import torch
from torch import Tensor, nn

from ganworks.networks.blocks import (
    BATCH_NORM,
    CONV_TRANSPOSE,
    ConditionalBatchNorm2d,
    Labels,
    base_grid,
    crop_centre,
    doubled,
    leaky,
    levels_for,
)
from ganworks.space import SampleSpace


def channels_by_level(levels: int, width: int, most: int) -> list[int]:
    """Channels of the maps from the smallest (level 0) to the full size: halving, from ``most`` at most.

    >>> channels_by_level(3, 16, 64)
    [64, 64, 32, 16]
    """
    return [min(most, width * 2 ** (levels - level)) for level in range(levels + 1)]


class DCGANGenerator(nn.Module):
    """Transposed convolutions and BatchNorm. Radford et al. 2016 (DCGAN), figure 1.

    Sequences, images or volumes of any size: the smallest map is rounded up and the result cropped. With
    volumes it is the generator of 3D-GAN (Wu et al. 2016). Labels, where there are any, are embedded and
    appended to the latent (Mirza and Osindero 2014).
    """

    def __init__(self, space: SampleSpace, latent: int, *, width: int = 32, most: int = 256) -> None:
        super().__init__()
        conv, batch_norm = CONV_TRANSPOSE[space.rank], BATCH_NORM[space.rank]
        self.size = space.size
        levels = levels_for(*self.size)
        self.grid = [ceil(side / 2**levels) for side in self.size]
        self.labels = Labels(len(space.classes))
        sizes = channels_by_level(levels, width, most)[1:]
        self.first = sizes[0]
        self.seed = nn.Linear(latent + self.labels.width, self.first * prod(self.grid))
        self.norm = batch_norm(self.first)
        blocks: list[nn.Module] = []
        for i, o in pairwise(sizes):
            blocks += [conv(i, o, 4, 2, 1, bias=False), batch_norm(o), nn.ReLU()]
        self.blocks = nn.Sequential(*blocks)
        self.out = conv(sizes[-1], space.channels, 4, 2, 1)
        initialise(self)

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        h = self.seed(self.labels(latent, labels))
        h = h.view(-1, self.first, *self.grid)  # (rows, first, *smallest map)
        h = self.blocks(self.norm(h).relu())
        return torch.tanh(crop_centre(self.out(h), *self.size))


class UpsamplingGenerator(nn.Module):
    """Nearest-neighbour upsampling and convolution, modulated by latent and label at every level.

    The latent reaches every level through conditional BatchNorm (Brock et al. 2019, BigGAN, uses the same
    path); resize-convolution avoids the checkerboard of transposed convolution (Odena et al. 2016).
    """

    def __init__(self, space: SampleSpace, latent: int, *, width: int = 16, most: int = 128) -> None:
        super().__init__()
        self.size = (space.height, space.width)
        levels = levels_for(*self.size)
        self.grid = base_grid(*self.size, levels)
        self.labels = Labels(len(space.classes))
        condition = latent + self.labels.width
        sizes = channels_by_level(levels, width, most)[1:]
        self.first = sizes[0]
        self.seed = nn.Linear(condition, self.first * self.grid[0] * self.grid[1])
        inputs = [self.first, *sizes[:-1]]
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, 3, padding=1, bias=False) for i, o in zip(inputs, sizes, strict=True)
        )
        self.norms = nn.ModuleList(ConditionalBatchNorm2d(o, condition) for o in sizes)
        self.out = nn.Conv2d(sizes[-1], space.channels, 3, padding=1)

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        condition = self.labels(latent, labels)
        h = self.seed(condition).view(-1, self.first, *self.grid)  # (rows, first, h0, w0)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            h = leaky(norm(conv(doubled(h)), condition))
        return torch.tanh(crop_centre(self.out(h), *self.size))


def initialise(network: nn.Module) -> None:
    """N(0, 0.02) for convolutions, N(1, 0.02) for BatchNorm scales, as DCGAN prescribes."""
    for module in network.modules():
        if isinstance(module, nn.modules.conv._ConvNd):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(module.weight, 1.0, 0.02)
