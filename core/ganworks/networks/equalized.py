"""Equalised learning rate: weights are drawn at scale 1 and scaled on use. Karras et al. 2018, section 4.1.

Adam's step does not depend on the scale of a gradient, so that layers whose weights are small would otherwise
learn faster, relative to their size, than those whose weights are large.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import leaky


class EqualLinear(nn.Module):
    """A linear layer whose weights are scaled by rate / sqrt(inputs) on use.

    ``rate`` is the layer's learning rate relative to the others' (Karras et al. 2019, appendix C).
    """

    def __init__(self, inputs: int, outputs: int, *, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.rate = rate
        self.scale = rate / sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class EqualConv2d(nn.Module):
    """A convolution that keeps height and width, its weights scaled by 1 / sqrt(fan-in) on use."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = 1 / (kernel * sqrt(inputs))
        self.padding = kernel // 2

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


class EqualEmbedding(nn.Embedding):
    """An embedding scaled by 1 / sqrt(width) on use: its product with a unit-variance vector is O(1)."""

    def forward(self, labels: Tensor) -> Tensor:
        return super().forward(labels) / sqrt(self.embedding_dim)


def pixel_norm(x: Tensor) -> Tensor:
    """Scale the channels of every place to mean square 1. Karras et al. 2018, section 4.2.

    ``x`` is (rows, channels, ...).
    """
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def unit_leaky(x: Tensor) -> Tensor:
    """Leaky ReLU times sqrt(2): keeps the variance that equalised layers hand over."""
    return leaky(x) * sqrt(2)
