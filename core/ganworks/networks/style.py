"""Style-based generators: what StyleGAN and StyleGAN2 share, and StyleGAN's own. Karras et al. 2019."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import at_least, levels_for
from ganworks.networks.equalized import EqualConv2d, EqualLinear, pixel_norm, unit_leaky
from ganworks.networks.generators import channels_by_level
from ganworks.networks.progressive import Canvas, GrowingModule, faded_picture
from ganworks.space import SampleSpace

MEMORY = 0.998  # share of a class's mean style that outlives one more row of that class


class Mapper(nn.Module):
    """The mapping network f: normalised latent and label embedding -> style. Karras et al. 2019, figure 1b.

    It learns slower than the synthesis by ``rate``: appendix C takes 0.01, for 25 million images; in some ten
    thousand such a mapping would not move.
    """

    def __init__(self, latent: int, classes: int, style: int, depth: int, rate: float = 0.1) -> None:
        super().__init__()
        at_least(1, style=style, depth=depth)
        self.table = nn.Embedding(classes, style) if classes else None
        sizes = [latent + (style if classes else 0), *[style] * depth]
        self.layers = nn.ModuleList(EqualLinear(i, o, rate=rate) for i, o in pairwise(sizes))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """(rows, latent), (rows,) -> (rows, style)."""
        w = pixel_norm(latent)
        if self.table is not None:
            w = torch.cat([w, pixel_norm(self.table(labels))], 1)
        for layer in self.layers:
            w = unit_leaky(layer(w))
        return w


class StyleBased(nn.Module):
    """Latent -> style -> picture; a subclass brings the synthesis and the number of styled ``layers``.

    In training mode, and only there, styles are mixed (section 3.1): with probability ``mixing`` a row takes
    the styles from a random layer on from a second latent. The mean style of each class is tracked, for
    truncation (appendix B). Pictures are linear, as in the paper; in evaluation mode `forward` clamps them.
    """

    layers: int
    mean: Tensor

    def _start_styles(self, space: SampleSpace, latent: int, style: int, depth: int, mixing: float) -> None:
        self.style, self.mixing = style, mixing
        self.mapper = Mapper(latent, len(space.classes), style, depth)
        self.register_buffer("mean", torch.zeros(max(len(space.classes), 1), style))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        w = self.mapping(latent, labels)
        if not self.training:
            return self.synthesis(w[:, None]).clamp(-1, 1)
        self._track(w.detach().float(), labels)
        return self.synthesis(self._mixed(w, latent, labels))

    def mapping(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Styles (rows, style) of latents (rows, latent) and labels (rows,)."""
        return self.mapper(latent, labels)  # type: ignore[no-any-return]

    def synthesis(self, styles: Tensor) -> Tensor:
        """Pictures of styles (rows, layers, style), or of (rows, 1, style): the same for all layers."""
        raise NotImplementedError

    def mean_style(self, labels: Tensor) -> Tensor:
        """(rows, style): the tracked mean style of each row's class."""
        return self.mean[labels]

    def _mixed(self, w: Tensor, latent: Tensor, labels: Tensor) -> Tensor:
        """(rows, layers, style): rows that are mixed change their latent at a layer of their own."""
        other = self.mapping(torch.randn_like(latent), labels)
        start = torch.randint(1, self.layers, (len(w), 1), device=w.device)
        start = start.where(torch.rand(len(w), 1, device=w.device) < self.mixing, self.layers)
        late = torch.arange(self.layers, device=w.device) >= start  # (rows, layers)
        return torch.where(late[:, :, None], other[:, None], w[:, None])

    @torch.no_grad()
    def _track(self, w: Tensor, labels: Tensor) -> None:
        member = F.one_hot(labels, len(self.mean)).float()  # (rows, classes)
        counts = member.sum(0)[:, None]
        means = member.T @ w / counts.clamp(min=1)  # (classes, style)
        self.mean += (1 - MEMORY**counts) * (means - self.mean)  # an absent class has 1 - 1 = 0


