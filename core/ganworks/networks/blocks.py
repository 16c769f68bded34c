"""Parts that several networks share. Every part takes any height, width and channel count, and exports."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganworks.space import KINDS, SampleSpace


def require_rank(space: SampleSpace, *ranks: int) -> None:
    """What a recipe says first, where its networks are made for samples of some ranks only.

    Raises:
        ValueError: the samples are of another rank.
    """
    if space.rank not in ranks:
        made_for = " or ".join(KINDS[rank] for rank in ranks)
        raise ValueError(
            f"samples with {space.rank} axes beside the channels do not fit: this recipe is made for "
            f"{made_for} (of {' or '.join(map(str, ranks))}); choose another one"
        )


def at_least(least: int, **sizes: int) -> None:
    """Refuse sizes of a network that are too small to make one.

    >>> at_least(1, width=8, depth=0)
    Traceback (most recent call last):
    ...
    ValueError: depth must be at least 1, got 0

    Raises:
        ValueError: a size is below ``least``; names it.
    """
    for name, size in sizes.items():
        if size < least:
            raise ValueError(f"{name} must be at least {least}, got {size}")


def levels_for(*size: int, base: int = 4) -> int:
    """How often samples of this size, of any rank, are halved so that the shortest side ends near ``base``.

    >>> levels_for(64, 64), levels_for(28), levels_for(512, 384), levels_for(4, 8, 8)
    (4, 3, 7, 1)
    """
    return max(1, round(log2(max(min(size) / base, 1))))


def base_grid(height: int, width: int, levels: int) -> tuple[int, int]:
    """Height and width of the smallest map, so that ``levels`` doublings cover the picture.

    >>> base_grid(28, 28, 3)
    (4, 4)
    """
    return ceil(height / 2**levels), ceil(width / 2**levels)


def crop_centre(x: Tensor, *size: int) -> Tensor:
    """Cut the middle of this size out of (rows, channels, *larger size), of any rank."""
    for axis, side in enumerate(size, start=2):
        x = x.narrow(axis, (x.shape[axis] - side) // 2, side)
    return x


# layers by the rank of the samples: sequences, images, volumes
CONV: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
CONV_TRANSPOSE: dict[int, type[nn.Module]] = {
    1: nn.ConvTranspose1d,
    2: nn.ConvTranspose2d,
    3: nn.ConvTranspose3d,
}
BATCH_NORM: dict[int, type[nn.Module]] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def nearest_map(sides: Sequence[int], wanted: int) -> int:
    """Index of the map whose side is nearest to ``wanted`` pixels, as a ratio.

    >>> nearest_map([8, 16, 32], wanted=12), nearest_map([5], wanted=16)
    (1, 0)
    """
    return min(range(len(sides)), key=lambda i: abs(log2(sides[i] / wanted)))


def doubled(x: Tensor) -> Tensor:
    """Nearest-neighbour upsampling: (rows, channels, H, W) -> (rows, channels, 2 H, 2 W)."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def halved(x: Tensor) -> Tensor:
    """Mean of two by two: (rows, channels, H, W) -> (rows, channels, H / 2, W / 2), odd sides rounded up."""
    return F.avg_pool2d(x, 2, ceil_mode=True)


def spectral(layer: nn.Conv2d | nn.Linear | nn.Embedding) -> nn.Module:
    """Spectral norm (Miyato et al. 2018) over an orthogonal start (Brock et al. 2019, section 3)."""
    nn.init.orthogonal_(layer.weight)
    bias = getattr(layer, "bias", None)
    if bias is not None:
        nn.init.zeros_(bias)
    normed: nn.Module = spectral_norm(layer)
    return normed


class Labels(nn.Module):
    """Label embedding to append to a latent; of width 0 where there are no classes."""

    def __init__(self, classes: int, width: int = 32) -> None:
        super().__init__()
        self.width = width if classes else 0
        self.table = nn.Embedding(classes, width) if classes else None

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """(rows, latent), (rows,) -> (rows, latent + width)."""
        return latent if self.table is None else torch.cat([latent, self.table(labels)], 1)


class ConditionalBatchNorm2d(nn.Module):
    """BatchNorm whose scale and shift depend on a vector. De Vries et al. 2017."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.affine = nn.Linear(condition, 2 * channels)
        nn.init.zeros_(self.affine.weight)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.affine(condition).chunk(2, 1)  # (rows, channels) each
        normed: Tensor = self.norm(x) * (1 + scale[:, :, None, None]) + shift[:, :, None, None]
        return normed


class MinibatchStd(nn.Module):
    """Appends one map with the standard deviation over each group of rows. Karras et al. 2018, section 3.

    Groups are neighbouring rows; a last, smaller group is possible.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """(rows, channels, *size) -> (rows, channels + 1, *size)."""
        spread = [
            (part.float().var(0, unbiased=False) + 1e-8).sqrt().mean().expand(len(part))
            for part in x.split(self.group)
        ]
        of_row = torch.cat(spread).to(x.dtype).view(-1, *(1 for _ in x.shape[1:]))
        maps = of_row.expand(-1, 1, *x.shape[2:])
        return torch.cat([x, maps], 1)


class Projection(nn.Module):
    """The head of a class-conditional discriminator: linear(h) + <embedding(label), h>.

    Miyato and Koyama 2018 (projection discriminator), eq. 3. Without classes it is the linear part.
    ``h`` is (rows, channels, ...): the inner product is taken at every place.
    """

    def __init__(self, linear: nn.Module, embedding: nn.Module | None) -> None:
        super().__init__()
        self.linear = linear
        self.embedding = embedding

    def forward(self, h: Tensor, labels: Tensor) -> Tensor:
        """(rows, channels, ...), (rows,) -> logits (rows, places)."""
        logits: Tensor = self.linear(h).flatten(1)
        if self.embedding is not None:
            weights = self.embedding(labels)  # (rows, channels)
            weights = weights.reshape(*weights.shape, *(1 for _ in h.shape[2:]))
            logits = logits + (weights * h).sum(1, keepdim=True).flatten(1)
        return logits


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU with the slope that the field uses."""
    return F.leaky_relu(x, 0.2)
