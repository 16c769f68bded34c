"""Spectral and weight norm folded into plain weights, for networks that learn no more."""

from __future__ import annotations

import copy

from torch import nn
from torch.nn.utils import parametrize


def without_parametrizations(module: nn.Module) -> nn.Module:
    """Return a copy in which spectral and weight norm are folded into plain weights: fewer nodes to run.

    `torch.nn.utils.parametrize.remove_parametrizations` cannot be used: a copied module shares its generated
    class with the original, and removing there deletes the weight's property from that class for both.
    """
    plain = copy.deepcopy(module)
    for part in [part for part in plain.modules() if parametrize.is_parametrized(part)]:
        names = list(part.parametrizations)  # type: ignore[arg-type]
        folded = {name: getattr(part, name).detach().clone() for name in names}
        del part.parametrizations
        part.__class__ = type(part).__bases__[0]  # the layer it was before torch wrapped it
        for name, weight in folded.items():
            part.register_parameter(name, nn.Parameter(weight, requires_grad=False))
    return plain
