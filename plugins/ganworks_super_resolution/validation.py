"""What chooses the generator that is kept, while it trains: crops of photos that training does not see."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ganworks.data import SourcedDataset
from ganworks.metrics import perceptual_distance
from ganworks.training import Sampler, Validation
from ganworks_super_resolution.evaluation import MEASURES, PIXELS, decibels, mean
from ganworks_super_resolution.restoring import restored

CROPS = 48
BATCH = 16


class Judge:
    """Scores a generator on the same crops each time.

    Args:
        crops: of the validation photos.
        scale: how many times larger the result is.
        perceptual: judge by the perceptual distance, as fits networks that invent detail; else by PSNR-Y.
    """

    def __init__(self, crops: SourcedDataset, scale: int, *, perceptual: bool) -> None:
        self.crops, self.scale, self.perceptual = crops, scale, perceptual

    def __call__(self, sampler: Sampler) -> Validation:
        """The score, lower is better: minus PSNR-Y in dB, or the perceptual distance; both are logged."""
        sources, targets = self._pairs
        made = torch.cat([restored(sampler, part) for part in sources.split(BATCH)])
        each = (decibels(*pair, self.scale) for pair in zip(made.split(1), targets.split(1), strict=True))
        average = mean(each)
        values = {} if average is None else {PIXELS: average}
        if self.perceptual:
            distances = [
                perceptual_distance(_as_seen(ours), _as_seen(theirs))
                for ours, theirs in zip(made.split(BATCH), targets.split(BATCH), strict=True)
            ]
            values["perceptual"] = float(torch.cat(distances).mean())
        if self.perceptual:
            return Validation(values["perceptual"], values=values, measure=MEASURES["perceptual"])
        return Validation(-values.get(PIXELS, np.nan), values=values, measure="minus PSNR-Y in dB")

    @cached_property
    def _pairs(self) -> tuple[Tensor, Tensor]:
        index = torch.arange(min(CROPS, len(self.crops)))
        return self.crops.sources(index), self.crops.rows(index)


def _as_seen(x: Tensor) -> Tensor:
    """(rows, channels, H, W) for the perceptual distance, each channel a grey where they are not 1 or 3."""
    return x if x.shape[1] in (1, 3) else x.flatten(0, 1)[:, None]
