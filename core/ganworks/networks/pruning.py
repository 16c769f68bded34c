"""A trained network with fewer channels: the weakest are cut out, and all that depends on them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from ganworks.errors import MissingExtraError
from ganworks.networks.folding import without_parametrizations

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_LEAST = 2  # channels that a layer keeps


def pruned(network: nn.Module, example: Sequence[Tensor], keep: float) -> nn.Module:
    """Return a copy in which each convolution that feeds another keeps the share ``keep`` of its channels.

    The filters of the smallest L1 norm go (Li et al. 2017, "Pruning filters for efficient ConvNets"), with
    the normalisations, conditions, skips and inputs that belong to them (Fang et al. 2023, "DepGraph"). The
    same network is always cut alike. It needs some training afterwards.

    Args:
        network: any module of plain layers; spectral and weight norm are folded first.
        example: inputs that it can run on.
        keep: in (0, 1].

    Raises:
        MissingExtraError: torch-pruning is not installed.
        ValueError: ``keep`` is out of range, or no convolution feeds another one of plain layers.
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep must lie between 0 and 1, got {keep}")
    library = _library()
    plain = without_parametrizations(network).requires_grad_(True)  # the graph is read off the gradients
    with warnings.catch_warnings():  # parameters of other layers than torch's: those stay, or `_runs` tells
        warnings.filterwarnings("ignore", message="Unwrapped parameters", category=UserWarning)
        graph = library.DependencyGraph().build_dependency(plain, example_inputs=tuple(example))
    cut: set[nn.Module] = set()
    try:
        for layer in [part for part in plain.modules() if isinstance(part, _CONVOLUTIONS)]:
            if layer not in cut:
                cut |= _cut(graph, layer, keep)
    except (RuntimeError, IndexError):  # layers whose parameters the library does not know
        cut = set()
    if not cut or not _runs(plain, network, example):
        raise ValueError(f"{type(network).__name__} has no channels that can be cut out")
    return plain


@torch.no_grad()
def _runs(cut: nn.Module, network: nn.Module, example: Sequence[Tensor]) -> bool:
    """Tell whether the smaller network gives what the whole one gives: some count channels themselves."""
    try:
        return bool(cut(*example).shape == network(*example).shape)
    except (RuntimeError, ValueError):
        return False


def _cut(graph: Any, layer: nn.Module, keep: float) -> set[nn.Module]:
    """Cut the weakest channels out of a layer and return the layers whose outputs are smaller now."""
    function = graph.get_pruner_of_module(layer).prune_out_channels
    weakest = _weakest(layer, keep)
    if not weakest:
        return set()
    group = graph.get_pruning_group(layer, function, idxs=weakest)
    members = [(item.dep.target.module, item.dep.handler) for item in group]
    feeds = any(graph.is_in_channel_pruning_fn(handler) for _, handler in members)
    if not feeds or not graph.check_pruning_group(group):  # the last layer: its channels are the picture's
        return set()
    group.prune()
    return {module for module, handler in members if graph.is_out_channel_pruning_fn(handler)}


def _weakest(layer: nn.Module, keep: float) -> list[int]:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    out = 1 if isinstance(layer, nn.modules.conv._ConvTransposeNd) else 0
    strength = weight.detach().abs().transpose(0, out).flatten(1).sum(1)  # (channels,)
    kept = min(len(strength), max(_LEAST, round(len(strength) * keep)))
    found: list[int] = strength.argsort()[: len(strength) - kept].sort().values.tolist()
    return found


def _library() -> Any:
    try:
        return import_module("torch_pruning")
    except ImportError as error:
        raise MissingExtraError("pruning", "prune") from error
