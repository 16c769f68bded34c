"""Closeness within a batch as a feature, so that a discriminator sees when a generator repeats itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MinibatchDiscrimination(nn.Module):
    """Appends to each row how close it is to the other rows of its group. Salimans et al. 2016, section 3.2.

    M = features T, one matrix (kernels, dimensions) a row; the appended feature b of row i is the sum over
    the other rows j of exp(-|M_ib - M_jb|_1). Groups are neighbouring rows; a last,
    smaller group is possible.
    """

    def __init__(self, features: int, group: int, *, kernels: int = 32, dimensions: int = 4) -> None:
        super().__init__()
        self.group = group
        self.kernels = kernels  # features added to each row
        self.project = nn.Linear(features, kernels * dimensions, bias=False)

    def forward(self, h: Tensor) -> Tensor:
        """(rows, features) -> (rows, features + kernels)."""
        points = self.project(h).view(len(h), self.kernels, -1)  # (rows, kernels, dimensions)
        # a sum above 1 moves in steps of 1/128 in bfloat16
        close = [_closeness(part.float()) for part in points.split(self.group)]
        return torch.cat([h, torch.cat(close).to(h.dtype)], 1)


def _closeness(points: Tensor) -> Tensor:
    """(rows, kernels, dimensions) -> (rows, kernels): a row's distance of 0 to itself is left out."""
    distance = (points[:, None] - points[None]).abs().sum(3)  # (rows, rows, kernels)
    return (-distance).exp().sum(1) - 1
