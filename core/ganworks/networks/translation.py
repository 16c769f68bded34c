"""Image translation: the residual generator of CycleGAN, and critics that judge patches."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import crop_centre, leaky, levels_for
from ganworks.networks.generators import initialise
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement

SMALLEST = 8  # pixels of the shorter side: two halvings leave a map that can be mirrored at its border


def require_same_size(source: SampleSpace, space: SampleSpace) -> None:
    """Translation keeps every place where it is.

    Raises:
        ValueError: no images, sizes that differ, or too small ones.
    """
    if source.rank != 2 or space.rank != 2:
        raise ValueError(
            f"translation is made for images; the spaces have {source.rank} and {space.rank} axes"
        )
    if source.size != space.size:
        sizes = [" x ".join(map(str, s.size)) for s in (source, space)]
        raise ValueError(f"sources of {sizes[0]} and targets of {sizes[1]} differ: resize one of them first")
    if min(space.size) < SMALLEST:
        raise ValueError(
            f"images of {space.height} x {space.width} are too small: {SMALLEST} x {SMALLEST} or more"
        )


def padded_to(x: Tensor, multiple: int) -> Tensor:
    """Repeat the border values of (rows, channels, H, W), so that both sides are multiples; x is centred."""
    missing = [-side % multiple for side in x.shape[:1:-1]]  # of width, then height, as torch pads
    if not any(missing):
        return x
    return F.pad(x, [part for n in missing for part in (n // 2, n - n // 2)], mode="replicate")


class ResidualTranslator(nn.Module):
    """Two halvings, residual blocks, two doublings. Zhu et al. 2017 (CycleGAN), appendix 7.2.

    The network is Johnson et al. 2016's with instance normalisation; any height and width as in the U-Net.

    Raises:
        ValueError: source and sample differ in size, or are too small.
    """

    memory_format = torch.contiguous_format  # instance normalisation is slower in channels_last

    def __init__(self, source: SampleSpace, space: SampleSpace, *, width: int = 64, blocks: int = 6) -> None:
        super().__init__()
        require_same_size(source, space)
        self.size = space.size
        self.layers = nn.Sequential(
            _layer(source.channels, width, 7, 1),
            _layer(width, 2 * width, 3, 2),
            _layer(2 * width, 4 * width, 3, 2),
            *(ResidualBlock(4 * width) for _ in range(blocks)),
            _doubling(4 * width, 2 * width),
            _doubling(2 * width, width),
            nn.Conv2d(width, space.channels, 7, padding=3, padding_mode="reflect"),
        )
        initialise(self)

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        """(rows, latent), (rows, source channels, H, W) -> (rows, channels, H, W) in [-1, 1]."""
        return torch.tanh(crop_centre(self.layers(padded_to(source, 4)), *self.size))


class ResidualBlock(nn.Module):
    """x + two normalised 3x3 convolutions; nothing after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _layer(channels, channels, 3, 1)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False, padding_mode="reflect")
        self.norm = nn.InstanceNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, channels, H, W) -> the same shape."""
        h: Tensor = x + self.norm(self.conv(self.first(x)))
        return h


class PatchDiscriminator(nn.Module):
    """One logit a patch of an image. Isola et al. 2017, section 3.2.2: 70x70 pixels at three halvings.

    Small images are halved less often, until about eight places remain across. Rows are judged each by itself
    (instance normalisation), as in CycleGAN.
    """

    memory_format = torch.contiguous_format
    rows_per_group = 1

    def __init__(self, channels: int, size: tuple[int, ...], *, width: int = 64, halvings: int = 3) -> None:
        super().__init__()
        halvings = min(halvings, levels_for(*size, base=8))
        sizes = [channels, *(width * 2**level for level in range(halvings + 1))]
        strides = [2] * halvings + [1]
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, 4, stride) for (i, o), stride in zip(pairwise(sizes), strides, strict=True)
        )
        self.norms = nn.ModuleList(
            nn.InstanceNorm2d(o) if i else nn.Identity() for i, o in enumerate(sizes[1:])
        )
        self.judge = nn.Conv2d(sizes[-1], 1, 4)
        initialise(self)

    def forward(self, x: Tensor, condition: Tensor) -> Judgement:
        """(rows, channels, H, W) -> logits (rows, patches); the condition is not looked at."""
        h = x
        for conv, norm in zip(self.convs, self.norms, strict=True):
            h = leaky(norm(conv(_around(h))))
        return Judgement(self.judge(_around(h)).flatten(1), {"hidden": h})


class PairDiscriminator(nn.Module):
    """A patch discriminator of pairs: it sees the source beside the sample. Isola et al. 2017, eq. 1."""

    memory_format = torch.contiguous_format
    rows_per_group = 1

    def __init__(self, source: SampleSpace, space: SampleSpace, *, width: int = 64) -> None:
        super().__init__()
        require_same_size(source, space)
        self.patches = PatchDiscriminator(source.channels + space.channels, space.size, width=width)

    def forward(self, x: Tensor, source: Tensor) -> Judgement:
        """(rows, channels, H, W), (rows, source channels, H, W) -> logits (rows, patches)."""
        judgement: Judgement = self.patches(torch.cat([source, x], 1), source)
        return judgement


def _around(x: Tensor) -> Tensor:
    """Room for a kernel of 4, so that a stride of 1 keeps the side: it exists for the smallest maps too."""
    return F.pad(x, (1, 2, 1, 2))


def _layer(i: int, o: int, kernel: int, stride: int) -> nn.Sequential:
    conv = nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False, padding_mode="reflect")
    return nn.Sequential(conv, nn.InstanceNorm2d(o), nn.ReLU())


def _doubling(i: int, o: int) -> nn.Sequential:
    """A transposed convolution that doubles both sides."""
    conv = nn.ConvTranspose2d(i, o, 3, 2, 1, output_padding=1, bias=False)
    return nn.Sequential(conv, nn.InstanceNorm2d(o), nn.ReLU())
