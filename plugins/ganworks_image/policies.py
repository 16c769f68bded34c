"""Classical augmentation: what leaves a label true, applied to whole batches on the device."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import pi
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class AugmentationPolicy:
    """Which changes leave the label of an image true.

    Rotation in degrees and translation as a share of the side are largest values either way; scale and
    contrast are largest relative changes; brightness is an offset in the [-1, 1] range.
    """

    horizontal_flip: bool = False
    vertical_flip: bool = False
    rotation_degrees: float = 5
    translation: float = 0.04
    scale: float = 0.05
    brightness: float = 0.1
    contrast: float = 0.1

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def with_flips(policy: AugmentationPolicy, flips: str) -> AugmentationPolicy:
    """Return the policy with the mirroring that was asked for: auto (as it is), none, horizontal or both."""
    if flips == "auto":
        return policy
    return replace(policy, horizontal_flip=flips != "none", vertical_flip=flips == "both")


def augment(images: Tensor, policy: AugmentationPolicy, generator: torch.Generator) -> Tensor:
    """Return randomly changed copies, each image on its own.

    Args:
        images: (batch, channels, height, width) in [-1, 1], on the device of ``generator``.

    One resampling does flips, rotation, scale and translation together, so that an image is blurred
    once at most. What comes in from outside repeats the border.
    """
    grid = F.affine_grid(_affine(images, policy, generator), list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    gain = 1 + policy.contrast * _signed(len(images), images, generator)[:, None, None, None]
    offset = policy.brightness * _signed(len(images), images, generator)[:, None, None, None]
    mean = moved.mean(dim=(1, 2, 3), keepdim=True)
    return ((moved - mean) * gain + mean + offset).clamp(-1, 1)


def _affine(images: Tensor, policy: AugmentationPolicy, generator: torch.Generator) -> Tensor:
    batch, _, height, width = images.shape
    angle = policy.rotation_degrees * pi / 180 * _signed(batch, images, generator)
    zoom = 1 + policy.scale * _signed(batch, images, generator)
    shift = 2 * policy.translation * torch.stack([_signed(batch, images, generator) for _ in range(2)], dim=1)
    mirror_x = _mirror(batch, policy.horizontal_flip, images, generator)
    mirror_y = _mirror(batch, policy.vertical_flip, images, generator)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    aspect = height / width  # the grid is -1..1 on both sides, so a rotation must know the true shape
    rows = [torch.stack([cos * mirror_x, -sin * aspect * mirror_y, shift[:, 0]], dim=1)]
    rows.append(torch.stack([sin / aspect * mirror_x, cos * mirror_y, shift[:, 1]], dim=1))
    return torch.stack(rows, dim=1).to(images.dtype)  # (batch, 2, 3)


def _signed(batch: int, like: Tensor, generator: torch.Generator) -> Tensor:
    return 2 * torch.rand(batch, generator=generator, device=like.device) - 1


def _mirror(batch: int, allowed: bool, like: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.rand(batch, generator=generator, device=like.device) < 0.5  # drawn anyway: same stream
    return 1 - 2 * (drawn & allowed).float()
