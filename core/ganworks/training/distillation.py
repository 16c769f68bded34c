"""A generator that learns from another one, its teacher: the network ``teacher`` of the recipe."""

from __future__ import annotations

from typing import cast

from torch import Tensor

from ganworks.training.auxiliary import HIDDEN, feature_of
from ganworks.training.needs import DISCRIMINATOR, needing, network_called
from ganworks.training.step import Step

TEACHER = network_called("teacher")


@needing(TEACHER)
def pixel_distillation(step: Step) -> Tensor:
    """Mean |teacher(z) - generator(z)| over a sample's values, (batch,). Aguinaldo et al. 2019, section 3."""
    return (taught(step).detach() - step.fake).abs().flatten(1).mean(1)


@needing(TEACHER, DISCRIMINATOR, HIDDEN)
def feature_distillation(step: Step, *, feature: str = "hidden") -> Tensor:
    """The same distance between features of the discriminator, (rows,): what pixels alone would blur."""
    target = feature_of(step, taught(step), feature).detach()
    return (target - feature_of(step, step.fake, feature)).abs().flatten(1).mean(1)


def taught(step: Step) -> Tensor:
    """The teacher's answer to the same latent and condition: (batch, *space.shape) in [-1, 1]."""
    return cast(Tensor, step.run("teacher", step.latent, step.condition))
