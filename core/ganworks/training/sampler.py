"""Drawing from a trained generator, reproducibly: one seed a sample."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ganworks.latent.normal import seeded_normal
from ganworks.latent.spaces import latent_space
from ganworks.training.state import TrainingState


class Sampler:
    """A generator in evaluation mode with what is needed to draw from it.

    Sample i depends on ``seeds[i]`` and ``labels[i]`` only, not on its neighbours or the batch size.
    """

    def __init__(self, generator: nn.Module, latent: int, classes: int, device: torch.device) -> None:
        self.generator = generator.eval()
        self.latent = latent
        self.classes = classes
        self.device = device

    @staticmethod
    def of(state: TrainingState) -> Sampler:
        """A sampler of the state's averaged generator."""
        generator = state.generator()
        device = next(generator.parameters()).device
        recipe = state.recipe
        return Sampler(generator, recipe.draw.latent, max(len(recipe.space.classes), 1), device)

    def latents(self, seeds: Tensor) -> Tensor:
        """(rows, latent) float32 standard normal, row i from ``seeds[i] >= 0``, as in an exported model."""
        return seeded_normal(seeds, self.latent)

    def sample(self, labels: Tensor, seeds: Tensor, *, truncation: float = 1.0) -> Tensor:
        """Samples (rows, *space.shape), float32 in [-1, 1] on the CPU, for labels and seeds (rows,).

        ``truncation`` in [0, 1] trades variety for quality: at 0 all samples of a class are equal.
        """
        return self.from_latents(self.latents(seeds), labels, truncation=truncation)

    @torch.no_grad()  # not inference mode: callers may change what they get
    def from_latents(
        self, latents: Tensor, labels: Tensor, batch: int = 64, *, truncation: float = 1.0
    ) -> Tensor:
        """Samples of explicit latents (rows, latent); one batch at a time is on the device.

        Raises:
            ValueError: ``truncation`` is not in [0, 1], a label is no class, or the numbers of labels and
                latents differ.
        """
        self._check(latents, labels)
        if not 0 <= truncation <= 1:
            raise ValueError(f"truncation must lie between 0 and 1, got {truncation}")
        parts = [
            self._made(z.to(self.device), y.to(self.device), truncation).float().clamp(-1, 1).cpu()
            for z, y in zip(latents.split(batch), labels.split(batch), strict=True)
        ]
        return torch.cat(parts).contiguous()

    def _check(self, latents: Tensor, labels: Tensor) -> None:
        if len(latents) != len(labels):
            raise ValueError(f"{len(latents)} latents and {len(labels)} labels: give one for each sample")
        if labels.is_floating_point():  # sources, or what is given of a row
            return
        unknown = labels[(labels < 0) | (labels >= self.classes)]
        if len(unknown):
            raise ValueError(f"there is no class {unknown[0]}: labels lie between 0 and {self.classes - 1}")

    def _made(self, latent: Tensor, labels: Tensor, truncation: float) -> Tensor:
        space = latent_space(self.generator)
        return space.samples(space.truncated(space.points(latent, labels), labels, truncation), labels)

    def balanced(self, count: int, seed: int) -> tuple[Tensor, Tensor]:
        """``count`` samples with the classes in turn, and their labels."""
        labels = torch.arange(count) % self.classes
        return self.sample(labels, torch.arange(count) + seed), labels

    def module(self) -> nn.Module:
        """A copy of the generator, for exporters that change what they get."""
        return copy.deepcopy(self.generator).cpu()
