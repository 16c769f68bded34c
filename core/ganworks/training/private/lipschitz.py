"""A bound on the slopes of a discriminator that reads no row: its weights are shrunk after each update."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn


@torch.no_grad()
def limit_slopes(networks: Mapping[str, nn.Module], limit: float = 1.0) -> None:
    """Scale every linear layer of the discriminator down to the spectral norm ``limit``, as `Phase.after`.

    In place of penalties on slopes, which would need gradients of real rows a second time. Weights are
    private already, so this is post-processing. Exact norms: the layers are small.
    """
    for layer in networks["discriminator"].modules():
        if isinstance(layer, nn.Linear):
            longest = torch.linalg.matrix_norm(layer.weight, 2)
            layer.weight.mul_((limit / longest).clamp(max=1.0))
