"""The recipe that a run asks for: built for its data, refused before they are read where none would fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from itertools import product
from typing import Any

from ganworks import plugin
from ganworks._recipe_options import check_options, paths_among, unfit
from ganworks.errors import GanworksError, UsageError, nearest
from ganworks.options import RunOptions
from ganworks.registry import Registry
from ganworks.space import SampleSpace, made_up_spaces
from ganworks.training import TECHNIQUES, Recipe, with_technique

Build = Callable[..., Recipe]

TRIAL_SIDES = (32, 16, 8, 4)  # of samples that a recipe is tried out on: small ones give shallow networks


def chosen_recipe(
    registry: Registry, options: RunOptions, name: str, space: SampleSpace, source: SampleSpace | None = None
) -> Recipe:
    """The recipe of that name with the options' arguments and techniques.

    ``space`` is that of the samples, ``source`` that of what is translated, where the recipe translates.

    Raises:
        UsageError: the recipe, one of its options or a technique is unknown or does not fit.
    """
    build = registry.load(registry.find(plugin.Recipe, name))
    check_options(build, options.recipe_options, name)  # of one that the data chose, for the first time
    try:
        recipe = _built(build, options, space, source)
    except (TypeError, ValueError) as error:
        raise unfit(name, error) from None
    return _with_techniques(recipe, options, name)


def check_recipe(registry: Registry, domain: plugin.Domain, options: RunOptions) -> None:
    """Refuse what fits no data at all; the rest is for `chosen_recipe` to judge, once the data are there.

    A named recipe is tried out on made-up spaces. What it raises as ValueError may be the fault of these, an
    error of `ganworks.errors` is not.

    Raises:
        UsageError: there is no such recipe for the domain's kinds of data, it has no such option, there is no
            such technique, or the recipe cannot take it on.
        PluginError: the recipe cannot be imported.
    """
    _check_technique_names(options)
    if options.recipe == "auto":  # the data choose it
        return
    declared = registry.recipe(options.recipe, domain.recipes)
    build, refusal = registry.load(declared), None
    check_options(build, options.recipe_options, declared.name)
    for recipe in _trials(build, options, declared.data):
        try:
            _with_techniques(recipe, options, declared.name)
        except UsageError as error:
            refusal = error
        else:
            return
    if refusal is not None:
        raise refusal


def with_absolute_paths(registry: Registry, options: RunOptions) -> RunOptions:
    """The options with every path made absolute, so that a resume may come from another directory.

    Of ``recipe_options`` these are the ones that a recipe chosen by name annotates as ``Path``.

    Raises:
        UsageError: a recipe option that should be a path is none.
    """
    changed: dict[str, Any] = {
        name: path.resolve()
        for name in ("data", "start_from")
        if (path := getattr(options, name)) is not None
    }
    if options.recipe != "auto":
        build = registry.load(registry.find(plugin.Recipe, options.recipe))
        paths = {
            name: str(path.resolve()) for name, path in paths_among(build, options.recipe_options).items()
        }
        changed["recipe_options"] = {**options.recipe_options, **paths}
    return options.model_copy(update=changed)


def _built(build: Build, options: RunOptions, space: SampleSpace, source: SampleSpace | None) -> Recipe:
    sourced = {} if source is None else {"source": source}
    given = options.recipe_options
    recipe = build(space, **sourced, **{**given, **paths_among(build, given)})
    assert isinstance(recipe, Recipe)
    return recipe


def _with_techniques(recipe: Recipe, options: RunOptions, name: str) -> Recipe:
    try:
        return reduce(with_technique, options.techniques, recipe)
    except ValueError as error:
        raise UsageError(f"recipe '{name}' cannot take on the {error}") from None


def _check_technique_names(options: RunOptions) -> None:
    for asked in options.techniques:
        if (name := asked.partition("=")[0]) not in TECHNIQUES:
            known = ", ".join(TECHNIQUES)
            raise UsageError(f"no technique named '{name}'{nearest(name, TECHNIQUES)}; there are {known}")


def _trials(build: Build, options: RunOptions, data: str) -> Iterator[Recipe]:
    """Yield the recipe on made-up spaces, as far as it can be built for them."""
    for space, source in _trial_spaces(data):
        try:
            recipe = _built(build, options, space, source)
        except GanworksError:
            raise
        except Exception:  # a recipe of a third party may raise anything; the real data may fit
            continue
        yield recipe


def _trial_spaces(data: str) -> Iterator[tuple[SampleSpace, SampleSpace | None]]:
    """Yield spaces of a kind of `ganworks.plugin.RECIPE_DATA`, and of what is translated."""
    for side, classes in product(TRIAL_SIDES, ((), ("a", "b"))):
        yield made_up_spaces(data, side, classes=classes)
