"""An options model becomes flags."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from ganworks.errors import PluginError
from ganworks.options import RunOptions
from ganworks_cli.flags import file_only, flag_type, parameters


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, int),
        (float | None, float),
        (Annotated[str | None, "note"], str),
        (Path, Path),
        (bool, bool),
        (Colour, Colour),
        (Literal["a", "b"], Literal["a", "b"]),
        (list[int], list[int]),
        (tuple[str, ...], list[str]),
        (tuple[float, float], tuple[float, float]),
        (dict[str, int], None),
        (int | str, None),
        (Literal[1, 2], None),
        (list[dict[str, int]], None),
        (Any, None),
    ],
)
def test_flag_type(annotation: Any, expected: Any) -> None:
    assert flag_type(annotation) == expected


class Options(RunOptions):
    slice_step: int = Field(4, ge=1, le=9, description="Keep every [n]-th slice.")
    strict: bool = Field(True, description="Be strict.")
    loose: bool = Field(False, description="Be loose.")
    window: tuple[float, float] = Field((0.0, 1.0), description="Window.")
    hidden: int = Field(0, description="Hidden.", json_schema_extra={"flag": False})


def made() -> dict[str, Any]:
    return {parameter.name: parameter.annotation.__metadata__[0] for parameter in parameters(Options, "mine")}


def test_names_panels_and_defaults() -> None:
    found = made()
    assert found["slice_step"].default == "--slice-step"
    assert found["slice_step"].envvar == "GAN_SLICE_STEP"
    assert found["slice_step"].rich_help_panel == "Options of mine"
    assert found["seed"].rich_help_panel == "Run"
    assert "1 to 9; default: 4" in found["slice_step"].help
    assert found["strict"].default == "--strict/--no-strict"
    assert found["loose"].default == "--loose"
    assert "hidden" not in found
    assert file_only(Options)[-1] == "hidden"
    assert "recipe_options" in file_only(Options)
    assert "seed" not in file_only(Options)
    assert {parameter.default for parameter in parameters(Options, "mine")} == {None}


def test_brackets_of_a_description_are_no_markup() -> None:
    assert "every \\[n]-th slice" in made()["slice_step"].help


def test_a_second_spelling_of_a_flag() -> None:
    class Spelled(RunOptions):
        style: str = Field("", description="Style.", json_schema_extra={"aliases": ["look", "art-style"]})

    found = {p.name: p.annotation.__metadata__[0] for p in parameters(Spelled, "mine")}
    assert found["style"].default == "--style"
    assert found["style"].param_decls == ("--look", "--art-style")


@pytest.mark.parametrize("alias", ["force", "seed", "recipe-options", "look"])
def test_a_second_spelling_cannot_mean_two_things(alias: str) -> None:
    class Clash(RunOptions):
        style: str = Field("", description="Style.", json_schema_extra={"aliases": [alias]})
        view: str = Field("", description="View.", json_schema_extra={"aliases": ["look"]})

    with pytest.raises(PluginError, match=f"second spelling --{alias} is taken"):
        list(parameters(Clash, "mine"))


def test_a_field_cannot_hide_a_flag_of_run_itself() -> None:
    class Clash(RunOptions):
        force: bool = Field(False, description="Mine.")

    with pytest.raises(PluginError, match="option 'force' of domain 'mine' would hide --force"):
        list(parameters(Clash, "mine"))
