"""Changing a recipe, which is a value: every function returns a new one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any

from torch import Tensor, nn

from ganworks.training.losses import AdversarialLoss
from ganworks.training.recipe import After, Phase, Recipe
from ganworks.training.terms import Term


def network_of(recipe: Recipe, name: str) -> Callable[[], nn.Module]:
    if name not in recipe.networks:
        raise ValueError(f"the recipe has no network '{name}'")
    return recipe.networks[name]


def with_network(recipe: Recipe, name: str, build: Callable[[], nn.Module]) -> Recipe:
    if name in recipe.networks:
        raise ValueError(f"the recipe has a network '{name}' already")
    return replace(recipe, networks={**recipe.networks, name: build})


def in_phases(recipe: Recipe, network: str, change: Callable[[Phase], Phase]) -> Recipe:
    """Change every phase in which a network moves.

    Raises:
        ValueError: there is none.
    """
    if not any(network in phase.moves for phase in recipe.phases()):
        raise ValueError(f"no phase of the recipe moves a network called '{network}'")
    return _map_phases(recipe, lambda phase: change(phase) if network in phase.moves else phase)


def change_terms(recipe: Recipe, change: Callable[[Term], Term | None]) -> Recipe:
    """Replace each term for which ``change`` has another one.

    Raises:
        ValueError: no term is changed.
    """
    if not any(change(term) for phase in recipe.phases() for term in phase.terms):
        raise ValueError("the recipe plays no plain game between generator and discriminator")
    return _map_phases(
        recipe, lambda phase: replace(phase, terms=tuple(change(term) or term for term in phase.terms))
    )


def _map_phases(recipe: Recipe, change: Callable[[Phase], Phase]) -> Recipe:
    stages = tuple(replace(stage, phases=tuple(map(change, stage.phases))) for stage in recipe.stages)
    return replace(recipe, stages=stages)


def in_turn(*calls: After | None) -> After:
    return partial(_call_each, calls=tuple(call for call in calls if call is not None))


def _call_each(networks: Mapping[str, nn.Module], *, calls: tuple[After, ...]) -> None:
    for call in calls:
        call(networks)


def with_loss(value: Callable[..., Tensor], loss: AdversarialLoss) -> Callable[..., Tensor]:
    return partial(value, loss=loss)


def discriminator_option(recipe: Recipe, **options: Any) -> Recipe:
    """Change arguments of the discriminator, where it has them, and what was sized by it."""
    build = network_of(recipe, "discriminator")
    if missing := set(options) - set(signature(build).parameters):
        raise ValueError(f"the recipe's discriminator has no option {', '.join(sorted(missing))}")
    changed = partial(build, **options)
    sized = {name: _with_argument(other, build, changed) for name, other in recipe.networks.items()}
    return replace(recipe, networks={**sized, "discriminator": changed})


def _with_argument(
    build: Callable[[], nn.Module], old: Callable[[], nn.Module], new: Callable[[], nn.Module]
) -> Callable[[], nn.Module]:
    """The same partial with another network in its arguments: a `WeightHistory` of it."""
    if not isinstance(build, partial) or not any(argument is old for argument in build.args):
        return build
    arguments = (new if argument is old else argument for argument in build.args)
    return partial(build.func, *arguments, **build.keywords)
