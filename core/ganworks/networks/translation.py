"""Image translation: residual generators, and the heads that compare patches of their features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import at_least, levels_for
from ganworks.networks.generators import initialise
from ganworks.space import SampleSpace

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
    """(rows, channels, H, W), continued below and to the right as in a mirror, so that both sides fit."""
    if not any(side % multiple for side in x.shape[2:]):
        return x
    rows, columns = (continued(side, multiple).to(x.device) for side in x.shape[2:])
    return x.index_select(2, rows).index_select(3, columns)  # indexing: a 100 times slower backward


def continued(side: int, multiple: int) -> Tensor:
    """The places 0 ... side - 1, continued as in a mirror up to a multiple; written for tracing."""
    places = torch.arange((side + multiple - 1) // multiple * multiple)
    return ((side - 1) - (places - (side - 1)).abs()).clamp(min=0)  # 0: a side shorter than what is missing


class ResidualTranslator(nn.Module):
    """Halvings, residual blocks, as many doublings. Zhu et al. 2017 (CycleGAN), appendix 7.2.

    The network is Johnson et al. 2016's with instance normalisation; with four halvings the global generator
    of Wang et al. 2018 (pix2pixHD), section 3.1. Any height and width, whatever the training size: the source
    is continued as in a mirror to a ``multiple``, the result cropped. The latent is not used.

    Raises:
        ValueError: source and sample differ in size, or are too small.
    """

    memory_format = torch.contiguous_format  # instance normalisation is slower in channels_last
    scale = 1

    def __init__(
        self,
        source: SampleSpace,
        space: SampleSpace,
        *,
        width: int = 64,
        blocks: int = 6,
        halvings: int = 2,  # fewer where the images are too small for them
    ) -> None:
        super().__init__()
        require_same_size(source, space)
        at_least(1, width=width)
        at_least(0, blocks=blocks, halvings=halvings)
        self.halvings = min(halvings, levels_for(*space.size, base=2))
        self.multiple = 2**self.halvings
        sizes = [width * 2**level for level in range(self.halvings + 1)]
        self.layers = nn.Sequential(
            _layer(source.channels, width, 7, 1),
            *(_layer(i, 2 * i, 3, 2) for i in sizes[:-1]),
            *(ResidualBlock(sizes[-1]) for _ in range(blocks)),
            *(_doubling(2 * o, o) for o in sizes[-2::-1]),
            ToImage(width, space.channels),
        )
        self.encoder = 1 + self.halvings + blocks  # layers before the doublings
        self.encoded_channels = (source.channels, *sizes[1:], *sizes[-1:] * min(blocks, 2))
        initialise(self)

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        """(rows, latent), (rows, source channels, H, W) -> (rows, channels, H, W) in [-1, 1]."""
        height, width = source.shape[2:]
        made: Tensor = self.layers(padded_to(source, self.multiple))[:, :, :height, :width]
        return made.tanh()

    def encode(self, source: Tensor) -> list[Tensor]:
        """What patches are compared by: pixels, every halving, the first and the last residual block.

        (rows, source channels, H, W) -> maps (rows, ``encoded_channels``, smaller H, smaller W).
        Park et al. 2020 (CUT), appendix C.1.
        """
        h = padded_to(source, self.multiple)
        found = [h]
        for place, layer in enumerate(list(self.layers)[: self.encoder]):
            if place and isinstance(layer, nn.Sequential):  # a halving
                conv, norm, act = layer
                found.append(conv(h))  # before its norm, which takes levels away
                h = act(norm(found[-1]))
                continue
            h = layer(h)
            if place in (self.halvings + 1, self.encoder - 1):
                found.append(h)
        return found


class ImageNorm(nn.InstanceNorm2d):
    """Instance normalisation without parameters; in training the same by way of another, faster kernel.

    On a CPU the forward of torch's group norm with one group a channel takes a sixth of the time.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(rows, channels, H, W) -> the same shape."""
        return F.group_norm(x, self.num_features) if self.training else super().forward(x)


class ToImage(nn.Conv2d):
    """The last layer: a mirrored 7x7 convolution to a few channels.

    In training, where both sides are even, it makes the four pixels of a 2x2 block as four times as many
    channels, by kernels that are shifted within 8x8: with three channels most of a vector unit would be idle
    (2.5 times faster on a CPU, forward and backward; the results are equal).
    """

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o, 7, padding=3, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        """(rows, i, H, W) -> (rows, o, H, W)."""
        if not self.training or x.shape[2] % 2 or x.shape[3] % 2:
            return super().forward(x)
        shifted = [
            F.pad(self.weight, (right, 1 - right, down, 1 - down)) for down in (0, 1) for right in (0, 1)
        ]
        kernels = torch.stack(shifted, 1).flatten(0, 1)  # (o * 4, i, 8, 8)
        assert self.bias is not None
        blocks = F.conv2d(
            F.pad(x, (3, 3, 3, 3), "reflect"), kernels, self.bias.repeat_interleave(4), stride=2
        )
        return F.pixel_shuffle(blocks, 2)


class ResidualBlock(nn.Module):
    """x + two normalised 3x3 convolutions; nothing after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _layer(channels, channels, 3, 1)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False, padding_mode="reflect")
        self.norm = ImageNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, channels, H, W) -> the same shape."""
        h: Tensor = x + self.norm(self.conv(self.first(x)))
        return h


class PatchHeads(nn.Module):
    """A perceptron of two layers for each map of features. Park et al. 2020 (CUT), section 3.3."""

    def __init__(self, channels: Sequence[int], width: int = 256) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(c, width), nn.ReLU(), nn.Linear(width, width)) for c in channels
        )

    def forward(self, *patches: Tensor) -> tuple[Tensor, ...]:
        """(rows, places, channels of the map) a map -> unit vectors (rows, places, width) a map."""
        heads = zip(self.heads, patches, strict=True)
        return tuple(F.normalize(head(found).float(), dim=2) for head, found in heads)


def _layer(i: int, o: int, kernel: int, stride: int) -> nn.Sequential:
    conv = nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False, padding_mode="reflect")
    return nn.Sequential(conv, ImageNorm(o), nn.ReLU())


def _doubling(i: int, o: int) -> nn.Sequential:
    """A transposed convolution that doubles both sides."""
    conv = nn.ConvTranspose2d(i, o, 3, 2, 1, output_padding=1, bias=False)
    return nn.Sequential(conv, ImageNorm(o), nn.ReLU())
