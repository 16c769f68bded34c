"""Terms of models that are trained by likelihood: the comparison to adversarial training."""

from __future__ import annotations

from typing import Protocol, cast

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from ganworks.training.step import Step

MARGIN = 2e-4


class EnergyModel(Protocol):
    """A network whose samples are likely where its free energy is low, with chains that sample it."""

    def free_energy(self, v: Tensor, labels: Tensor) -> Tensor: ...  # (rows, visible), (rows,) -> (rows,)

    def chain_energy(self) -> Tensor: ...  # mean free energy of the chains of each class (classes,)

    def move_chains(self, steps: int) -> None: ...


def reconstruction(step: Step) -> Tensor:
    """-log p(x | z) in nats, (batch,): the first part of the ELBO. Kingma and Welling 2014, eq. 7.

    z = mean + deviation * latent. p is Bernoulli, as in their appendix C.1: grey values from -1 to 1 are
    probabilities from 0 to 1, of the sample and of what the generator answers.
    """
    mean, log_variance = _posterior(step)
    z = mean + (log_variance / 2).exp() * step.latent  # (batch, latent)
    decoded: Tensor = step.run("generator", z, step.condition)
    # away from 0 and 1 by less than a tenth of a grey value of 8 bits, so that no logarithm is infinite
    answered = ((decoded + 1) / 2).flatten(1) * (1 - 2 * MARGIN) + MARGIN
    return binary_cross_entropy(answered, ((step.real + 1) / 2).flatten(1), reduction="none").sum(1)


def kl_to_normal(step: Step) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats, (batch,). Kingma and Welling 2014, appendix B."""
    mean, log_variance = _posterior(step)
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2


def persistent_divergence(step: Step, *, steps: int = 1) -> Tensor:
    """Free energy of real samples less that of the chains of their class, (batch,). Tieleman 2008 (PCD).

    Its gradient is that of -log p(x | y) where the chains are samples of the model. They move first, by
    ``steps`` steps. Grey values are the probability of a pixel to be on, drawn anew each time.
    """
    machine = cast(EnergyModel, step.networks["generator"])
    machine.move_chains(steps)
    real = torch.bernoulli((step.real.flatten(1) + 1) / 2)
    return machine.free_energy(real, step.labels) - machine.chain_energy()[step.labels]


def _posterior(step: Step) -> tuple[Tensor, Tensor]:
    """Mean and log variance of the latent given the real samples, (batch, latent) each."""
    mean, log_variance = step.run("encoder", step.real, step.condition)
    return mean, log_variance
