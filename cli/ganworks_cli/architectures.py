"""`gan architectures`: every registered recipe, what it is for, and how large its networks are."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ganworks import plugin
from ganworks.errors import GanworksError
from ganworks.registry import Registry
from ganworks_cli.output import Output
from ganworks_cli.state import state_of


def architectures(
    context: typer.Context,
    size: Annotated[int, typer.Option(min=1, max=1024, help="Side of the samples, in pixels or steps.")] = 32,
    channels: Annotated[int, typer.Option(min=1, max=4096, help="Channels of a sample.")] = 1,
    classes: Annotated[int, typer.Option(min=0, max=10_000, help="Classes; 0: unlabelled data.")] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document instead of text.", show_default=False)
    ] = False,
) -> None:
    """List the architectures: paper, what each is for, and its trained parameters at a size."""
    state = state_of(context)
    state.output.as_json = as_json
    state.warn_of_failed_plugins()
    found = [record(state.registry, recipe, size, channels, classes) for recipe in recipes(state.registry)]
    if as_json:
        state.output.document(found)
    else:
        _tell(found, state.output, f"size {size}, channels {channels}, classes {classes}")


def recipes(registry: Registry) -> list[plugin.Recipe]:
    """Return every recipe: by what it trains on, in the order of `plugin.RECIPE_DATA`, then by name."""
    order = list(plugin.RECIPE_DATA)
    return sorted(registry.all(plugin.Recipe), key=lambda recipe: (order.index(recipe.data), recipe.name))


def record(
    registry: Registry, recipe: plugin.Recipe, size: int, channels: int, classes: int
) -> dict[str, Any]:
    """Return a recipe as JSON values; ``parameters`` by network, or ``error``: why it cannot be built so."""
    about = {name: getattr(recipe, name) for name in ("name", "data", "labels", "use", "summary", "paper")}
    about["plugin"] = registry.provider(recipe).name
    try:
        return {**about, "parameters": _parameters(registry, recipe, size, channels, classes)}
    except Exception as error:  # a recipe of a third party may raise anything; the list goes on
        text = (
            str(error)
            if isinstance(error, GanworksError | ValueError)
            else f"{type(error).__name__}: {error}"
        )
        return {**about, "error": " ".join(text.split())}


def _parameters(
    registry: Registry, recipe: plugin.Recipe, size: int, channels: int, classes: int
) -> dict[str, int]:
    """Count the parameters that are trained, by network; frozen feature networks do not count."""
    import torch

    from ganworks.space import made_up_spaces

    names = tuple(str(number) for number in range(classes))
    space, source = made_up_spaces(recipe.data, size, channels, names)
    sourced = {} if source is None else {"source": source}
    with torch.random.fork_rng(devices=[]):  # a list changes nothing, the random state included
        networks = registry.load(recipe)(space, **sourced).networks
        return {name: _trained(build()) for name, build in networks.items()}


def _trained(network: Any) -> int:
    return sum(weights.numel() for weights in network.parameters() if weights.requires_grad)


def _tell(found: list[dict[str, Any]], output: Output, at: str) -> None:
    for data in dict.fromkeys(one["data"] for one in found):
        output.line(f"Trained on {plugin.RECIPE_DATA[data]}:")
        group = [one for one in found if one["data"] == data]
        rows = [
            [f"  {one['name']}", *_sizes(one), _authors(one["paper"]), one["use"] or one["summary"]]
            for one in group
        ]
        output.table(["  NAME", "GENERATOR", "DISCRIMINATOR", "PAPER", "FOR"], rows)
        for one in group:
            if "error" in one:
                output.line(f"  {one['name']} cannot be built at {at}: {one['error']}")
        output.line()
    output.line(f"Trained parameters at {at}; DISCRIMINATOR counts every other network.")
    output.line("To use one: gan run image --architecture NAME. More on each: gan architectures --json")


def _sizes(one: dict[str, Any]) -> list[str]:
    if "error" in one:
        return ["-", "-"]
    generator = one["parameters"].get("generator", 0)
    return [short(generator), short(sum(one["parameters"].values()) - generator)]


def _authors(papers: str) -> str:
    """Return authors and years only: of "Mao et al. 2017, arXiv 1611.04076; ..." the first part of each."""
    return "; ".join(paper.split(",")[0].strip() for paper in papers.split(";"))


def short(number: int) -> str:
    """Write a count of parameters as it is read.

    >>> short(950), short(24_310), short(1_234_567)
    ('950', '24 k', '1.2 M')
    """
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            return f"{number / size:.1f} {unit}" if number < 10 * size else f"{number / size:.0f} {unit}"
    return str(number)
