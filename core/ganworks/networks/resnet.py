"""Residual generator and discriminator with spectral norm, as SAGAN and BigGAN use them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ganworks.networks.attention import one_attention
from ganworks.networks.blocks import (
    ConditionalBatchNorm2d,
    Projection,
    base_grid,
    crop_centre,
    doubled,
    halved,
    levels_for,
    spectral,
)
from ganworks.networks.generators import channels_by_level
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement


class Conditioning(Protocol):
    """Who hears what: divides latent and label among the first layer and the blocks."""

    seed_width: int  # of what the first layer gets
    block_width: int  # of what the BatchNorms of each block get

    def __call__(self, latent: Tensor, labels: Tensor) -> tuple[Tensor, list[Tensor]]: ...


class LabelConditioning(nn.Module):
    """The latent enters at the first layer; the blocks see the class alone, as in SAGAN.

    Without classes the embedding is a learned constant, and BatchNorm the usual one.
    """

    def __init__(self, latent: int, classes: int, blocks: int, *, embedding: int = 32) -> None:
        super().__init__()
        self.blocks = blocks
        self.table = nn.Embedding(max(classes, 1), embedding)
        self.seed_width, self.block_width = latent, embedding

    def forward(self, latent: Tensor, labels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(rows, latent), (rows,) -> seed (rows, latent) and the same (rows, embedding) for each block."""
        return latent, [self.table(labels)] * self.blocks


