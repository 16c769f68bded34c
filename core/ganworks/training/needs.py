"""What a term needs of the recipe that it is part of: checked when the recipe is built, not in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganworks.errors import MissingExtraError
from ganworks.training.augment import no_augmentation

if TYPE_CHECKING:
    from ganworks.training.recipe import Recipe

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Need:
    """A condition on a recipe, and the sentence for those who do not meet it."""

    met: Callable[[Recipe], bool]
    otherwise: str


def needing(*needs: Need) -> Callable[[Function], Function]:
    """Declare what the value of a term needs of its recipe."""

    def declare(function: Function) -> Function:
        function.__dict__["needs"] = needs
        return function

    return declare


def needs_of(value: Callable[..., Any]) -> tuple[Need, ...]:
    """What the value of a term was declared to need, also inside of a partial."""
    while isinstance(value, partial):
        value = value.func
    found: tuple[Need, ...] = getattr(value, "needs", ())
    return found


def network_called(name: str) -> Need:
    """A network of that name must be part of the recipe."""
    return Need(lambda recipe: name in recipe.networks, f"it needs a network named '{name}' in the recipe")


@lru_cache(maxsize=8)
def mixes_rows(build: Callable[[], nn.Module]) -> bool:
    """Whether the discriminator judges a row by the whole batch: BatchNorm that computes its statistics."""
    try:
        with torch.random.fork_rng(devices=[]):
            network = build()
    except MissingExtraError:  # cannot be told here, and is said when the network is built to train
        return False
    whole_batch = getattr(network, "rows_per_group", None) is None
    return whole_batch and any(isinstance(module, _BatchNorm) for module in network.modules())


def _judges_rows(recipe: Recipe) -> bool:
    return "discriminator" not in recipe.networks or not mixes_rows(recipe.networks["discriminator"])


ROW_CRITIC = Need(
    _judges_rows,
    "it looks at each row's own judgement, but the discriminator's BatchNorm lets the rows of a batch decide "
    "together: use norm='none', 'spectral' or 'weight'",
)
PAIRS = Need(
    lambda recipe: recipe.draw.pairs, "it compares two samples of one label: draw them with Draw(pairs=True)"
)
UNAUGMENTED = Need(
    lambda recipe: recipe.augment is no_augmentation,
    "it compares two judgements of one sample, and the augmentation would draw anew for each: use the recipe "
    "with augment = 'none'",
)
