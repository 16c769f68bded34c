"""Terms of a loss: functions of a step. A new penalty is one function.

A term returns one value a row, or a scalar; the loop takes the mean, multiplies by the weight and sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ganworks.training.losses import AdversarialLoss
from ganworks.training.schedule import Schedule, value_at
from ganworks.training.step import Step


@dataclass(frozen=True)
class Term:
    """A named part of a phase's loss."""

    name: str
    value: Callable[[Step], Tensor]
    weight: float | Schedule = 1.0
    every: int = 1  # a lazy term is evaluated on every n-th step only, with n times its weight
    slopes: tuple[str, ...] = ()  # of "real", "fake": inputs whose slope the term asks for

    def loss(self, step: Step) -> Tensor:
        """Weighted mean over the rows: a scalar."""
        return self.value(step).mean() * (value_at(self.weight, step.images) * self.every)

    def due(self, step: int) -> bool:
        return step % self.every == 0


def discriminator_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    """The discriminator's side of the game, (batch, k)."""
    real, fake = step.judge_both()
    return loss.discriminator(real.logits, fake.logits)


def generator_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    """The generator's side of the game, (batch, k)."""
    if loss.pairs_real:
        real, fake = step.judge_both()
        return loss.generator(fake.logits, real.logits)
    fake_logits = step.judge(step.fake).logits
    return loss.generator(fake_logits, fake_logits)


def r1(step: Step) -> Tensor:
    """|d D / d x|^2 / 2 at real samples, (batch,). Mescheder et al. 2018, eq. 9."""
    return step.slope("real").square().sum(1) / 2


def r2(step: Step) -> Tensor:
    """|d D / d x|^2 / 2 at generated samples, (batch,). Mescheder et al. 2018, eq. 10."""
    return step.slope("fake").square().sum(1) / 2


def gradient_penalty(step: Step, *, target: float = 1.0) -> Tensor:
    """(|d D / d x| - target)^2 between real and fake, (batch,). Gulrajani et al. 2017 (WGAN-GP), eq. 3."""
    share = torch.rand(len(step.real), *(1 for _ in step.real.shape[1:]), device=step.real.device)
    between = step.real.detach() * share + step.fake.detach() * (1 - share)
    # the small constant keeps the root's gradient finite at a slope of exactly zero
    return ((step.slope_at(between).square().sum(1) + 1e-12).sqrt() - target).square()


def mode_seeking(step: Step, *, floor: float = 0.02) -> Tensor:
    """1 / (image distance / latent distance + floor) for pairs that share a label, (batch / 2,).

    Mao et al. 2019 (MSGAN), eq. 4 in the inverted form that is minimised. Needs ``Draw(pairs=True)``:
    row i and row i + batch / 2 are a pair. Images are compared after standardising each one, because a
    generator otherwise meets the term by varying brightness. Each pair counts for itself: a rare class that
    collapses is not outvoted by a varied one. The floor bounds the gradient of equal pairs.
    """
    image_a, image_b = _standardised(step.fake).chunk(2)
    latent_a, latent_b = step.latent.chunk(2)
    image = (image_a - image_b).abs().mean(1)
    latent = (latent_a - latent_b).abs().mean(1)
    return 1 / (image / latent + floor)


def _standardised(x: Tensor) -> Tensor:
    """Each row with mean 0 and standard deviation 1: (rows, values of a sample)."""
    centred = x.flatten(1) - x.flatten(1).mean(1, keepdim=True)
    return centred / (centred.std(1, keepdim=True) + 0.05)  # a blank image stays blank


def game(loss: AdversarialLoss) -> tuple[Term, Term]:
    """The two adversarial terms of a game: (discriminator's, generator's)."""
    return (
        Term("discriminator", partial(discriminator_side, loss=loss)),
        Term("generator", partial(generator_side, loss=loss)),
    )
