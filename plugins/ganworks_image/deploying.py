"""The generator as an embedding program wants it: in the units of the input files, with its card."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganworks.deploy import Deployable, Port
from ganworks.training import Sampler
from ganworks_image.study import Study


def deployable(sampler: Sampler, study: Study, card: dict[str, Any]) -> Deployable:
    """Return what an exporter receives: latent and label in, images in the units of the study out."""
    intensity = study.intensity
    whole = intensity.dtype == "uint8"
    latent = Port(
        name="latent", dtype="float32", shape=("batch", sampler.latent), meaning="standard normal numbers"
    )
    label = Port(
        name="label",
        dtype="int64",
        shape=("batch",),
        meaning="class number",
        low=0,
        high=len(study.classes) - 1,
    )
    image = Port(
        name="image",
        dtype="uint8" if whole else "float32",
        shape=("batch", *study.images.shape[1:]),
        meaning=f"synthetic image in {intensity.unit}",
        low=intensity.low,
        high=intensity.high,
    )
    module = InUnits(sampler.module(), intensity.low, intensity.high, whole)
    return Deployable(module=module, inputs=(latent, label), output=image, card=card)


class InUnits(nn.Module):
    """A generator whose output is in the units of the input files: whole numbers 0..255, or float."""

    def __init__(self, generator: nn.Module, low: float, high: float, whole: bool) -> None:
        super().__init__()
        self.generator = generator
        self.low, self.high, self.whole = low, high, whole

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        """(batch, latent), (batch,) -> (batch, channels, height, width)."""
        x: Tensor = self.generator(latent, label).clamp(-1, 1)
        x = (x + 1) * ((self.high - self.low) / 2) + self.low
        return x.round().clamp(0, 255).to(torch.uint8) if self.whole else x
