"""From a recipe and data to networks and draws, with one clear line where they do not fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import nn

from ganworks.data import Dataset
from ganworks.errors import DataError, GanworksError, UsageError
from ganworks.space import SampleSpace
from ganworks.training.draw import Batch
from ganworks.training.recipe import Recipe


def built_networks(recipe: Recipe) -> Iterator[tuple[str, nn.Module]]:
    """Yield each network of the recipe with its name, in order; what the recipe freezes will not learn.

    Raises:
        UsageError: a network cannot be built with the recipe's options.
        ValueError: no parameter is called what should be frozen.
    """
    for name, build in recipe.networks.items():
        network = _built(recipe.name, name, build)
        _freeze(name, network, recipe.frozen.get(name, ()))
        yield name, network


def prepared_draw(recipe: Recipe, data: Dataset, device: torch.device) -> Callable[[], Batch]:
    """What draws the recipe's batches from the data.

    Raises:
        DataError: there are no rows.
        UsageError: the recipe was built for samples of another shape, or for more or fewer classes; or its
            draw does not fit the data.
    """
    if not len(data):
        raise DataError("the data set has no rows: there is nothing to learn from")
    if _seen(recipe.space) != _seen(data.space):
        raise UsageError(
            f"recipe {recipe.name} was built for samples of {_words(recipe.space)}, but the data are "
            f"{_words(data.space)}: build it for the space of the data"
        )
    try:
        return recipe.draw.prepare(data, device)
    except ValueError as error:
        raise UsageError(f"recipe {recipe.name}: {error}") from error


def _seen(space: SampleSpace) -> tuple[tuple[int, ...], int]:
    return space.shape, len(space.classes)


def _words(space: SampleSpace) -> str:
    return f"{space.shape} in {len(space.classes)} classes"


def _built(recipe: str, name: str, build: Callable[[], nn.Module]) -> nn.Module:
    try:
        with warnings.catch_warnings():  # of layers without values: refused below
            warnings.filterwarnings("ignore", "Initializing zero-element tensors", UserWarning)
            network = build()
        if empty := next(_without_values(network), ""):
            raise ValueError(f"'{empty}' would hold no values: options that are sizes are 1 or more")
        return network
    except GanworksError:
        raise
    except ValueError as error:
        raise UsageError(f"recipe {recipe}: the {name} cannot be built: {error}") from error
    except (ArithmeticError, IndexError, RuntimeError, TypeError) as error:  # what sizes of 0 or less end in
        why = str(error).partition("\n")[0]
        raise UsageError(
            f"recipe {recipe}: the {name} cannot be built ({type(error).__name__}: {why}): "
            "options that are sizes are whole numbers, mostly of 1 or more"
        ) from error


def _without_values(network: nn.Module) -> Iterator[str]:
    """Parameters without values, but for tables of no classes: data without classes never look into them."""
    for place, module in network.named_modules():
        if isinstance(module, nn.Embedding) and not module.num_embeddings:
            continue
        for name, parameter in module.named_parameters(place, recurse=False):
            if not parameter.numel():
                yield name


def _freeze(name: str, network: nn.Module, prefixes: Sequence[str]) -> None:
    named = dict(network.named_parameters())
    for prefix in prefixes:
        found = [p for key, p in named.items() if key.startswith(prefix)]
        if not found:
            raise ValueError(f"frozen: no parameter of the {name} begins with '{prefix}'")
        for parameter in found:
            parameter.requires_grad_(False)
