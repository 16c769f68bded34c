"""`gan architectures`: every recipe with its size, and why one cannot be built."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ganworks import plugin
from ganworks.errors import PluginError, UsageError
from ganworks.registry import from_modules

Gan = Callable[..., tuple[int, str, str]]


def listed(gan: Gan, *words: object) -> dict[str, dict[str, object]]:
    code, out, _ = gan("architectures", *words, "--json")
    assert code == 0
    return {one["name"]: one for one in json.loads(out)}


def test_every_recipe_is_listed_with_its_parameters(rings: Path, gan: Gan) -> None:
    small, large = listed(gan, "--size", 16), listed(gan, "--size", 64, "--channels", 3, "--classes", 0)
    assert {"dcgan", "wgan-gp", "sngan", "ring-lsgan"} <= small.keys()
    assert small["ring-lsgan"]["plugin"] == "rings"
    for name in ("dcgan", "sngan"):
        counts, more = small[name]["parameters"], large[name]["parameters"]
        assert counts.keys() == more.keys() == {"generator", "discriminator"}
        assert 0 < counts["generator"] < more["generator"]
    for one in small.values():
        assert one["summary"]
        assert ("parameters" in one) != ("error" in one)


def test_the_table_is_grouped_by_what_is_trained_on(rings: Path, gan: Gan) -> None:
    code, out, err = gan("architectures", "--size", 8)
    assert (code, err) == (0, "")
    assert out.startswith("Trained on single images:")
    assert "ring-lsgan" in out
    assert "Traceback" not in out


def test_a_recipe_that_needs_an_option_is_listed_with_what_it_needs(rings: Path, gan: Gan) -> None:
    assert "--set recipe_options.teacher=RUN" in str(listed(gan, "--size", 16)["distilled"]["error"])


class Broken:
    """A plugin whose only recipe cannot be built."""

    @plugin.hookimpl
    def ganworks_declare(self) -> list[plugin.Declaration]:
        return [plugin.Recipe(name="broken", summary="Broken.", target="math:sqrt", data="rows")]


def test_a_recipe_that_cannot_be_built_says_why() -> None:
    from ganworks_cli.architectures import record

    registry = from_modules(Broken())
    found = record(registry, registry.find(plugin.Recipe, "broken"), 16, 1, 2)
    assert found["error"].startswith("TypeError: ")
    assert "parameters" not in found


def test_a_recipe_for_other_data_is_refused_with_a_reason() -> None:
    registry = from_modules(Broken())
    assert registry.recipe("broken", ("rows",)).data == "rows"
    with pytest.raises(UsageError, match="broken trains on points, and this domain"):
        registry.recipe("broken")


def test_a_kind_of_data_that_does_not_exist_is_refused() -> None:
    class Odd:
        @plugin.hookimpl
        def ganworks_declare(self) -> list[plugin.Declaration]:
            return [plugin.Recipe(name="odd", summary="Odd.", target="math:sqrt", data="smells")]

    with pytest.raises(PluginError, match="'smells' is no kind of data"):
        from_modules(Odd())
