"""Parts that several networks share. Every part takes any height, width and channel count, and exports."""

from __future__ import annotations

from math import ceil, log2

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def levels_for(height: int, width: int, base: int = 4) -> int:
    """How often a picture is halved so that its shorter side ends near ``base``.

    >>> levels_for(64, 64), levels_for(28, 28), levels_for(512, 384), levels_for(4, 4)
    (4, 3, 7, 1)
    """
    return max(1, round(log2(max(min(height, width) / base, 1))))


def base_grid(height: int, width: int, levels: int) -> tuple[int, int]:
    """Height and width of the smallest map, so that ``levels`` doublings cover the picture.

    >>> base_grid(28, 28, 3)
    (4, 4)
    """
    return ceil(height / 2**levels), ceil(width / 2**levels)


def crop_centre(x: Tensor, height: int, width: int) -> Tensor:
    """Cut the middle ``height`` x ``width`` out of (rows, channels, H, W) with H >= height, W >= width."""
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]


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
        scale, shift = self.affine(condition)[:, :, None, None].chunk(2, 1)  # (rows, channels, 1, 1) each
        normed: Tensor = self.norm(x) * (1 + scale) + shift
        return normed


class MinibatchStd(nn.Module):
    """Appends one map with the standard deviation over each group of rows. Karras et al. 2018, section 3.

    Groups are neighbouring rows; a last, smaller group is possible.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """(rows, channels, H, W) -> (rows, channels + 1, H, W)."""
        spread = [
            (part.float().var(0, unbiased=False) + 1e-8).sqrt().mean().expand(len(part))
            for part in x.split(self.group)
        ]
        maps = torch.cat(spread).to(x.dtype)[:, None, None, None].expand(-1, 1, *x.shape[2:])
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
