"""What a run asks of its recipe: refused early where it fits no data, and never where it fits some."""

from __future__ import annotations

import inspect
import sys
import types
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks import UsageError, plugin
from ganworks._recipe_choice import check_recipe, chosen_recipe, with_absolute_paths
from ganworks._recipe_options import check_options, paths_among
from ganworks.options import RunOptions
from ganworks.recipes.dcgan import dcgan
from ganworks.registry import Registry, discover, from_modules
from ganworks.space import SampleSpace, made_up_spaces
from ganworks.training import TECHNIQUES, Ramp, Recipe, Schedule

ANY = plugin.Domain(name="any", summary="t", options="t:t", pipeline="t:t", recipes=tuple(plugin.RECIPE_DATA))
SHIPPED = discover(third_party=False)
QUICK = [d for d in SHIPPED.all(plugin.Recipe) if d.name not in ("distilled", "projected")]


@settings(max_examples=40, deadline=None)
@given(
    declared=st.sampled_from(QUICK),
    technique=st.sampled_from([*TECHNIQUES, "top-k=2", "lecam=0.1"]),
    channels=st.integers(1, 4),
    side=st.sampled_from([4, 8, 12, 20]),
    classes=st.integers(0, 3),
)
def test_what_some_data_fit_is_not_refused(declared, technique, channels, side, classes):
    space, source = made_up_spaces(declared.data, side, channels, tuple(map(str, range(classes))))
    options = RunOptions(recipe=declared.name, techniques=(technique,), recipe_options={"width": 4})
    try:
        chosen_recipe(SHIPPED, options, declared.name, space, source)
    except UsageError:
        return
    check_recipe(SHIPPED, ANY, options)


@pytest.mark.parametrize(
    ("recipe", "given", "message"),
    [
        (
            "dcgan",
            {"widht": 4},
            r"recipe 'dcgan': no option 'widht' \(did you mean 'width'\?\); there are .*width",
        ),
        ("dcgan", {"space": 4}, "no option 'space'"),
        ("dcgan", {"batch": "foo"}, "recipe 'dcgan': batch: input should be a valid integer.*, got 'foo'"),
        ("dcgan", {"width": 1.5}, "width: input should be a valid integer.*, got 1.5"),
        # kinds that would be converted, but reach the recipe as they are
        ("dcgan", {"width": "8"}, "width: input should be a valid integer, got '8'"),
        ("dcgan", {"width": 8.0}, "width: input should be a valid integer, got 8.0"),
        ("dcgan", {"width": True}, "width: input should be a valid integer, got True"),
        ("dcgan", {"lr": "0.1"}, "lr: input should be a valid number, got '0.1'"),
    ],
)
def test_options_are_held_against_the_recipe_before_the_data_are_read(recipe, given, message):
    with pytest.raises(UsageError, match=message):
        check_recipe(SHIPPED, ANY, RunOptions(recipe=recipe, recipe_options=given))
    with pytest.raises(UsageError, match=message):  # the same of a recipe that the data choose
        chosen_recipe(
            SHIPPED, RunOptions(recipe_options=given), recipe, SampleSpace(channels=1, size=(16, 16))
        )


def free_recipe(
    samples: object,
    *,
    betas: tuple[float, float] = (0.0, 0.9),
    rate: float | Schedule = 1e-3,
    files: list[Path] | None = None,
    teacher: Path | None = None,
    **more: int,
) -> None: ...


def test_what_a_recipe_takes_is_not_refused():
    given = {"betas": [0, 0.9], "rate": 1, "files": ["a", "b"], "teacher": "c", "more": 1, "other": "x"}
    check_options(free_recipe, given, "free")
    check_options(free_recipe, {"rate": Ramp(1e-3, 0.0, images=10), "teacher": None}, "free")
    assert paths_among(free_recipe, given) == {"teacher": Path("c")}


