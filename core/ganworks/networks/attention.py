"""Self-attention over the places of a feature map."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganworks.networks.blocks import nearest_map, spectral
from ganworks.space import SampleSpace


class SelfAttention2d(nn.Module):
    """x + gain * attention(x), with gain 0 at the start. Zhang et al. 2019 (SAGAN), eq. 1 to 3.

    Plain products and a softmax, so that gradient penalties can differentiate it twice and every exporter
    knows it. Memory grows with (H W)^2: meant for maps of up to about 32 x 32.
    """

    def __init__(self, channels: int, *, reduction: int = 8) -> None:
        super().__init__()
        inner = max(channels // reduction, 1)
        self.query = spectral(nn.Conv2d(channels, inner, 1, bias=False))  # g of the paper
        self.key = spectral(nn.Conv2d(channels, inner, 1, bias=False))  # f
        self.value = spectral(nn.Conv2d(channels, inner, 1, bias=False))  # h
        self.merge = spectral(nn.Conv2d(inner, channels, 1, bias=False))  # v
        self.gain = nn.Parameter(torch.zeros(()))  # the block learns to look far after it can look near

    def forward(self, x: Tensor) -> Tensor:
        """(rows, channels, H, W) -> the same shape."""
        query, key, value = (conv(x).flatten(2) for conv in (self.query, self.key, self.value))
        weight = torch.softmax(query.transpose(1, 2) @ key, dim=2)  # (rows, places, places looked at)
        seen = (value @ weight.transpose(1, 2)).unflatten(2, x.shape[2:])  # (rows, inner, H, W)
        attended: Tensor = x + self.gain * self.merge(seen)
        return attended


def one_attention(channels: list[int], sides: list[int], space: SampleSpace, most: int) -> nn.ModuleList:
    """A module for each map (channels, shorter side): attention at one of them, elsewhere nothing.

    It is the map nearest to a quarter of the picture, where Zhang et al. 2019 (table 1) fare best, or to
    ``most`` pixels where that is smaller; none where ``most`` is 0.
    """
    wanted = max(min(most, space.height // 4, space.width // 4), 1)
    place = nearest_map(sides, wanted) if most else None
    return nn.ModuleList(SelfAttention2d(c) if i == place else nn.Identity() for i, c in enumerate(channels))
