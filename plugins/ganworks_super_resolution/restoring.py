"""A trained network on whole photos, and the plain ways of enlarging them that it is compared with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ganworks.networks import continued
from ganworks.training import Sampler
from ganworks_super_resolution.degradation import symmetric_pad

RIM = 4  # pixels by which a photo is continued before it is enlarged: more than the kernel reaches


@torch.no_grad()
def restored(sampler: Sampler, sources: Tensor) -> Tensor:
    """What the network makes of photos of any height and width.

    Args:
        sampler: a generator ``generator(latent, source)`` with the attributes ``multiple`` and ``scale``; 1
            where it has none.
        sources: (rows, source channels, H, W) in [-1, 1].

    Returns:
        (rows, channels, scale * H, scale * W) in [-1, 1], on the CPU.
    """
    network = sampler.generator
    multiple, scale = int(getattr(network, "multiple", 1)), int(getattr(network, "scale", 1))
    height, width = sources.shape[-2:]
    rows, columns = (continued(side, multiple) for side in (height, width))  # as the exported model does
    whole = sources[:, :, rows][:, :, :, columns] if multiple > 1 else sources
    latents = sampler.latents(torch.zeros(len(whole), dtype=torch.int64))
    made: Tensor = network(latents.to(sampler.device), whole.to(sampler.device))
    return made.float().clamp(-1, 1)[..., : scale * height, : scale * width].cpu()


def plain_ways(sources: Tensor, channels: int, scale: int) -> Mapping[str, Tensor]:
    """What needs no network, by name; the best of them first. Shapes and ranges as in `restored`."""
    own = in_channels(sources, channels)
    if scale == 1:
        return {"input": own}
    return {"bicubic": bicubic(own, scale), "nearest": F.interpolate(own, scale_factor=scale, mode="nearest")}


def in_channels(sources: Tensor, channels: int) -> Tensor:
    """The sources as pictures of so many channels.

    Channels that they lack repeat the last one; those beyond ``channels``, such as a mask, are left out.
    """
    return sources[:, [min(channel, sources.shape[1] - 1) for channel in range(channels)]]


def bicubic(x: Tensor, scale: int) -> Tensor:
    """Enlarge (rows, channels, H, W) in [-1, 1] as MATLAB's imresize does: the bicubic row of papers.

    Keys' kernel with a = -0.5, which torch has only with antialias; borders are continued as in a mirror.
    """
    large = F.interpolate(symmetric_pad(x, RIM), scale_factor=scale, mode="bicubic", antialias=True)
    rim = RIM * scale
    return large[..., rim:-rim, rim:-rim].clamp(-1, 1)


def as_pixels(x: Tensor) -> NDArray[np.uint8]:
    """One photo (channels, H, W) in [-1, 1] as 8-bit pixels (H, W, channels), to be scored or shown."""
    pixels: NDArray[np.uint8] = x.clamp(-1, 1).add(1).mul(127.5).round().byte().permute(1, 2, 0).numpy()
    return pixels


def as_shown(x: Tensor) -> NDArray[np.uint8]:
    """The same with 1 or 3 channels: of another number the first in grey."""
    return as_pixels(x if len(x) in (1, 3) else x[:1])
