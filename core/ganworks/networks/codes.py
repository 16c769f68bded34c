"""Latent codes that come to mean something, and the network that reads them. Chen et al. 2016 (InfoGAN)."""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn

from ganworks.networks.blocks import leaky


class Codes(nn.Module):
    """Turns the last entries of a standard normal latent into codes of known distributions.

    A categorical code of k values is the place of the largest of k normals (uniform over the places), as
    one-hot; a continuous code is erf(z / sqrt 2), uniform in [-1, 1]. Since the codes are a function of the
    latent, whatever draws, stores, interpolates or exports latents needs to know nothing of them.
    """

    def __init__(self, categorical: tuple[int, ...] = (10,), continuous: int = 2) -> None:
        super().__init__()
        self.categorical = categorical
        self.continuous = continuous
        self.width = sum(categorical) + continuous  # entries of the latent that are codes

    def forward(self, latent: Tensor) -> Tensor:
        """(rows, latent) standard normal -> (rows, latent): noise as it was, then one-hot, then uniform."""
        noise, *normals = self._parts(latent)
        chosen = [_one_hot_of_largest(part) for part in normals[:-1]]
        return torch.cat([noise, *chosen, _uniform(normals[-1])], 1)

    def split(self, latent: Tensor) -> tuple[list[Tensor], Tensor]:
        """The codes to be read back: place of each categorical (rows,) int64; continuous (rows, codes)."""
        _, *normals = self._parts(latent)
        return [part.argmax(1) for part in normals[:-1]], _uniform(normals[-1])

    def _parts(self, latent: Tensor) -> list[Tensor]:
        noise = latent.shape[1] - self.width
        return list(latent.split([noise, *self.categorical, self.continuous], 1))


class CodedGenerator(nn.Module):
    """A generator that is given the codes in place of the last entries of its latent."""

    def __init__(self, codes: Codes, generator: nn.Module) -> None:
        super().__init__()
        self.codes = codes
        self.generator = generator

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        sample: Tensor = self.generator(self.codes(latent), labels)
        return sample


class CodeReader(nn.Module):
    """Q(code | sample) over features of the discriminator, as `mutual_information` asks for it."""

    def __init__(self, features: int, codes: Codes, *, hidden: int = 128) -> None:
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.categorical = nn.ModuleList(nn.Linear(hidden, values) for values in codes.categorical)
        self.mean = nn.Linear(hidden, codes.continuous)
        self.log_variance = nn.Linear(hidden, codes.continuous)

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """(rows, features) -> logits of each categorical code, mean, log variance (each (rows, ...))."""
        h = leaky(self.hidden(features))
        spread = self.log_variance(h).clamp(-6, 2)  # an unbounded one ends in a likelihood without limit
        return *(part(h) for part in self.categorical), self.mean(h), spread


def _one_hot_of_largest(x: Tensor) -> Tensor:
    places = torch.arange(x.shape[1], device=x.device)
    return (x.argmax(1, keepdim=True) == places).to(x.dtype)


def _uniform(x: Tensor) -> Tensor:
    return torch.erf(x / sqrt(2))
