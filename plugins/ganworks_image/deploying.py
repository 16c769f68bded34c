"""The generator as an embedding program wants it: in the units of the input files, with its card."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganworks.deploy import Deployable, Port
from ganworks.training import Sampler
from ganworks.views import generator_view
from ganworks_image.intensity import IntensityMap
from ganworks_image.study import Study


def deployable(sampler: Sampler, study: Study, card: dict[str, Any], view: str) -> Deployable:
    """Return what an exporter receives: images (batch, height, width, channels) in the units of the study.

    Raises:
        UsageError: the generator has no such view.
    """
    intensity = study.intensity
    channels, height, width = study.images.shape[1:]
    image = Port(
        name="image",
        dtype=_exported(intensity),
        shape=("batch", height, width, channels),
        meaning=f"synthetic image in {intensity.unit}",
        low=intensity.low,
        high=intensity.high,
    )
    finish = InUnits(intensity)
    classes = study.classes if study.labelled else ()
    return generator_view(sampler, view, finish=finish, outputs=[image], classes=classes, card=card)


class InUnits(nn.Module):
    """From [-1, 1] to pictures as programs hold them: channels last, in the units of the input files."""

    def __init__(self, intensity: IntensityMap) -> None:
        super().__init__()
        self.low, self.high = intensity.low, intensity.high
        self.dtype = getattr(torch, _exported(intensity))

    def forward(self, images: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, height, width, channels)."""
        x = (images.clamp(-1, 1).permute(0, 2, 3, 1) + 1) * ((self.high - self.low) / 2) + self.low
        return x if self.dtype.is_floating_point else x.round().to(self.dtype)


def _exported(intensity: IntensityMap) -> str:
    """The type of an exported picture: that of the input files, with no more bits than programs expect."""
    dtype = np.dtype(intensity.dtype)
    if dtype.kind == "f":
        return "float32"
    limits = np.iinfo(dtype)
    inside = limits.min <= intensity.low and intensity.high <= limits.max
    return dtype.name if inside and dtype.name in ("uint8", "uint16", "int16") else "int32"
