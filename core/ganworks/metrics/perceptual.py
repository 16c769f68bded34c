"""How different two pictures look, where pixel distances reward blur: by features of a frozen network."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from ganworks.metrics._blocks import blocks
from ganworks.networks.efficientnet_lite import MIN_SIZE, EfficientNetLite0, load_efficientnet_lite0

ROWS = 8  # pictures whose features are held at once


@torch.no_grad()
def perceptual_distance(a: Tensor, b: Tensor) -> Tensor:
    """The Lite0 perceptual distance of each pair: float32 (rows,) on the CPU, 0 for equal pictures.

    The formula is that of LPIPS (Zhang et al. 2018, eq. 1) without its learned weights: at each place of each
    map the features become a vector of length 1, their squared distance is averaged over the places, and the
    maps are summed. The maps are those of strides 4 to 32 of EfficientNet-Lite0, so that values compare with
    each other, and with no published LPIPS.

    Args:
        a: (rows, 1 or 3, H, W) in [-1, 1], at least 16 x 16; greys are repeated.
        b: of the same shape; which of the two is the original does not matter.

    Raises:
        ValueError: the shapes differ, or do not fit.
        MissingExtraError: the package with the weights is not installed.
    """
    _check(a, b)
    network = _network(a.device)
    parts = [_distance(network, x, y) for x, y in zip(blocks(a, ROWS), blocks(b, ROWS), strict=True)]
    return torch.cat(parts).cpu() if parts else torch.zeros(0)


def _check(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:
        raise ValueError(f"pairs of pictures have one shape, got {tuple(a.shape)} and {tuple(b.shape)}")
    if a.ndim != 4 or a.shape[1] not in (1, 3):
        raise ValueError(f"expected (rows, 1 or 3, H, W), got {tuple(a.shape)}")
    if min(a.shape[2:]) < MIN_SIZE:
        size = " x ".join(map(str, a.shape[2:]))
        raise ValueError(
            f"pictures of {size} are too small for the perceptual distance: {MIN_SIZE} x {MIN_SIZE} or more"
        )


def _distance(network: EfficientNetLite0, a: Tensor, b: Tensor) -> Tensor:
    maps = zip(network.pyramid(a.float()), network.pyramid(b.float()), strict=True)
    return torch.stack([(_unit(x) - _unit(y)).square().sum(1).mean((1, 2)) for x, y in maps]).sum(0)


def _unit(x: Tensor) -> Tensor:
    """(rows, channels, H, W) with vectors of length 1 over the channels."""
    return torch.nn.functional.normalize(x, dim=1, eps=1e-10)


@cache
def _network(device: torch.device) -> EfficientNetLite0:
    return load_efficientnet_lite0(device=device)
