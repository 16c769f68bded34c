"""Degradation of real pictures: camera, editing and the web, each with blur, resampling, noise and JPEG.

Real-ESRGAN (Wang et al. 2021), figure 2; the ranges are those of its section 4.1 and appendix. Left out: the
sharpening of the originals.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganworks_super_resolution.degradation.blur import blurred, random_kernels, random_sinc_kernels
from ganworks_super_resolution.degradation.draws import Draws
from ganworks_super_resolution.degradation.jpeg import jpeg_coded
from ganworks_super_resolution.degradation.noise import NoiseRange, random_noise
from ganworks_super_resolution.degradation.resampling import Mode, resized

MODES: tuple[Mode, ...] = ("area", "bilinear", "bicubic")
SMALLEST = 4  # pixels a side that are left of a picture in between
JPEG_QUALITY = (30, 95)
FINAL_SINC = 0.8  # share of the rows with ringing at the end


@dataclass(frozen=True, kw_only=True)
class Order:
    """The ranges of one of the two rounds."""

    blur: float  # share of the rows that are blurred
    sigma: tuple[float, float]  # pixels
    up: float
    down: float  # shares of the rows that are made larger and smaller
    ratio: tuple[float, float]  # the smallest and the largest resampling
    noise: NoiseRange


FIRST = Order(
    blur=1.0,
    sigma=(0.2, 3),
    up=0.2,
    down=0.7,
    ratio=(0.15, 1.5),
    noise=NoiseRange(sigma=(1, 30), shot=(0.05, 3)),
)
SECOND = Order(
    blur=0.8,
    sigma=(0.2, 1.5),
    up=0.3,
    down=0.4,
    ratio=(0.3, 1.2),
    noise=NoiseRange(sigma=(1, 25), shot=(0.05, 2.5)),
)


def second_order(x: Tensor, scale: int, draws: Draws) -> Tensor:
    """Degrade (batch, channels, height, width) in two rounds; ``scale`` divides height and width."""
    # every row has sizes of its own on the way, so there is no batch
    return torch.cat([_degraded(row, scale, draws.at([number])) for number, row in enumerate(x.split(1))])


def _degraded(x: Tensor, scale: int, draws: Draws) -> Tensor:
    height, width = x.shape[-2:]
    first, second, last = draws.of("first"), draws.of("second"), draws.of("last")
    x = _round(x, (height, width), FIRST, first)
    x = jpeg_coded(x, _quality(first))
    x = _round(x, (height / scale, width / scale), SECOND, second)
    if last.happens("jpeg at the end", 0.5):
        return jpeg_coded(_finished(x, (height // scale, width // scale), last), _quality(last))
    return _finished(jpeg_coded(x, _quality(last)), (height // scale, width // scale), last)


def _round(x: Tensor, size: tuple[float, float], order: Order, draws: Draws) -> Tensor:
    """Blur, resample to about ``size`` and add noise."""
    if draws.happens("blur", order.blur):
        x = blurred(x, random_kernels(draws.of("kernel"), order.sigma)).clamp(0, 1)
    ratio = _ratio(order, draws)
    height, width = (max(SMALLEST, round(side * ratio)) for side in size)
    return random_noise(resized(x, height, width, _mode("mode", draws)), draws.of("noise"), order.noise)


def _finished(x: Tensor, size: tuple[int, int], draws: Draws) -> Tensor:
    x = resized(x, *size, _mode("last mode", draws))
    if draws.happens("ringing", FINAL_SINC):
        x = blurred(x, random_sinc_kernels(draws.of("ringing"))).clamp(0, 1)
    return x


def _ratio(order: Order, draws: Draws) -> float:
    kind = int(draws.choice("direction", (order.up, order.down, 1 - order.up - order.down)))
    low, high = ((1.0, order.ratio[1]), (order.ratio[0], 1.0), (1.0, 1.0))[kind]
    return float(draws.uniform("ratio", low, high))


def _mode(name: str, draws: Draws) -> Mode:
    return MODES[int(draws.choice(name, (1, 1, 1)))]


def _quality(draws: Draws) -> Tensor:
    low, high = JPEG_QUALITY
    return torch.from_numpy(low + draws.below("quality", high - low + 1))
