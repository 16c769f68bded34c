"""SPADE: a generator that is told the label map at every layer. Park et al. 2019."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganworks.networks.blocks import doubled, leaky, levels_for, spectral
from ganworks.networks.generators import channels_by_level
from ganworks.networks.translation import ImageNorm, padded_to, require_same_size
from ganworks.space import SampleSpace


class SpadeGenerator(nn.Module):
    """From the label map alone, coarse to fine. Park et al. 2019, section 3 and appendix A.

    A source has one channel a class: 1 where the class is, -1 elsewhere. The coarsest layer sees the map
    reduced to about eight places across; every normalisation is scaled and shifted by the map. The
    normalisation is that of each image by itself (the paper: of the batch over all GPUs), so a sample never
    depends on its neighbours. Any height and width, whatever the training size; the latent is not used.

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
        width: int = 64,  # channels at full resolution
        most: int = 1024,
        hidden: int = 128,  # channels between the label map and its scales and shifts
    ) -> None:
        super().__init__()
        require_same_size(source, space)
        self.levels = levels_for(*space.size, base=8)
        self.multiple = 2**self.levels
        sizes = channels_by_level(self.levels, width, most)
        self.first = nn.Conv2d(source.channels, sizes[0], 3, padding=1)
        self.blocks = nn.ModuleList(
            SpadeBlock(i, o, source.channels, hidden) for i, o in pairwise([sizes[0], *sizes])
        )
        self.out = nn.Conv2d(sizes[-1], space.channels, 3, padding=1)

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        """(rows, latent), (rows, classes, H, W) -> (rows, channels, H, W) in [-1, 1]."""
        labels = padded_to(source, self.multiple)
        h = self.first(_reduced(labels, self.levels))  # (rows, most, smallest map)
        for place, block in enumerate(self.blocks):
            h = doubled(h) if place else h
            h = block(h, _reduced(labels, self.levels - place))
        height, width = source.shape[2:]
        made: Tensor = self.out(leaky(h))[:, :, :height, :width]
        return made.tanh()


class SpadeBlock(nn.Module):
    """A residual block whose normalisations are driven by the label map. Park et al. 2019, figure 4 (b)."""

    def __init__(self, i: int, o: int, classes: int, hidden: int) -> None:
        super().__init__()
        inner = min(i, o)
        self.spade_in, self.spade_out = Spade(i, classes, hidden), Spade(inner, classes, hidden)
        self.conv_in = spectral(nn.Conv2d(i, inner, 3, padding=1))
        self.conv_out = spectral(nn.Conv2d(inner, o, 3, padding=1))
        self.spade_past = Spade(i, classes, hidden) if i != o else None
        self.conv_past = spectral(nn.Conv2d(i, o, 1, bias=False)) if i != o else None

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(rows, i, H, W), (rows, classes, H, W) -> (rows, o, H, W)."""
        h = self.conv_in(leaky(self.spade_in(x, labels)))
        h = self.conv_out(leaky(self.spade_out(h, labels)))
        if self.spade_past is not None and self.conv_past is not None:
            x = self.conv_past(self.spade_past(x, labels))
        summed: Tensor = x + h
        return summed


class Spade(nn.Module):
    """Normalise, then scale and shift every place by what its labels say. Park et al. 2019, eq. 1 and 2."""

    def __init__(self, channels: int, classes: int, hidden: int) -> None:
        super().__init__()
        self.norm = ImageNorm(channels)
        self.read = nn.Conv2d(classes, hidden, 3, padding=1)
        self.affine = nn.Conv2d(hidden, 2 * channels, 3, padding=1)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(rows, channels, H, W), (rows, classes, H, W) -> the shape of x."""
        scale, shift = self.affine(self.read(labels).relu()).chunk(2, 1)
        normed: Tensor = self.norm(x) * (1 + scale) + shift
        return normed


def _reduced(labels: Tensor, halvings: int) -> Tensor:
    """Every 2^halvings-th place of (rows, classes, H, W): the nearest label, never a mixture."""
    step = 2**halvings
    return labels[:, :, ::step, ::step]
