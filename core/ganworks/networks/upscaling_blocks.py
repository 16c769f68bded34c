"""Parts of the networks that enlarge and restore: residual blocks, and ways to make maps larger."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import leaky

SMALL = 0.1  # weights of a fresh residual branch or last layer, as a share of the usual ones


class ResidualBlock(nn.Module):
    """x + a tenth of two convolutions. Lim et al. 2017, section 3.3: wide networks diverge without it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = kept_size(width, width), kept_size(width, width)

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = x + 0.1 * self.second(self.first(x).relu())
        return h


class _DenseBlock(nn.Module):
    """Five convolutions, each of which sees all before it. Wang et al. 2018, figure 4."""

    def __init__(self, width: int) -> None:
        super().__init__()
        growth = max(width // 2, 1)
        self.convs = nn.ModuleList(kept_size(width + i * growth, growth, SMALL) for i in range(4))
        self.last = kept_size(width + 4 * growth, width, SMALL)

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for conv in self.convs:
            seen.append(leaky(conv(torch.cat(seen, 1))))
        h: Tensor = x + 0.2 * self.last(torch.cat(seen, 1))  # 0.2: the paper's beta
        return h


class DenseResidual(nn.Module):
    """Three dense blocks, and around them one more residual path."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(_DenseBlock(width) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        h: Tensor = x + 0.2 * self.dense(x)
        return h


class Shuffled(nn.Module):
    """Enlarges maps by a convolution whose channels become neighbouring places. Shi et al. 2016, eq. 4."""

    def __init__(self, width: int, times: int) -> None:
        super().__init__()
        self.conv, self.times = kept_size(width, width * times**2), times

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.conv(x), self.times).relu()


class Repeated(nn.Module):
    """Enlarges maps by nearest repetition and a convolution: no checkerboard. Odena et al. 2016."""

    def __init__(self, width: int, times: int) -> None:
        super().__init__()
        self.conv, self.times = kept_size(width, width), times

    def forward(self, x: Tensor) -> Tensor:
        return leaky(self.conv(F.interpolate(x, scale_factor=float(self.times), mode="nearest")))


def growing_steps(scale: int) -> list[int]:
    """The factors by which maps grow one after the other.

    >>> [growing_steps(scale) for scale in (1, 2, 3, 4)]
    [[], [2], [3], [2, 2]]
    """
    return [2, 2] if scale == 4 else [scale] * (scale > 1)


def kept_size(i: int, o: int, share: float = 1.0) -> nn.Conv2d:
    """A 3x3 convolution that keeps the size; weights of He et al. 2015, times ``share``."""
    conv = nn.Conv2d(i, o, 3, padding=1)
    nn.init.kaiming_normal_(conv.weight)
    with torch.no_grad():
        conv.weight.mul_(share)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv
