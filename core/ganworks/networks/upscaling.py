"""Networks that enlarge or restore an image: (latent, source) -> the image, one to four times the size.

They are convolutions alone: trained on small patches they work on images of any height and width. Each adds a
correction to the source enlarged by nearest repetition, and begins near it; what it makes is meant to lie in
[-1, 1] and is clamped by who uses it, since a squashing function would slow the learning of black and white.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.errors import nearest
from ganworks.networks.blocks import leaky
from ganworks.networks.upscaling_blocks import (
    SMALL,
    DenseResidual,
    Repeated,
    ResidualBlock,
    Shuffled,
    growing_steps,
    kept_size,
)
from ganworks.space import SampleSpace

LARGEST = 4  # times that a side can grow


def scale_between(source: SampleSpace, space: SampleSpace) -> int:
    """How many times as long the sides of the samples are as those of their sources: 1 to 4.

    Raises:
        ValueError: no images, or sides that are not a whole number of times as long, the same for both.
    """
    if source.rank != 2 or space.rank != 2:
        raise ValueError(
            f"restoration is made for images; the spaces have {source.rank} and {space.rank} axes"
        )
    scale = space.height // source.height
    if not 1 <= scale <= LARGEST or space.size != (scale * source.height, scale * source.width):
        sizes = [" x ".join(map(str, s.size)) for s in (source, space)]
        raise ValueError(
            f"sources of {sizes[0]} and targets of {sizes[1]} do not fit: a target must be 1, 2, 3 or 4 "
            "times as high as its source, and as many times as wide"
        )
    return scale


class Upscaler(nn.Module):
    """What all of them share: the scale, and the enlarged source that the correction is added to.

    Raises:
        ValueError: the sizes of source and sample do not fit.
    """

    multiple = 1  # sides of a source may have any length

    def __init__(self, source: SampleSpace, space: SampleSpace) -> None:
        super().__init__()
        self.scale = scale_between(source, space)
        # each channel scale^2 times, for the places that one pixel becomes; of too few the last is repeated
        own = [min(channel, source.channels - 1) for channel in range(space.channels)]
        picks = torch.tensor(own).repeat_interleave(self.scale**2)
        self.register_buffer("picks", picks, persistent=False)

    def folded(self, source: Tensor) -> Tensor:
        """The source by nearest repetition, before the shuffle: (rows, channels * scale^2, H, W)."""
        return source.index_select(1, cast(Tensor, self.picks))

    def enlarged(self, source: Tensor) -> Tensor:
        """(rows, source channels, H, W) -> (rows, channels, scale * H, scale * W)."""
        return F.pixel_shuffle(self.folded(source), self.scale)


class CompactUpscaler(Upscaler):
    """3x3 convolutions at the size of the source and one shuffle at the end: for processors without a GPU.

    The shuffle is that of Shi et al. 2016 (ESPCN), section 3.2. The slope of the leaky ReLU and the path
    round the stack cost no time; without both, twelve layers failed to train at the rate that suits eight.
    """

    def __init__(self, source: SampleSpace, space: SampleSpace, *, width: int = 32, depth: int = 8) -> None:
        super().__init__(source, space)
        self.first = kept_size(source.channels, width)
        self.layers = nn.ModuleList(kept_size(width, width) for _ in range(depth))
        self.last = kept_size(width, space.channels * self.scale**2, SMALL)

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        """(rows, latent), (rows, source channels, H, W) -> (rows, channels, scale * H, scale * W)."""
        first = h = leaky(self.first(source))  # (rows, width, H, W)
        for layer in self.layers:
            h = leaky(layer(h))
        h = self.last(first + h)  # (rows, channels * scale^2, H, W)
        return F.pixel_shuffle(h + self.folded(source), self.scale)


class ResidualUpscaler(Upscaler):
    """Residual blocks: SRResNet (Ledig et al. 2017) without BatchNorm, as in EDSR (Lim et al. 2017).

    Both papers begin at a width of 64 and 16 blocks, which want a GPU.
    """

    def __init__(self, source: SampleSpace, space: SampleSpace, *, width: int = 48, depth: int = 8) -> None:
        super().__init__(source, space)
        self.first = kept_size(source.channels, width)
        self.blocks = nn.ModuleList(ResidualBlock(width) for _ in range(depth))
        self.gather = kept_size(width, width)
        self.grow = nn.Sequential(*(Shuffled(width, times) for times in growing_steps(self.scale)))
        self.last = kept_size(width, space.channels, SMALL)

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        """(rows, latent), (rows, source channels, H, W) -> (rows, channels, scale * H, scale * W)."""
        first = h = self.first(source)  # (rows, width, H, W)
        for block in self.blocks:
            h = block(h)
        h = self.grow(first + self.gather(h))  # (rows, width, scale * H, scale * W)
        corrected: Tensor = self.enlarged(source) + self.last(h)
        return corrected


class RRDBUpscaler(Upscaler):
    """Residual-in-residual dense blocks. Wang et al. 2018 (ESRGAN), section 3.1.

    The paper's 23 blocks of width 64 want a GPU.
    """

    def __init__(self, source: SampleSpace, space: SampleSpace, *, width: int = 32, depth: int = 6) -> None:
        super().__init__(source, space)
        self.first = kept_size(source.channels, width)
        self.blocks = nn.ModuleList(DenseResidual(width) for _ in range(depth))
        self.gather = kept_size(width, width)
        self.grow = nn.Sequential(*(Repeated(width, times) for times in growing_steps(self.scale)))
        self.smooth = kept_size(width, width)
        self.last = kept_size(width, space.channels, SMALL)

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        """(rows, latent), (rows, source channels, H, W) -> (rows, channels, scale * H, scale * W)."""
        first = h = self.first(source)  # (rows, width, H, W)
        for block in self.blocks:
            h = block(h)
        h = self.grow(first + self.gather(h))  # (rows, width, scale * H, scale * W)
        corrected: Tensor = self.enlarged(source) + self.last(leaky(self.smooth(h)))
        return corrected


UPSCALERS: Mapping[str, Callable[..., Upscaler]] = {
    "compact": CompactUpscaler,
    "residual": ResidualUpscaler,
    "rrdb": RRDBUpscaler,
}


def upscaler_named(name: str) -> Callable[..., Upscaler]:
    """One of `UPSCALERS`: called as ``(source, space, width=..., depth=...)``.

    Raises:
        ValueError: the name is unknown.
    """
    if name not in UPSCALERS:
        known = ", ".join(UPSCALERS)
        raise ValueError(f"network '{name}' is unknown{nearest(name, UPSCALERS)}; there are {known}")
    return UPSCALERS[name]
