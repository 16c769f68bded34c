"""A critic of patches that sees contrast and colour: spectral norm in the place of normalisation."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from ganworks.networks.blocks import leaky, spectral
from ganworks.training.step import Judgement


class SpectralPatchDiscriminator(nn.Module):
    """One logit a patch of an image of any size: 54 x 54 pixels at three halvings, where pix2pix has 70 x 70.

    Instance normalisation, which pix2pix has, takes away how strong a texture is, and that is what a restored
    image must get right; spectral norm (Miyato et al. 2018) holds the critic back instead.
    Features: ``hidden`` (rows, 8 * width, H / 8, W / 8).
    """

    rows_per_group = 1

    def __init__(self, channels: int, *, width: int = 32, halvings: int = 3) -> None:
        super().__init__()
        sizes = [channels, *(width * 2**level for level in range(halvings))]
        self.halving = nn.ModuleList(spectral(nn.Conv2d(i, o, 4, 2, 1)) for i, o in pairwise(sizes))
        self.widest = spectral(nn.Conv2d(sizes[-1], 2 * sizes[-1], 3, padding=1))
        self.judge = spectral(nn.Conv2d(2 * sizes[-1], 1, 3, padding=1))

    def forward(self, x: Tensor, condition: Tensor) -> Judgement:
        """(rows, channels, H, W) -> logits (rows, patches); the condition is not looked at."""
        for layer in self.halving:
            x = leaky(layer(x))
        h = leaky(self.widest(x))
        return Judgement(self.judge(h).flatten(1), {"hidden": h})
