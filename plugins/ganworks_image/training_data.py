"""The training part as the loop draws it: mirrored where allowed."""

from __future__ import annotations

import torch
from torch import Tensor

from ganworks.data import ArrayDataset
from ganworks_image.policies import AugmentationPolicy


class TrainingData:
    """A data set whose rows are mirrored at random, from torch's global generator: a resumed run agrees."""

    def __init__(self, rows: ArrayDataset, policy: AugmentationPolicy) -> None:
        self.source = rows
        self.space = rows.space
        self.labels = rows.labels
        self.policy = policy

    def __len__(self) -> int:
        return len(self.source)

    def rows(self, index: Tensor) -> Tensor:
        """Return (batch, *space.shape) float32 in [-1, 1]."""
        x = self.source.rows(index)
        if self.policy.horizontal_flip:
            x = _mirrored(x, 3)
        if self.policy.vertical_flip:
            x = _mirrored(x, 2)
        return x


def _mirrored(x: Tensor, dimension: int) -> Tensor:
    """Mirror each row with probability one half."""
    chosen = torch.rand(len(x)) < 0.5
    return torch.where(chosen[:, None, None, None], x.flip(dimension), x)
