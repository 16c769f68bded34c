"""The restricted Boltzmann machine, and the Gibbs chains that draw from it."""

from __future__ import annotations

from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import at_least
from ganworks.space import SampleSpace

GOLDEN = (sqrt(5) - 1) / 2  # turns by this share of a circle never come close to a former place soon
SHARPNESS = 1_000.0


class BoltzmannMachine(nn.Module):
    """Binary visible and hidden units: p(v, h | y) ~ exp(v W h + v b_y + h c_y). Hinton 2002.

    Visible units are the values of a sample, off at -1 and on at 1. The label chooses both biases, which
    is a machine with one more visible unit a class that is held on or off. ``chains`` persistent samples of
    each class serve the gradient (Tieleman 2008) and are where sampling starts.
    """

    def __init__(self, space: SampleSpace, *, hidden: int = 500, chains: int = 20, steps: int = 15) -> None:
        super().__init__()
        at_least(1, hidden=hidden, chains=chains, steps=steps)
        visible, classes = prod(space.shape), max(len(space.classes), 1)
        self.shape = space.shape
        self.steps = steps  # of Gibbs sampling from a chain to a sample
        self.weight = nn.Parameter(torch.randn(visible, hidden) * 0.01)
        self.visible_bias = nn.Parameter(torch.zeros(classes, visible))
        self.hidden_bias = nn.Parameter(torch.zeros(classes, hidden))
        self.chains: Tensor
        self.shuffle: Tensor
        self.register_buffer("chains", torch.rand(classes, chains, visible).round())
        self.register_buffer("shuffle", torch.randperm(max(visible, hidden)))

    @staticmethod
    def latent(space: SampleSpace, hidden: int) -> int:
        """Latent entries of a sample: one for each unit that is drawn at a time, and one for the start."""
        return max(prod(space.shape), hidden) + 1

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """(rows, latent), (rows,) -> probabilities of the visible units as (rows, *shape) in [-1, 1].

        A chain of that label is chosen and moved on by the uniform numbers that the latent stands for: they
        are shuffled and turned at every step, so a sample is a function of its latent and label alone.
        """
        uniform = torch.special.ndtr(latent)  # (rows, units + 1) in [0, 1]
        visible_bias, hidden_bias = self.visible_bias[labels], self.hidden_bias[labels]
        v, noise = self._start(uniform[:, 0], labels), uniform[:, 1:]
        for _ in range(self.steps):
            noise = self._next(noise)
            h = _decide(torch.sigmoid(v @ self.weight + hidden_bias), noise)
            noise = self._next(noise)
            p = torch.sigmoid(h @ self.weight.T + visible_bias)
            v = _decide(p, noise)
        return (p * 2 - 1).view(-1, *self.shape)

    def free_energy(self, v: Tensor, labels: Tensor) -> Tensor:
        """-log sum over h of exp(v W h + v b + h c): (rows, visible), (rows,) -> (rows,)."""
        drive = v @ self.weight + self.hidden_bias[labels]  # (rows, hidden)
        return -(v * self.visible_bias[labels]).sum(1) - F.softplus(drive).sum(1)

    def chain_energy(self) -> Tensor:
        """Mean free energy of the chains of each class, (classes,)."""
        energies: Tensor = self.free_energy(*self._all_chains()).view(self.chains.shape[:2]).mean(1)
        return energies

    def hidden_given(self, v: Tensor, labels: Tensor) -> Tensor:
        """P(h = 1 | v, y): (rows, visible) -> (rows, hidden)."""
        return torch.sigmoid(v @ self.weight + self.hidden_bias[labels])

    def visible_given(self, h: Tensor, labels: Tensor) -> Tensor:
        """P(v = 1 | h, y): (rows, hidden) -> (rows, visible)."""
        return torch.sigmoid(h @ self.weight.T + self.visible_bias[labels])

    @torch.no_grad()
    def move_chains(self, steps: int) -> None:
        """Gibbs sampling of every chain, in place, from torch's global generator."""
        v, labels = self._all_chains()
        for _ in range(steps):
            h = torch.bernoulli(self.hidden_given(v, labels))
            v = torch.bernoulli(self.visible_given(h, labels))
        self.chains.copy_(v.view_as(self.chains))

    def _all_chains(self) -> tuple[Tensor, Tensor]:
        """Every chain (classes * chains, visible) with its label, class by class."""
        classes, chains, _ = self.chains.shape
        labels = torch.arange(classes, device=self.chains.device).repeat_interleave(chains)
        return self.chains.flatten(0, 1), labels

    def _start(self, uniform: Tensor, labels: Tensor) -> Tensor:
        """A chain of each label, chosen by a uniform number: (rows,), (rows,) -> (rows, visible)."""
        chains = self.chains.shape[1]
        choice = (uniform * chains).long().clamp(max=chains - 1)
        return self.chains[labels, choice]

    def _next(self, noise: Tensor) -> Tensor:
        """Other uniform numbers from uniform numbers (rows, units): each unit gets a neighbour's, turned."""
        turned = noise[:, self.shuffle] + GOLDEN
        return turned - turned.floor()


def _decide(probability: Tensor, uniform: Tensor) -> Tensor:
    """1 where a uniform number falls below the probability, else 0: (rows, units).

    The step is steep, not sudden: with a sudden one the last bit of a sum decides on another picture, and no
    two machines would agree on a sample.
    """
    below = probability - uniform[:, : probability.shape[1]]
    return (below * SHARPNESS + 0.5).clamp(0, 1)