class Noise(nn.Module):
    """Adds noise, one map for all channels, at a learned strength a channel. Karras et al. 2019, section 3.2.

    Fresh in training; in evaluation mode one fixed map, so that a sample depends on its own latent only.
    """

    fixed: Tensor

    def __init__(self, channels: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(channels, 1, 1))
        self.register_buffer("fixed", torch.randn(1, 1, *side))

    def forward(self, x: Tensor) -> Tensor:
        noise = torch.randn_like(x[:, :1]) if self.training else self.fixed
        return x + self.strength * noise


class AdaIN(nn.Module):
    """Instance norm whose scale and shift come from the style. Karras et al. 2019, eq. 1."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.affine = EqualLinear(style, 2 * channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(rows, channels, h, w), (rows, style) -> (rows, channels, h, w)."""
        centred = x - x.mean((2, 3), keepdim=True)
        normed = centred * (centred.square().mean((2, 3), keepdim=True) + 1e-8).rsqrt()
        scale, shift = self.affine(w)[:, :, None, None].chunk(2, 1)  # (rows, channels, 1, 1) each
        return normed * (1 + scale) + shift  # type: ignore[no-any-return]


class StyledMap(nn.Module):
    """What follows a convolution: noise, leaky ReLU, AdaIN."""

    def __init__(self, channels: int, style: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.noise = Noise(channels, side)
        self.norm = AdaIN(channels, style)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return self.norm(unit_leaky(self.noise(x)), w)  # type: ignore[no-any-return]


class StyleGANGenerator(StyleBased, GrowingModule):
    """A learned constant, grown by upsampling and convolution, styled twice a level by AdaIN.

    Karras et al. 2019, figure 1b and configuration F of table 1, with bilinear upsampling.
    """

    def __init__(
        self,
        space: SampleSpace,
        latent: int,
        *,
        width: int = 16,
        most: int = 128,
        style: int = 128,
        depth: int = 4,
        mixing: float = 0.9,
    ) -> None:
        super().__init__()
        levels = levels_for(space.height, space.width)
        self._start_full(levels)
        self._start_styles(space, latent, style, depth, mixing)
        self.layers = 2 * (levels + 1)
        self.canvas = Canvas(space, levels)
        sizes = channels_by_level(levels, width, most)
        # not the paper's ones: AdaIN would divide their deviation of 0 by rounding errors
        self.constant = nn.Parameter(torch.randn(1, sizes[0], *self.canvas.grid))
        # convolution l makes the map of layer l + 1: layer 0 is the constant itself
        twice = [size for size in sizes for _ in range(2)]
        self.convs = nn.ModuleList(EqualConv2d(i, o, 3) for i, o in pairwise(twice))
        self.styled = nn.ModuleList(
            StyledMap(channels, style, self.canvas.side(layer // 2)) for layer, channels in enumerate(twice)
        )
        self.to_picture = nn.ModuleList(EqualConv2d(o, space.channels, 1) for o in sizes)

    def synthesis(self, styles: Tensor) -> Tensor:
        w = styles.expand(-1, self.layers, -1)
        h = self.styled[0](self.constant.expand(w.shape[0], -1, -1, -1), w[:, 0])
        maps = []
        for layer in range(1, 2 * self.top + 2):
            if layer % 2 == 0:  # the first of a level
                maps.append(h)
                h = F.interpolate(h, scale_factor=2.0, mode="bilinear")
            h = self.styled[layer](self.convs[layer - 1](h), w[:, layer])
        return faded_picture(self, [*maps, h], self.to_picture, self.canvas)

    def style_weights(self) -> list[Tensor]:
        """What each layer reads of a style: (styled channels, style) a layer, in order."""
        return [part.norm.affine.weight for part in self.styled]  # type: ignore[union-attr, misc]
