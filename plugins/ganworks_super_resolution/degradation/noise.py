"""Noise of sensors: Gaussian, and that of counted photons; grey or in colours."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganworks_super_resolution.degradation.draws import Draws


@dataclass(frozen=True, kw_only=True)
class NoiseRange:
    """How much noise is drawn.

    ``sigma`` is the range of the standard deviation of Gaussian noise, in 1/255 of black to white. ``shot``
    is that of shot noise, where photons at white are 255 / shot^2 (what Real-ESRGAN calls the Poisson scale).
    """

    sigma: tuple[float, float]
    shot: tuple[float, float]
    gaussian: float = 0.5  # share of the rows with Gaussian noise; the others have shot noise
    grey: float = 0.4  # share of the rows whose channels all get the same noise


def random_noise(x: Tensor, draws: Draws, limits: NoiseRange) -> Tensor:
    """Add noise of one kind to each row, clipped to [0, 1]."""
    grey = draws.happens("grey noise", limits.grey)
    sigma = draws.uniform("sigma", *limits.sigma) / 255
    photons = 255 / draws.uniform("shot", *limits.shot).square()
    noisy = torch.empty_like(x)
    one = draws.happens("gaussian", limits.gaussian)
    other = ~one
    noisy[one] = gaussian_noise(x[one], sigma[one], draws.at(one), grey[one])
    noisy[other] = shot_noise(x[other], photons[other], draws.at(other), grey[other])
    return noisy


def gaussian_noise(x: Tensor, sigma: Tensor, draws: Draws, grey: Tensor) -> Tensor:
    """Add Gaussian noise of deviation ``sigma`` (batch,), clipped to [0, 1].

    Rows of ``grey`` (batch,) get the same noise in all channels.
    """
    noise = draws.normal("gaussian noise", x.shape[1:]).to(x)
    noise = torch.where(_over(grey, x), noise[:, :1], noise)
    return (x + _over(sigma, x) * noise).clamp(0, 1)


def shot_noise(x: Tensor, photons: Tensor, draws: Draws, grey: Tensor) -> Tensor:
    """Count photons, of which white has ``photons`` (batch,): Poisson noise, clipped to [0, 1].

    Rows of ``grey`` (batch,) get in all channels the noise of their mean.
    """
    noisy = torch.empty_like(x)
    for row, (generator, white) in enumerate(zip(draws.generators("photons"), photons.tolist(), strict=True)):
        light = x[row].mean(0, keepdim=True) if grey[row] else x[row]
        counted = torch.poisson((light * white).cpu(), generator=generator).to(x) / white
        noisy[row] = x[row] + counted - light
    return noisy.clamp(0, 1)


def _over(values: Tensor, x: Tensor) -> Tensor:
    """(batch,) as (batch, 1, 1, 1) on the device of ``x``."""
    return values.to(x.device)[:, None, None, None]
