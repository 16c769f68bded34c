"""Orthogonal regularisation of a network's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganworks.training.step import Step


def orthogonal(step: Step, *, network: str = "generator") -> Tensor:
    """Sum over the layers of |W W^T * (1 - I)|_F^2, with one filter a row of W: a scalar.

    Brock et al. 2019 (BigGAN), eq. 3 without its beta, which is the term's weight. Filters are pushed apart
    and keep their length; that is what lets a generator bear truncated latents.
    """
    layers = [m for m in step.networks[network].modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    # the parameters themselves: to read a spectrally normed weight is to step its power iteration
    weights = [p for layer in layers for p in layer.parameters() if p.ndim > 1]
    return torch.stack([_overlap(weight) for weight in weights]).sum()


def _overlap(weight: Tensor) -> Tensor:
    filters = weight.flatten(1)  # (outputs, inputs x kernel)
    gram = filters @ filters.T
    return gram.square().sum() - gram.diagonal().square().sum()
