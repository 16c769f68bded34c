"""Blur kernels of cameras, and their convolution, a kernel a row."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor

from ganworks_super_resolution.degradation.draws import Draws

SIZE = 21  # pixels a side of every kernel; smaller ones have a rim of zeros
REACH = SIZE // 2  # pixels that a kernel looks at on each side
SMALLEST = 7
# Real-ESRGAN (Wang et al. 2021), section 4.1 and its appendix: isotropic and anisotropic Gaussian, the same
# generalised, the same as a plateau
SHARES = (0.45, 0.25, 0.12, 0.03, 0.12, 0.03)
GENERALISED, PLATEAU = (2, 3), (4, 5)
SINC_SHARE = 0.1


def blurred(x: Tensor, kernels: Tensor) -> Tensor:
    """Convolve each row of ``x`` (batch, channels, height, width) with its own of ``kernels`` (batch, k, k).

    ``k`` is odd. Beyond the border the edge pixel goes on.
    """
    rim = kernels.shape[-1] // 2
    padded = F.pad(x, (rim, rim, rim, rim), mode="replicate")
    # on a processor four times faster than conv2d where a batch has few rows, and as fast where it has many
    size = [next_fast_len(side, real=True) for side in padded.shape[-2:]]
    spectrum = torch.fft.rfft2(padded, s=size) * torch.fft.rfft2(kernels.to(x), s=size)[:, None]
    whole: Tensor = torch.fft.irfft2(spectrum, s=size)
    return whole[..., 2 * rim : padded.shape[-2], 2 * rim : padded.shape[-1]]


def random_kernels(
    draws: Draws, sigma: tuple[float, float], shares: Sequence[float] = SHARES, sinc: float = SINC_SHARE
) -> Tensor:
    """Draw (rows, 21, 21) kernels of sum 1.

    Args:
        draws: of the rows.
        sigma: range of the standard deviations, pixels.
        shares: of isotropic and anisotropic Gaussian, generalised Gaussian and plateau, in this order.
        sinc: share of the rows that get a sinc kernel instead, which rings as sharpening does.
    """
    kind = draws.choice("kind", shares)
    first, second = draws.uniform("sigma", *sigma), draws.uniform("second sigma", *sigma)
    second = torch.where(kind % 2 == 0, first, second)  # even kinds are isotropic
    angle = draws.uniform("angle", -math.pi, math.pi)
    distance = _distance(first, second, angle)
    power = torch.ones(len(draws))
    for kinds, low, high in ((GENERALISED, 0.5, 4.0), (PLATEAU, 1.0, 2.0)):
        chosen = torch.isin(kind, torch.tensor(kinds))
        power = torch.where(chosen, draws.uniform(f"power {low}", low, high), power)
    gaussian = torch.exp(-0.5 * distance ** power[:, None, None])  # generalised: Liu et al. 2018
    plateau = 1 / (distance ** power[:, None, None] + 1)
    is_plateau = torch.isin(kind, torch.tensor(PLATEAU))[:, None, None]
    sides = _sides(draws)
    kernels = _cut(torch.where(is_plateau, plateau, gaussian), sides)
    return torch.where(draws.happens("sinc", sinc)[:, None, None], _random_sinc(draws, sides), kernels)


def gaussian_kernels(first: Tensor, second: Tensor, angle: Tensor, size: int = SIZE) -> Tensor:
    """Return (rows, size, size) Gaussians of sum 1; ``first`` (pixels) is along ``angle`` from the x axis."""
    return _normalised(torch.exp(-0.5 * _distance(first, second, angle, size)))


def sinc_kernels(cutoff: Tensor, size: int = SIZE) -> Tensor:
    """Return (rows, size, size) circular low-pass filters of sum 1 (Real-ESRGAN, eq. 6).

    ``cutoff`` is in radians a pixel, up to pi.
    """
    return _normalised(_sinc(cutoff, size))


def random_sinc_kernels(draws: Draws) -> Tensor:
    """Draw (rows, 21, 21) sinc kernels of any size and cutoff."""
    return _random_sinc(draws, _sides(draws))


def _random_sinc(draws: Draws, sides: Tensor) -> Tensor:
    # a small kernel cannot hold a low cutoff
    lowest = torch.where(sides < 13, math.pi / 3, math.pi / 5)
    cutoff = lowest + draws.uniform("cutoff", 0, 1) * (math.pi - lowest)
    return _cut(_sinc(cutoff, SIZE), sides)


def _sinc(cutoff: Tensor, size: int) -> Tensor:
    y, x = _grid(size)
    radius, cutoff = torch.hypot(x, y)[None], cutoff[:, None, None]
    rings = cutoff * torch.special.bessel_j1(cutoff * radius) / (2 * math.pi * radius)
    return torch.where(radius == 0, cutoff.square() / (4 * math.pi), rings)


def _sides(draws: Draws) -> Tensor:
    """Draw an odd side from 7 to 21 for each row."""
    return torch.from_numpy(SMALLEST + 2 * draws.below("size", (SIZE - SMALLEST) // 2 + 1))


def _distance(first: Tensor, second: Tensor, angle: Tensor, size: int = SIZE) -> Tensor:
    """Squared distance from the middle in units of the two deviations (rows, size, size)."""
    y, x = _grid(size)
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    along, across = x * cosine + y * sine, y * cosine - x * sine
    return (along / first[:, None, None]).square() + (across / second[:, None, None]).square()


def _grid(size: int) -> tuple[Tensor, Tensor]:
    line = torch.arange(size, dtype=torch.float32) - size // 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    return y, x


def _cut(kernels: Tensor, sides: Tensor) -> Tensor:
    """Set everything beyond a square of ``sides`` (rows,) to zero, and the sum to 1."""
    y, x = _grid(kernels.shape[-1])
    inside = torch.maximum(x.abs(), y.abs())[None] <= (sides[:, None, None] - 1) / 2
    return _normalised(kernels * inside)


def _normalised(kernels: Tensor) -> Tensor:
    return kernels / kernels.sum((1, 2), keepdim=True)
