"""What is learned: how a source is made from a picture, how much smaller it is, and how many channels it has.

Pictures are (batch, channels, height, width) in [0, 1]; sources are not rounded yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ganworks.errors import DataError
from ganworks_image.conform import LUMA
from ganworks_super_resolution.degradation import (
    BLUR_REACH,
    REACH,
    Draws,
    NoiseRange,
    blurred,
    jpeg_coded,
    quantised,
    random_holes,
    random_kernels,
    random_noise,
    reduced,
    repeated_edge,
    second_order,
)
from ganworks_super_resolution.options import Options

Degrade = Callable[[Tensor, Draws, float | None], Tensor]  # the last: steps of whole numbers, None: no such

DENOISE = NoiseRange(sigma=(0, 50), shot=(0.05, 5), gaussian=0.7)
BLURRY = NoiseRange(sigma=(0, 5), shot=(0.05, 0.5), gaussian=1.0)  # of a picture whose blur is the trouble
DEBLUR_SIGMA = (0.5, 4.0)  # pixels
JPEG_QUALITY = (10, 90)
GAUSSIANS = (0.5, 0.5)  # isotropic and anisotropic


@dataclass(frozen=True, kw_only=True)
class Task:
    """A way to make pictures worse.

    ``margin`` is how many pixels of the source on each side do not know their surroundings: pictures are
    degraded with so many more (times ``scale``), which are cut off. ``source_channels`` are those of the
    source, by those of the picture.
    """

    name: str
    degrade: Degrade
    scale: int
    margin: int
    source_channels: Callable[[int], int]

    def trimmed(self, x: Tensor, draws: Draws, levels: float | None) -> Tensor:
        """Degrade pictures that have the margin, cut it off and round to ``levels`` steps."""
        source = quantised(self.degrade(x, draws, levels), levels)
        height, width = (side - 2 * self.margin for side in source.shape[-2:])
        return source[..., self.margin : self.margin + height, self.margin : self.margin + width]

    def whole(self, x: Tensor, draws: Draws, levels: float | None) -> Tensor:
        """Degrade whole pictures, whose sides ``scale`` divides: edge pixels repeated beyond the border."""
        return self.trimmed(repeated_edge(x, self.margin * self.scale), draws, levels)


def task_of(options: Options) -> Task:
    """Return the task of a run.

    >>> task_of(Options(task="upscale", scale=4)).scale
    4
    """
    scale = options.factor
    same: Callable[[int], int] = lambda channels: channels  # noqa: E731
    tasks: dict[str, tuple[Degrade, int, Callable[[int], int]]] = {
        "upscale": (*_smaller(options.degradation, scale), same),
        "denoise": (_rounded_later(partial(random_noise, limits=DENOISE)), 0, same),
        "deblur": (_rounded_later(_blur), BLUR_REACH, same),
        "jpeg": (_rounded_later(_jpeg), 8, same),
        "inpaint": (_rounded_later(_with_holes), 0, lambda channels: channels + 1),
        "colourise": (_rounded_later(_grey), 0, lambda channels: 1),
    }
    degrade, margin, channels = tasks[options.task]
    return Task(name=options.task, degrade=degrade, scale=scale, margin=margin, source_channels=channels)


def check_channels(task: Task, channels: int) -> None:
    """Refuse pictures that a task cannot learn from.

    Raises:
        DataError: there are no colours to learn.
    """
    if task.name == "colourise" and channels != 3:
        raise DataError(
            f"--task colourise needs colour photos of 3 channels, not {channels}; give others as --data"
        )


def _smaller(degradation: str, scale: int) -> tuple[Degrade, int]:
    """Return how a picture gets smaller, and the margin of it."""
    ways: dict[str, tuple[Degrade, int]] = {
        "clean": (lambda x, draws, levels: reduced(x, scale, levels), REACH),
        "blur": (_rounded_later(partial(_blur_and_reduce, scale=scale)), -(-BLUR_REACH // scale) + REACH),
        "real": (_rounded_later(lambda x, draws: second_order(x, scale, draws)), 4),
    }
    return ways[degradation]


def _rounded_later(degrade: Callable[[Tensor, Draws], Tensor]) -> Degrade:
    return lambda x, draws, levels: degrade(x, draws)


def _blur_and_reduce(x: Tensor, draws: Draws, scale: int) -> Tensor:
    """Blur of unknown width, the protocol's reduction, a little noise (SRMD; Zhang et al. 2018)."""
    kernels = random_kernels(draws.of("kernel"), (0.2, max(1.0, float(scale))), GAUSSIANS, sinc=0)
    small = reduced(blurred(x, kernels), scale, None)
    return random_noise(small, draws.of("noise"), BLURRY)


def _blur(x: Tensor, draws: Draws) -> Tensor:
    kernels = random_kernels(draws.of("kernel"), DEBLUR_SIGMA, sinc=0)
    return random_noise(blurred(x, kernels).clamp(0, 1), draws.of("noise"), BLURRY)


def _jpeg(x: Tensor, draws: Draws) -> Tensor:
    low, high = JPEG_QUALITY
    return jpeg_coded(x, torch.from_numpy(low + draws.below("quality", high - low + 1)))


def _with_holes(x: Tensor, draws: Draws) -> Tensor:
    """Holes are black; one more channel is 1 there and 0 elsewhere."""
    holes = random_holes(draws, *x.shape[-2:]).to(x)
    return torch.cat([x * (1 - holes), holes], 1)


def _grey(x: Tensor, draws: Draws) -> Tensor:
    return (x * torch.from_numpy(LUMA).to(x)[:, None, None]).sum(1, keepdim=True)
