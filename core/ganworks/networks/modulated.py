"""StyleGAN2: modulated convolutions, a skip generator and a residual discriminator. Karras et al. 2020."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import crop_centre, levels_for
from ganworks.networks.equalized import EqualConv2d, EqualLinear, unit_leaky
from ganworks.networks.generators import channels_by_level
from ganworks.networks.progressive import Canvas, Verdict
from ganworks.networks.style import Noise, StyleBased
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement


class ModulatedConv2d(nn.Module):
    """A convolution whose input channels are scaled by the style. Karras et al. 2020, eq. 1.

    Scaling the input is scaling the weights: conv(x, w s) = conv(x s, w). The weights stay the same for all
    rows, so that no grouped convolution is needed: faster on a CPU, and it exports.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, style: int) -> None:
        super().__init__()
        self.affine = EqualLinear(style, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale = 1 / (kernel * sqrt(inputs))
        self.padding = kernel // 2

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(rows, inputs, h, w), (rows, style) -> (rows, outputs, h, w)."""
        return self._convolved(x, self.affine(w))

    def _convolved(self, x: Tensor, s: Tensor) -> Tensor:
        return F.conv2d(x * s[:, :, None, None], self.weight * self.scale, padding=self.padding)


class DemodulatedConv2d(ModulatedConv2d):
    """A modulated convolution whose outputs have unit variance for unit inputs. Eq. 3.

    The norm of the modulated weights, sqrt(sum (w s)^2), divides each output channel of each row.
    """

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        s = self.affine(w)
        energy = s.square() @ (self.weight * self.scale).square().sum((2, 3)).T  # (rows, outputs)
        y: Tensor = self._convolved(x, s) * (energy + 1e-8).rsqrt()[:, :, None, None]
        return y


class StyledConv(nn.Module):
    """Demodulated convolution, noise, bias, leaky ReLU: figure 2d."""

    def __init__(self, inputs: int, outputs: int, style: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.conv = DemodulatedConv2d(inputs, outputs, 3, style)
        self.noise = Noise(outputs, side)
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return unit_leaky(self.noise(self.conv(x, w)) + self.bias)


class ToPicture(nn.Module):
    """Channels of the picture from a map: a modulated 1 x 1 convolution, not demodulated."""

    def __init__(self, inputs: int, outputs: int, style: int) -> None:
        super().__init__()
        self.conv = ModulatedConv2d(inputs, outputs, 1, style)
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return self.conv(x, w) + self.bias  # type: ignore[no-any-return]


class StyleGAN2Generator(StyleBased):
    """A learned constant, styled by modulation; the picture is the sum of every level's. Figures 2d and 7b.

    One styled convolution at the smallest level, two at each further one: ``layers`` in all."""

    def __init__(
        self,
        space: SampleSpace,
        latent: int,
        *,
        width: int = 16,
        most: int = 128,
        style: int = 128,
        depth: int = 2,
        mixing: float = 0.9,
    ) -> None:
        super().__init__()
        levels = levels_for(space.height, space.width)
        self._start_styles(space, latent, style, depth, mixing)
        self.layers = 1 + 2 * levels
        self.canvas = Canvas(space, levels)
        sizes = channels_by_level(levels, width, most)
        self.constant = nn.Parameter(torch.randn(1, sizes[0], *self.canvas.grid))
        # layer 0 at level 0, layers 2 l - 1 and 2 l at level l
        outputs = [sizes[(layer + 1) // 2] for layer in range(self.layers)]
        self.convs = nn.ModuleList(
            StyledConv(i, o, style, self.canvas.side((layer + 1) // 2))
            for layer, (i, o) in enumerate(pairwise([sizes[0], *outputs]))
        )
        self.to_picture = nn.ModuleList(ToPicture(size, space.channels, style) for size in sizes)

    def synthesis(self, styles: Tensor) -> Tensor:
        w = styles.expand(-1, self.layers, -1)
        h = self.convs[0](self.constant.expand(w.shape[0], -1, -1, -1), w[:, 0])
        picture = self.to_picture[0](h, w[:, 0])
        for level in range(1, self.canvas.levels + 1):
            first, second = 2 * level - 1, 2 * level
            h = self.convs[first](_twice_the_size(h), w[:, first])
            h = self.convs[second](h, w[:, second])
            picture = _twice_the_size(picture) + self.to_picture[level](h, w[:, second])
        return crop_centre(picture, *self.canvas.size)

    def style_weights(self) -> list[Tensor]:
        """What each layer reads of a style: (styled channels, style) a layer, in order."""
        return [part.conv.affine.weight for part in self.convs]  # type: ignore[union-attr, misc]


class StyleGAN2Discriminator(nn.Module):
    """Residual blocks down to the smallest map, minibatch standard deviation, projection. Figure 7c.

    ``group`` neighbouring rows share the minibatch statistic.
    """

    def __init__(self, space: SampleSpace, *, width: int = 16, most: int = 128, group: int = 4) -> None:
        super().__init__()
        levels = levels_for(space.height, space.width)
        self.rows_per_group = group
        sizes = channels_by_level(levels, width, most)[::-1]
        self.first = EqualConv2d(space.channels, sizes[0], 1)
        self.blocks = nn.Sequential(*(_ResidualDown(i, o) for i, o in pairwise(sizes)))
        grid = space.height >> levels, space.width >> levels
        self.verdict = Verdict(sizes[-1], grid, len(space.classes), group)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        return self.verdict(self.blocks(unit_leaky(self.first(x))), labels)  # type: ignore[no-any-return]


class _ResidualDown(nn.Module):
    """The map is halved before the second convolution, not in it: less work, one filter for both."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualConv2d(inputs, inputs, 3)
        self.second = EqualConv2d(inputs, outputs, 3)
        self.skip = EqualConv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, inputs, h, w) -> (rows, outputs, h // 2, w // 2)."""
        h = unit_leaky(self.second(_half_the_size(unit_leaky(self.first(x)))))
        out: Tensor = (h + self.skip(_half_the_size(x))) / sqrt(2)
        return out


def _twice_the_size(x: Tensor) -> Tensor:
    """Upsample by the filter [1, 3, 3, 1] of section 3.2: it is bilinear interpolation."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear")


def _half_the_size(x: Tensor) -> Tensor:
    """Downsample by the filter [1, 3, 3, 1]: it is bilinear interpolation with antialiasing."""
    size = [x.shape[2] // 2, x.shape[3] // 2]
    return F.interpolate(x, size=size, mode="bilinear", antialias=True)
