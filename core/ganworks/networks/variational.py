"""The encoder of a variational autoencoder."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from torch import Tensor, nn

from ganworks.networks.blocks import BATCH_NORM, CONV, Labels, levels_for
from ganworks.space import SampleSpace


class ConvEncoder(nn.Module):
    """Strided convolutions to the mean and log variance of a Gaussian over latents.

    Kingma and Welling 2014, appendix C.2; the label, where there is one, is known to it (Sohn et al. 2015).
    Its counterpart is `DCGANGenerator`. Sequences, images and volumes.
    """

    def __init__(self, space: SampleSpace, latent: int, *, width: int = 32, most: int = 256) -> None:
        super().__init__()
        levels = levels_for(*space.size)
        sizes = [space.channels, *(min(most, width * 2**level) for level in range(levels))]
        blocks: list[nn.Module] = []
        for i, o in pairwise(sizes):
            conv = CONV[space.rank](i, o, 4, 2, 1, bias=False)
            blocks += [conv, BATCH_NORM[space.rank](o), nn.LeakyReLU(0.2)]
        self.blocks = nn.Sequential(*blocks)
        self.labels = Labels(len(space.classes))
        flat = sizes[-1] * prod(side >> levels for side in space.size)
        self.out = nn.Linear(flat + self.labels.width, 2 * latent)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """(rows, *space.shape), (rows,) -> mean and log variance, (rows, latent) each."""
        h = self.blocks(x).flatten(1)  # (rows, flat)
        mean, log_variance = self.out(self.labels(h, labels)).chunk(2, 1)
        return mean, log_variance