class SplitConditioning(nn.Module):
    """Every block gets its own piece of the latent and the class embedding that all share.

    Brock et al. 2019 (BigGAN), section 3 and appendix B. The first layer gets what the division leaves over.

    Raises:
        ValueError: the latent has fewer numbers than there are receivers.
    """

    def __init__(self, latent: int, classes: int, blocks: int, *, embedding: int = 32) -> None:
        super().__init__()
        piece = latent // (blocks + 1)
        if not piece:
            raise ValueError(f"a latent of {latent} cannot be split {blocks + 1} ways: raise latent")
        self.sizes = [latent - blocks * piece, *[piece] * blocks]
        self.table = nn.Embedding(max(classes, 1), embedding)  # a learned constant without classes
        self.seed_width, self.block_width = self.sizes[0], piece + embedding

    def forward(self, latent: Tensor, labels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(rows, latent), (rows,) -> seed (rows, rest) and (rows, piece + embedding) a block."""
        seed, *pieces = latent.split(self.sizes, 1)
        shared = self.table(labels)
        return seed, [torch.cat([piece, shared], 1) for piece in pieces]


class ResidualUp(nn.Module):
    """Conditional BatchNorm, ReLU, upsampling and two convolutions beside a 1 x 1 shortcut.

    Brock et al. 2019, figure 15b. The norms hear their condition from the first step: from a start at zero,
    learning rates this small take thousands of steps to tell classes apart.
    """

    def __init__(self, inputs: int, outputs: int, condition: int) -> None:
        super().__init__()
        self.norm1 = _hearing(ConditionalBatchNorm2d(inputs, condition))
        self.conv1 = spectral(nn.Conv2d(inputs, outputs, 3, padding=1))
        self.norm2 = _hearing(ConditionalBatchNorm2d(outputs, condition))
        self.conv2 = spectral(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.shortcut = spectral(nn.Conv2d(inputs, outputs, 1))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(rows, inputs, H, W), (rows, condition) -> (rows, outputs, 2 H, 2 W)."""
        h = self.conv1(doubled(relu(self.norm1(x, condition))))
        h = self.conv2(relu(self.norm2(h, condition)))
        summed: Tensor = h + doubled(self.shortcut(x))  # 1 x 1 first: the same, at a quarter of the cost
        return summed


class ResidualDown(nn.Module):
    """ReLU, two convolutions and ``pool`` beside a shortcut. Miyato et al. 2018, figure 9a.

    ``before`` acts on what enters: an image would lose its dark half in a ReLU.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        before: Callable[[Tensor], Tensor] = relu,
        pool: Callable[[Tensor], Tensor] = halved,
    ) -> None:
        super().__init__()
        self.before, self.pool = before, pool
        self.conv1 = spectral(nn.Conv2d(inputs, outputs, 3, padding=1))
        self.conv2 = spectral(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.shortcut = nn.Identity() if inputs == outputs else spectral(nn.Conv2d(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(rows, inputs, H, W) -> (rows, outputs, H / 2, W / 2)."""
        h = self.conv2(relu(self.conv1(self.before(x))))
        return self.pool(h) + cast(Tensor, self.shortcut(self.pool(x)))


class ResidualGenerator(nn.Module):
    """Residual blocks up from a small map, spectral norm throughout, attention at one map.

    Zhang et al. 2019 (SAGAN) with `LabelConditioning`; Brock et al. 2019 (BigGAN) with `SplitConditioning`.
    ``attention`` is the largest side of the map that attends, in pixels (`one_attention`); 0 for none.
    """

    def __init__(
        self,
        space: SampleSpace,
        latent: int,
        *,
        conditioning: Callable[[int, int, int], Conditioning] = LabelConditioning,
        width: int = 16,
        most: int = 128,
        attention: int = 0,
    ) -> None:
        super().__init__()
        self.size = (space.height, space.width)
        levels = levels_for(*self.size)
        self.grid = base_grid(*self.size, levels)
        self.conditioning = conditioning(latent, len(space.classes), levels)
        sizes = channels_by_level(levels, width, most)
        self.first = sizes[0]
        places = self.grid[0] * self.grid[1]
        self.seed = spectral(nn.Linear(self.conditioning.seed_width, self.first * places))
        condition = self.conditioning.block_width
        self.blocks = nn.ModuleList(ResidualUp(i, o, condition) for i, o in pairwise(sizes))
        sides = [min(self.grid) * 2 ** (level + 1) for level in range(levels)]
        self.attention = one_attention(sizes[1:], sides, space, attention)
        self.norm = nn.BatchNorm2d(sizes[-1])
        self.out = spectral(nn.Conv2d(sizes[-1], space.channels, 3, padding=1))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        seed, conditions = self.conditioning(latent, labels)
        h = self.seed(seed).view(-1, self.first, *self.grid)  # (rows, first, h0, w0)
        for block, attend, condition in zip(self.blocks, self.attention, conditions, strict=True):
            h = attend(block(h, condition))
        return torch.tanh(crop_centre(self.out(relu(self.norm(h))), *self.size))


class ResidualDiscriminator(nn.Module):
    """Residual blocks down to a small map, summed over its places; class-conditional by projection.

    Miyato and Koyama 2018, figure 14, with the attention of Zhang et al. 2019. Rows are independent.
    """

    rows_per_group = 1

    def __init__(self, space: SampleSpace, *, width: int = 32, most: int = 256, attention: int = 0) -> None:
        super().__init__()
        levels = levels_for(space.height, space.width)
        sizes = [min(most, width * 2**level) for level in range(levels)]
        first = ResidualDown(space.channels, sizes[0], before=nn.Identity())
        self.blocks = nn.ModuleList([first, *(ResidualDown(i, o) for i, o in pairwise(sizes))])
        shorter = min(space.height, space.width)
        sides = [-(-shorter // 2 ** (level + 1)) for level in range(levels)]
        self.attention = one_attention(sizes, sides, space, attention)
        hidden = sizes[-1]
        self.last = ResidualDown(hidden, hidden, pool=nn.Identity())
        classes = len(space.classes)
        table = spectral(nn.Embedding(classes, hidden)) if classes else None
        self.head = Projection(spectral(nn.Linear(hidden, 1)), table)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        for block, attend in zip(self.blocks, self.attention, strict=True):
            x = attend(block(x))
        h = relu(self.last(x)).sum((2, 3))  # (rows, hidden)
        return Judgement(self.head(h, labels), {"hidden": h})


def _hearing(norm: ConditionalBatchNorm2d) -> ConditionalBatchNorm2d:
    """Scales of 1 and shifts of 0, each with a spread of 0.3 over conditions of unit variance."""
    nn.init.normal_(norm.affine.weight, std=0.3 / norm.affine.in_features**0.5)
    return norm
