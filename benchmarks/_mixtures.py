"""Mixtures of Gaussians in the plane and what points cover of them. Lin et al. 2018 (PacGAN), section 4.1."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np
import torch
from torch import Tensor

from ganworks.data import ArrayDataset
from ganworks.space import SampleSpace

SPACE = SampleSpace(channels=2, size=())
TRAINING_POINTS = 100_000  # of the paper
SAMPLES = 2_500  # of the paper
NEAR = 3.0  # standard deviations within which a sample is of high quality


@dataclass(frozen=True)
class Mixture:
    """Equally likely isotropic Gaussians; ``side`` is what [-1, 1] stands for in the paper's units."""

    name: str
    means: Tensor  # (modes, 2), the paper's units
    std: float
    side: float

    def dataset(self, seed: int = 0) -> ArrayDataset:
        """The paper's 100,000 training points, divided by ``side`` into [-1, 1]."""
        draw = np.random.default_rng(seed)
        mode = draw.integers(0, len(self.means), TRAINING_POINTS)
        points = self.means.numpy()[mode] + draw.normal(0, self.std, (TRAINING_POINTS, 2))
        return ArrayDataset((points / self.side).astype(np.float32))

    def score(self, samples: Tensor) -> PointScore:
        """Score samples (rows, 2) in [-1, 1]."""
        distance, mode = torch.cdist(samples.double() * self.side, self.means.double()).min(1)
        near = distance < NEAR * self.std
        recovered = mode[near].unique().numel()
        counts = torch.bincount(mode, minlength=len(self.means)).double()
        share = counts[counts > 0] / counts.sum()
        reverse_kl = float((share * (share.log() + log(len(self.means)))).sum())
        return PointScore(recovered, float(near.double().mean()), reverse_kl)


@dataclass(frozen=True)
class PointScore:
    """Real samples score every mode, 98.89 % near (1 - exp(-9 / 2)) and (modes - 1) / (2 samples) nats."""

    modes: int  # with at least one sample of high quality
    near: float  # share of samples within three standard deviations of a mode: of high quality
    reverse_kl: float  # KL(generated || uniform) over the nearest modes of all samples, in nats


def ring() -> Mixture:
    """Eight modes on the unit circle, standard deviation 0.01."""
    angle = torch.arange(8) * (2 * pi / 8)
    return Mixture("ring", torch.stack([angle.cos(), angle.sin()], 1), std=0.01, side=1.25)


def grid() -> Mixture:
    """Twenty-five modes two apart in [-4, 4], standard deviation 0.05."""
    line = torch.arange(-4.0, 5.0, 2.0)
    return Mixture("grid", torch.cartesian_prod(line, line), std=0.05, side=5.0)
