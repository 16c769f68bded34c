"""The U-Net that translates images and keeps their layout: (latent, source) -> samples."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import at_least, leaky, levels_for
from ganworks.networks.few_places import Doubling, Halving
from ganworks.networks.generators import initialise
from ganworks.networks.translation import ImageNorm, padded_to, require_same_size
from ganworks.space import SampleSpace


class UNetGenerator(nn.Module):
    """Encoder and decoder with a skip at every level. Isola et al. 2017 (pix2pix), section 6.1.1.

    Any height and width, whatever the training size: the source is continued as in a mirror to a
    ``multiple``, the result cropped. As in the paper the latent is not used; dropout in the decoder is the
    noise, in training mode only: a network in evaluation mode is a function of its source. The
    normalisation is that of each image by itself, which the paper gets from BatchNorm at batch size 1: so a
    sample never depends on its neighbours.

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
        most: int = 512,
        levels: int | None = None,  # halvings; None: to a map of about 2 places across (the paper: 1)
        dropout: float = 0.5,  # in the three smallest levels of the decoder
    ) -> None:
        super().__init__()
        require_same_size(source, space)
        at_least(1, levels=1 if levels is None else levels)
        deepest = levels_for(*space.size, base=1)
        levels = min(levels or levels_for(*space.size, base=2), deepest)
        self.multiple = 2**levels
        sizes = [min(most, width * 2**level) for level in range(levels)]
        self.first = nn.Conv2d(source.channels, sizes[0], 4, 2, 1)
        self.down = nn.ModuleList(
            _Down(i, o, normed=level < levels - 1) for level, (i, o) in enumerate(pairwise(sizes), start=1)
        )
        inner = [(sizes[-1], sizes[-2])] if levels > 1 else []  # the smallest map has no skip
        inner += [(2 * o, below) for o, below in zip(sizes[-2:0:-1], sizes[-3::-1], strict=True)]
        self.up = nn.ModuleList(
            _Up(i, o, dropout if place < 3 else 0.0) for place, (i, o) in enumerate(inner)
        )
        self.out = DoublingToImage(sizes[0] * (2 if levels > 1 else 1), space.channels)
        initialise(self)

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        """(rows, latent), (rows, source channels, H, W) -> (rows, channels, H, W) in [-1, 1]."""
        skips = [self.first(padded_to(source, self.multiple))]  # (rows, width, H/2, W/2)
        for down in self.down:
            skips.append(down(skips[-1]))
        h = skips.pop()  # (rows, most, smallest map)
        for up in self.up:
            h = torch.cat([up(h), skips.pop()], 1)
        height, width = source.shape[2:]
        made: Tensor = self.out(h.relu())[:, :, :height, :width]
        return made.tanh()


class DoublingToImage(nn.ConvTranspose2d):
    """The last layer: a transposed 4x4 convolution that doubles both sides, to a few channels.

    In training it makes the four pixels that each place becomes as four times as many channels, by 3x3
    kernels of which each has 2x2 entries (Shi et al. 2016, "Is the deconvolution layer the same as a
    convolutional layer?"): with three channels most of a vector unit would be idle. The results are equal.
    """

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o, 4, 2, 1)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(rows, i, H, W) -> (rows, o, 2H, 2W)."""
        if not self.training:
            return super().forward(x, output_size)
        taps = self.weight.flip(2, 3)
        kernels = [
            F.pad(taps[:, :, down::2, right::2], (right, 1 - right, down, 1 - down))
            for down in (0, 1)
            for right in (0, 1)
        ]
        kernel = torch.stack(kernels, 2).flatten(1, 2).transpose(0, 1)  # (o * 4, i, 3, 3)
        assert self.bias is not None
        return F.pixel_shuffle(F.conv2d(x, kernel, self.bias.repeat_interleave(4), padding=1), 2)


class _Down(nn.Module):
    """Leaky ReLU, halving convolution, normalisation: all but the smallest map is normalised."""

    def __init__(self, i: int, o: int, normed: bool) -> None:
        super().__init__()
        self.conv = Halving(i, o, bias=not normed)  # normalisation takes a bias away
        # at the smallest map a normalised image would lose what it has left of its level
        self.norm = ImageNorm(o) if normed else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(rows, i, H, W) -> (rows, o, H/2, W/2)."""
        h: Tensor = self.norm(self.conv(leaky(x)))
        return h


class _Up(nn.Module):
    """ReLU, doubling convolution, normalisation, dropout."""

    def __init__(self, i: int, o: int, dropout: float) -> None:
        super().__init__()
        self.conv = Doubling(i, o)
        self.norm = ImageNorm(o)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, i, H, W) -> (rows, o, 2H, 2W)."""
        h: Tensor = self.dropout(self.norm(self.conv(x.relu())))
        return h
