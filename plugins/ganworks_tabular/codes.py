"""Rows of a table in the compact form in which they wait for training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Codes:
    """Rows as they are kept in memory.

    ``numbers``: float32 (rows, number parts); ``choices``: int32 (rows, choice parts), places in each choice.
    """

    numbers: Tensor
    choices: Tensor

    def __len__(self) -> int:
        return len(self.numbers)

    def to(self, device: torch.device | str) -> Codes:
        return Codes(self.numbers.to(device), self.choices.to(device))
