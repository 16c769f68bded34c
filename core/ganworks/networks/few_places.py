"""Convolutions that halve or double a map of few places and many channels, as one matrix product.

On a CPU the usual kernels take two to five times as long there, forward and backward, in training: the
weights are larger than the map, and they are built for the opposite. The results are equal but for rounding.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

CHANNELS_PER_PLACE = 16  # from here on the matrix product is the faster one


class Halving(nn.Conv2d):
    """A 4x4 convolution that halves both sides: (rows, i, H, W) -> (rows, o, H / 2, W / 2)."""

    def __init__(self, i: int, o: int, *, bias: bool = True) -> None:
        super().__init__(i, o, 4, 2, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(rows, i, H, W) -> (rows, o, H / 2, W / 2)."""
        height, width = x.shape[2] // 2, x.shape[3] // 2
        if not _few(self, x, height * width):
            return super().forward(x)
        patches = F.unfold(x, 4, padding=1, stride=2)  # (rows, i * 16, places)
        made: Tensor = self.weight.flatten(1) @ patches
        if self.bias is not None:
            made = made + self.bias[:, None]
        return made.view(*made.shape[:2], height, width)


class Doubling(nn.ConvTranspose2d):
    """A transposed 4x4 convolution that doubles both sides; without bias."""

    def __init__(self, i: int, o: int) -> None:
        super().__init__(i, o, 4, 2, 1, bias=False)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(rows, i, H, W) -> (rows, o, 2H, 2W)."""
        height, width = x.shape[2:]
        if not _few(self, x, height * width):
            return super().forward(x)
        patches = self.weight.flatten(1).t() @ x.flatten(2)  # (rows, o * 16, places)
        return F.fold(patches, (2 * height, 2 * width), 4, padding=1, stride=2)


def _few(layer: nn.Module, x: Tensor, places: int) -> bool:
    return layer.training and x.device.type == "cpu" and CHANNELS_PER_PLACE * places <= x.shape[1]
