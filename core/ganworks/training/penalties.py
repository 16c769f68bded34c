"""What keeps a discriminator from being steep: penalties on its slope, and bounds on its weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganworks.training.needs import NO_DROPOUT, ROW_CRITIC, UNAUGMENTED, needing
from ganworks.training.step import Step


@needing(ROW_CRITIC)
def r1(step: Step) -> Tensor:
    """|d D / d x|^2 / 2 at real samples, (judgements,). Mescheder et al. 2018, eq. 9."""
    return _by_judgement(step, step.slope("real")).square().sum(1) / 2


@needing(ROW_CRITIC)
def r2(step: Step) -> Tensor:
    """|d D / d x|^2 / 2 at generated samples, (judgements,). Mescheder et al. 2018, eq. 10."""
    return _by_judgement(step, step.slope("fake")).square().sum(1) / 2


@needing(ROW_CRITIC)
def gradient_penalty(step: Step, *, target: float = 1.0) -> Tensor:
    """(|d D / d x| - target)^2 between real and fake, (judgements,). Gulrajani et al. 2017, eq. 3."""
    share = torch.rand(len(step.real), *(1 for _ in step.real.shape[1:]), device=step.real.device)
    between = step.real.detach() * share + step.fake.detach() * (1 - share)
    return (_steepness(step, between) - target).square()


@needing(ROW_CRITIC)
def dragan_penalty(step: Step, *, spread: float = 0.5, target: float = 1.0) -> Tensor:
    """(|d D / d x| - target)^2 at real samples plus noise, (judgements,). Kodali et al. 2017 (DRAGAN), eq. 1.

    The noise is normal with ``spread`` times the standard deviation of the real batch: the critic is kept
    from sharp peaks around the data, and no path between real and fake is needed.
    """
    real = step.real.detach()
    return (_steepness(step, real + spread * real.std() * torch.randn_like(real)) - target).square()


@needing(ROW_CRITIC, UNAUGMENTED, NO_DROPOUT)
def approximate_r1(step: Step, *, sigma: float = 0.05) -> Tensor:
    """(D(x) - D(x + n))^2 / (2 sigma^2) at real x, (judgements, k); n ~ N(0, sigma^2). Lin et al. 2025.

    To first order its mean is that of `r1`, for the price of a forward instead of a second derivative; of k
    opinions each counts by itself, where `r1` takes the slope of their sum.
    """
    noisy = step.real.detach() + sigma * torch.randn_like(step.real)
    return (step.judge(step.real).logits - step.judge(noisy).logits).square() / (2 * sigma**2)


@torch.no_grad()
def clip_weights(networks: Mapping[str, nn.Module], *, network: str, most: float) -> None:
    """Cut every weight of a network to [-most, most]. Arjovsky et al. 2017, algorithm 1: ``Phase.after``."""
    for parameter in networks[network].parameters():
        parameter.clamp_(-most, most)


def _steepness(step: Step, x: Tensor) -> Tensor:
    """|d D / d x| of each judgement; the small constant keeps the root's gradient finite at a slope of 0."""
    return (_by_judgement(step, step.slope_at(x)).square().sum(1) + 1e-12).sqrt()


def _by_judgement(step: Step, slope: Tensor) -> Tensor:
    """(rows, values of a sample) -> (judgements, values): the rows of a pack share one judgement."""
    rows = getattr(step.networks["discriminator"], "rows_per_judgement", 1)
    return slope.reshape(len(slope) // rows, -1)
