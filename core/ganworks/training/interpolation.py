"""Between two networks of one architecture: faithful pixels at one end, sharp textures at the other."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def interpolated(pixel: Mapping[str, Tensor], gan: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """(1 - share) * pixel + share * gan, tensor by tensor. Wang et al. 2018 (ESRGAN), eq. 4.

    It works between a network and what adversarial training made of it, because the two stay close; not
    between networks that were trained apart. Whole numbers come from the nearer of the two.

    Args:
        pixel: state of the network that was trained by pixels.
        gan: state of the network that adversarial training made of it.
        share: of the latter, from 0 (pixel) to 1 (GAN).

    Raises:
        ValueError: names, shapes or types differ, or ``share`` is not in [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    if strangers := sorted(pixel.keys() ^ gan.keys()):
        raise ValueError(
            f"the two networks differ: {len(strangers)} tensors are in one only, as '{strangers[0]}'"
        )
    return {name: _between(name, tensor, gan[name], share) for name, tensor in pixel.items()}


def _between(name: str, a: Tensor, b: Tensor, share: float) -> Tensor:
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        kinds = [f"{tuple(x.shape)} of {str(x.dtype).removeprefix('torch.')}" for x in (a, b)]
        raise ValueError(f"the two networks differ: '{name}' is {kinds[0]} and {kinds[1]}")
    if not a.is_floating_point():
        return (a if share < 0.5 else b).clone()
    return torch.lerp(a, b, share)  # exact at both ends
