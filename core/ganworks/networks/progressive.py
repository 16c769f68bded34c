"""Networks that grow while they train. Karras et al. 2018 (Progressive GAN).

Growth stays inside: a generator enlarges what its level draws to the full size, a discriminator shrinks what
it is shown to its level. So data, penalties, augmentation and sampling never see a resolution change.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import (
    Labels,
    MinibatchStd,
    Projection,
    base_grid,
    crop_centre,
    doubled,
    levels_for,
)
from ganworks.networks.equalized import EqualConv2d, EqualEmbedding, EqualLinear, pixel_norm, unit_leaky
from ganworks.networks.generators import channels_by_level
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement


class GrowingModule(nn.Module):
    """A network with a level: 0 is its smallest map, ``levels`` its largest, 2.3 fades level 3 in by 0.3.

    A fresh network is at its full level, so that whoever does not grow it need not know. The level is part of
    the state dict: a generator is loaded and sampled without the run that grew it.
    """

    levels: int
    level: float

    def _start_full(self, levels: int) -> None:
        self.levels, self.level = levels, float(levels)

    def grow_to(self, level: float) -> None:
        """Set the level; beyond the last one there is nothing to grow."""
        self.level = min(max(level, 0.0), float(self.levels))

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.level, dtype=torch.float64)

    def set_extra_state(self, state: Tensor) -> None:
        self.grow_to(float(state))

    @property
    def below(self) -> int:
        """The level that holds, or that is being faded out."""
        return floor(self.level)

    @property
    def top(self) -> int:
        """The level that holds, or that is being faded in."""
        return ceil(self.level)

    @property
    def fade(self) -> float:
        """How far ``top`` is faded in; 0 while a level holds."""
        return self.level - self.below


class Canvas(nn.Module):
    """Between a sample of any size and a grid of maps that double from level to level."""

    def __init__(self, space: SampleSpace, levels: int) -> None:
        super().__init__()
        self.size = (space.height, space.width)
        self.levels = levels
        self.grid = base_grid(*self.size, levels)

    def side(self, level: int) -> tuple[int, int]:
        """Height and width of the maps of a level."""
        return self.grid[0] * 2**level, self.grid[1] * 2**level

    def enlarge(self, x: Tensor, level: int) -> Tensor:
        """A level's picture at the full size: (rows, c, *side(level)) -> (rows, c, height, width)."""
        if level < self.levels:
            x = F.interpolate(x, scale_factor=2.0 ** (self.levels - level), mode="nearest")
        return crop_centre(x, *self.size)

    def shrink(self, x: Tensor, level: int) -> Tensor:
        """The inverse of `enlarge`: means over blocks, borders repeated where `enlarge` cropped."""
        high, wide = (full - size for full, size in zip(self.side(self.levels), self.size, strict=True))
        if high or wide:
            edges = (wide // 2, wide - wide // 2, high // 2, high - high // 2)
            x = F.pad(x, edges, mode="replicate")
        return F.avg_pool2d(x, 2 ** (self.levels - level)) if level < self.levels else x


class ProgressiveGenerator(GrowingModule):
    """Two convolutions with pixel norm a level. Karras et al. 2018, table 2; nearest-neighbour upsampling.

    In training the picture is linear, as in the paper; in evaluation mode it is clamped to [-1, 1].
    """

    def __init__(self, space: SampleSpace, latent: int, *, width: int = 16, most: int = 128) -> None:
        super().__init__()
        levels = levels_for(space.height, space.width)
        self._start_full(levels)
        self.canvas = Canvas(space, levels)
        self.labels = Labels(len(space.classes))
        sizes = channels_by_level(levels, width, most)
        self.first = sizes[0]
        grid = self.canvas.grid
        self.seed = EqualLinear(latent + self.labels.width, sizes[0] * grid[0] * grid[1])
        self.refine = EqualConv2d(sizes[0], sizes[0], 3)
        self.blocks = nn.ModuleList(_UpBlock(i, o) for i, o in pairwise(sizes))
        self.to_picture = nn.ModuleList(EqualConv2d(o, space.channels, 1) for o in sizes)

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        h = self.seed(pixel_norm(self.labels(latent, labels)))
        h = h.view(-1, self.first, *self.canvas.grid)  # (rows, first, h0, w0)
        maps = [pixel_norm(unit_leaky(self.refine(pixel_norm(unit_leaky(h)))))]
        for block in list(self.blocks)[: self.top]:
            maps.append(block(maps[-1]))
        picture = faded_picture(self, maps, self.to_picture, self.canvas)
        return picture if self.training else picture.clamp(-1, 1)


def faded_picture(
    net: GrowingModule, maps: list[Tensor], to_picture: nn.ModuleList, canvas: Canvas
) -> Tensor:
    """The picture (rows, c, height, width) at the network's level, from maps of levels 0 to ``net.top``."""
    picture = canvas.enlarge(to_picture[net.top](maps[net.top]), net.top)
    if net.fade:
        lower = canvas.enlarge(to_picture[net.below](maps[net.below]), net.below)
        picture = lower.lerp(picture, net.fade)
    return picture


class _UpBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualConv2d(inputs, outputs, 3)
        self.second = EqualConv2d(outputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, inputs, h, w) -> (rows, outputs, 2 h, 2 w)."""
        h = self.first(doubled(x))
        return pixel_norm(unit_leaky(self.second(pixel_norm(unit_leaky(h)))))


class GrowingDiscriminator(GrowingModule):
    """The mirror image of the generator, with a minibatch standard deviation; conditional by projection.

    Karras et al. 2018, table 2. No normalisation, so that penalties on its slope are defined;
    ``group`` neighbouring rows share the minibatch statistic. While a level fades in, the paper also fades
    the real images; here they keep their detail, because the level stays inside of the networks.
    """

    def __init__(self, space: SampleSpace, *, width: int = 16, most: int = 128, group: int = 4) -> None:
        super().__init__()
        levels = levels_for(space.height, space.width)
        self._start_full(levels)
        self.rows_per_group = group
        self.canvas = Canvas(space, levels)
        sizes = channels_by_level(levels, width, most)
        self.from_picture = nn.ModuleList(EqualConv2d(space.channels, o, 1) for o in sizes)
        self.blocks = nn.ModuleList(_DownBlock(i, o) for o, i in pairwise(sizes))  # block l: level l + 1 to l
        self.verdict = Verdict(sizes[0], self.canvas.grid, len(space.classes), group)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        h = self._seen(x, self.top)
        if self.fade:
            h = self._seen(x, self.below).lerp(self.blocks[self.below](h), self.fade)
        for level in reversed(range(self.below)):
            h = self.blocks[level](h)
        return self.verdict(h, labels)  # type: ignore[no-any-return]

    def _seen(self, x: Tensor, level: int) -> Tensor:
        return unit_leaky(self.from_picture[level](self.canvas.shrink(x, level)))


class _DownBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualConv2d(inputs, inputs, 3)
        self.second = EqualConv2d(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, inputs, 2 h, 2 w) -> (rows, outputs, h, w)."""
        return F.avg_pool2d(unit_leaky(self.second(unit_leaky(self.first(x)))), 2)


class Verdict(nn.Module):
    """From the smallest map to one logit: minibatch statistic, convolution, dense layer, projection."""

    def __init__(self, channels: int, grid: tuple[int, int], classes: int, group: int) -> None:
        super().__init__()
        self.spread = MinibatchStd(group)
        self.conv = EqualConv2d(channels + 1, channels, 3)
        self.hidden = EqualLinear(channels * grid[0] * grid[1], channels)
        table = EqualEmbedding(classes, channels) if classes else None
        self.head = Projection(EqualLinear(channels, 1), table)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        """(rows, channels, *grid), (rows,) -> logits (rows, 1)."""
        h = unit_leaky(self.conv(self.spread(x)))
        h = unit_leaky(self.hidden(h.flatten(1)))  # (rows, channels)
        return Judgement(self.head(h, labels), {"hidden": h})