def test_what_a_recipe_is_built_for_is_no_option():
    with pytest.raises(UsageError, match=r"no option 'spaces'; there are rate$"):
        check_options(lambda space, source=None, rate=1: None, {"spaces": 1}, "r")
    with pytest.raises(UsageError, match=r"no option 'samples'; there are rate$"):
        check_options(lambda samples, *, rate=1: None, {"samples": 1}, "r")


@pytest.mark.parametrize("declared", QUICK, ids=lambda declared: declared.name)
def test_every_default_of_a_recipe_is_of_the_kind_it_is_annotated_with(declared):
    parameters = inspect.signature(SHIPPED.load(declared), eval_str=True).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    check_options(SHIPPED.load(declared), {name: v for name, v in defaults.items() if name != "source"}, "r")


@pytest.mark.parametrize(
    ("recipe", "techniques", "message"),
    [
        ("wgan-gp", ("label-smoothing",), "recipe 'wgan-gp' cannot take on the technique label-smoothing: "),
        ("cyclegan", ("lecam",), "recipe 'cyclegan' cannot take on the technique lecam: "),
        ("sngan", ("instance-noise",), "recipe 'sngan' cannot take on the technique instance-noise: "),
        ("auto", ("lecam", "leecam"), "no technique named 'leecam' .did you mean 'lecam'"),
        ("dcgam", (), "no recipe named 'dcgam' .did you mean 'dcgan'"),
    ],
)
def test_what_fits_no_data_is_refused(recipe, techniques, message):
    with pytest.raises(UsageError, match=message):
        check_recipe(SHIPPED, ANY, RunOptions(recipe=recipe, techniques=techniques))


def fussy(space: SampleSpace, *, file: Path | None = None, folder: Path = Path(), text: str = "") -> Recipe:
    """A recipe for samples of two channels."""
    if space.channels != 2:
        raise ValueError("made for two channels")
    if space.classes:
        raise KeyError("a slip of its author")
    assert all(isinstance(path, Path) for path in (file, folder))
    return dcgan(space, width=4)


@plugin.hookimpl
def ganworks_declare():
    yield plugin.Recipe(name="fussy", summary="t", target="fussy_for_tests:fussy")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    module = types.ModuleType("fussy_for_tests")
    module.fussy, module.ganworks_declare = fussy, ganworks_declare
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return from_modules(module)


def test_a_recipe_for_unusual_data_waits_for_them(registry):
    options = RunOptions(recipe="fussy", techniques=("label-smoothing",), recipe_options={"file": "x"})
    check_recipe(registry, ANY, options)
    space = SampleSpace(channels=2, size=(16, 16))
    assert chosen_recipe(registry, options, "fussy", space).space == space
    with pytest.raises(UsageError, match="recipe_options do not fit recipe 'fussy': made for two channels"):
        chosen_recipe(registry, options, "fussy", SampleSpace(channels=1, size=(16, 16)))
    with pytest.raises(UsageError, match=r"recipe_options do not fit recipe 'fussy': .* 'fiel'"):
        check_recipe(registry, ANY, RunOptions(recipe="fussy", recipe_options={"fiel": "x"}))


def test_paths_become_absolute_and_nothing_else_does(registry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    given = {"file": "runs/a", "folder": "~/b", "text": "runs/c"}
    options = RunOptions(recipe="fussy", data=Path("d"), recipe_options=given)
    found = with_absolute_paths(registry, options)
    assert found.data == tmp_path / "d"
    assert found.recipe_options == {
        "file": str(tmp_path / "runs" / "a"),
        "folder": str(tmp_path / "home" / "b"),
        "text": "runs/c",
    }
    with pytest.raises(UsageError, match=r"recipe_options\.file: 3 is no path"):
        with_absolute_paths(registry, RunOptions(recipe="fussy", recipe_options={"file": 3}))
    by_the_data = RunOptions(start_from=Path("s"), recipe_options=given)
    assert with_absolute_paths(registry, by_the_data).recipe_options == given
