"""Trained generators of every kind of recipe in the form that a program embeds: bytes out, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
import torch
from _digits import Digits
from gallery import CpuBudget, build
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks import plugin
from ganworks.data import ArrayDataset, SourcedDataset
from ganworks.deploy import Deployable, Port
from ganworks.training import Budget, EngineSettings, Sampler, TorchEngine, calibrate_for, fit
from ganworks.views import generator_view

RANGE = 255  # of the bytes of a sample


@dataclass(frozen=True)
class Model:
    """A trained generator, and what an exporter makes a file of."""

    name: str
    data: str  # the kind that the recipe trains on
    shape: tuple[int, ...]  # of a sample
    steps: int
    weights: int
    sampler: Sampler
    deployable: Deployable


def of_side(digits: Digits, side: int) -> Digits:
    """The digits, scaled to pictures of ``side`` pixels."""
    if digits.images.shape[-1] == side:
        return digits
    pixels = torch.from_numpy(digits.images).float()
    scaled = F.interpolate(pixels, size=(side, side), mode="bilinear", antialias=True).round().byte()
    return Digits(scaled.numpy(), digits.labels)


def trained(declared: plugin.Recipe, digits: Digits, seconds: float | None, options: dict[str, Any]) -> Model:
    """Train a recipe for some CPU-seconds on one thread; None: one step."""
    data = digits.dataset(declared.data)
    recipe = build(declared, data, options)
    settings, budget = EngineSettings("cpu", 1), Budget(steps=1)
    if seconds is not None:
        settings = calibrate_for(recipe, data, torch.device("cpu"), threads=1)
        budget = CpuBudget(seconds=seconds, started=process_time())
    state = fit(recipe, data, TorchEngine(settings), budget)
    sampler = Sampler.of(state)
    weights = sum(value.numel() for value in sampler.generator.parameters())
    shape = data.space.shape
    return Model(declared.name, declared.data, shape, state.step, weights, sampler, deployable(sampler, data))


def deployable(sampler: Sampler, data: ArrayDataset) -> Deployable:
    """Bytes out (pictures with their channels last); from a seed, or from bytes of a source."""
    finish = Bytes(pictures=len(data.space.shape) == 3)
    shape = data.space.shape
    if finish.pictures:
        shape = (*shape[1:], shape[0])
    output = Port(
        name="sample", dtype="uint8", shape=("batch", *shape), meaning="synthetic", low=0, high=RANGE
    )
    if not isinstance(data, SourcedDataset):
        return generator_view(
            sampler, "app", finish=finish, outputs=[output], classes=data.space.classes, card={}
        )
    channels, height, width = data.source_space.shape
    size = ("batch", height, width, channels)
    latent = Port(name="latent", dtype="float32", shape=("batch", sampler.latent), meaning="noise")
    source = Port(name="source", dtype="uint8", shape=size, meaning="image", low=0, high=RANGE)
    examples = data.sources(torch.arange(64))
    rows = ((examples.permute(0, 2, 3, 1) + 1) * (RANGE / 2)).round().byte().numpy()
    return Deployable(
        module=Translation(sampler.module(), finish),
        inputs=(latent, source),
        outputs=(output,),
        examples={"source": np.ascontiguousarray(rows)},
    )


class Bytes(nn.Module):
    """From [-1, 1] to 0 ... 255; pictures get their channels last."""

    def __init__(self, *, pictures: bool) -> None:
        super().__init__()
        self.pictures = pictures

    def forward(self, samples: Tensor) -> Tensor:
        """(batch, *shape) float32 -> uint8."""
        x = ((samples.clamp(-1, 1) + 1) * (RANGE / 2)).round().to(torch.uint8)
        return x.permute(0, 2, 3, 1) if self.pictures else x


class Translation(nn.Module):
    """A generator that starts from a picture, given as bytes with channels last."""

    def __init__(self, generator: nn.Module, finish: nn.Module) -> None:
        super().__init__()
        self.generator, self.finish = generator, finish

    def forward(self, latent: Tensor, source: Tensor) -> Any:
        """Latents (batch, latent), sources (batch, height, width, channels) uint8."""
        return self.finish(self.generator(latent, source.permute(0, 3, 1, 2).float() / (RANGE / 2) - 1))
