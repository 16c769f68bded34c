"""flag > environment > --set > --config > default, whatever the values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from ganworks.errors import UsageError
from ganworks.options import RunOptions
from ganworks_cli.settings import gather, hidden_assignments, read_assignment


class Options(RunOptions):
    level: int = Field(-1, description="Which source won.")
    mode: Literal["soft", "hard"] = Field("soft", description="A choice.")
    sizes: tuple[int, ...] = Field((), description="Several numbers.")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(levels=st.sets(st.sampled_from(["flag", "environment", "set", "config"])))
def test_the_strongest_source_given_wins(tmp_path: Path, levels: set[str]) -> None:
    order = ["config", "set", "environment", "flag"]  # weakest first
    file = tmp_path / "options.toml"
    file.write_text(tomli_w.dumps({"level": 0}))
    options = gather(
        Options,
        {"level": 3 if "flag" in levels else None},
        {"level": "2"} if "environment" in levels else {},
        ["level=1"] if "set" in levels else [],
        file if "config" in levels else None,
    )
    expected = max((order.index(level) for level in levels), default=-1)
    assert options.level == expected


@given(text=st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), max_size=20))
def test_a_value_that_is_no_toml_is_text(text: str) -> None:
    assert read_assignment(f"device=~{text}") == {"device": f"~{text}"}


@given(
    value=st.one_of(
        st.integers(-(2**40), 2**40), st.booleans(), st.text(max_size=10), st.lists(st.integers(0, 9))
    )
)
def test_a_toml_value_keeps_its_type(value: object) -> None:
    line = tomli_w.dumps({"key": value}, multiline_strings=False).strip()
    assert read_assignment(line) == {"key": value}


def test_tables_are_merged_and_a_budget_takes_back_the_other(tmp_path: Path) -> None:
    file = tmp_path / "options.toml"
    file.write_text("minutes = 5\n[recipe_options]\nbatch = 8\nlatent = 4\n")
    options = gather(Options, {"steps": 7}, {}, ["recipe_options.batch=16"], file)
    assert options.recipe_options == {"batch": 16, "latent": 4}
    assert (options.steps, options.minutes) == (7, None)


def test_run_toml_serves_as_config(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('domain = "d"\n[options]\nseed = 9\n[versions]\npython = "3"\n')
    assert gather(Options, {}, config=file).seed == 9


BAD = [
    (["stesp=1"], "--set: unknown key 'stesp' (did you mean 'steps'?)"),
    (["steps"], "--set steps: give it as key=value"),
    (["sizes=[1, 2"], "the value is not TOML"),
    (["size=5000"], "size: input should be less than or equal to 1024, got 5000"),
    (["seed=x"], "seed: input should be a valid integer, got x"),
    (["mode=medium"], "mode: input should be 'soft' or 'hard', got medium"),
    (["sizes=[1, 'a']"], "sizes.1: input should be a valid integer, got a"),
    (["steps=1", "minutes=1", "steps=1"], None),  # the last one counts, as with every repeated flag
]


@pytest.mark.parametrize(("assignments", "message"), BAD)
def test_one_line_names_the_option_and_the_value(assignments: list[str], message: str | None) -> None:
    if message is None:
        assert gather(Options, {}, {}, assignments).steps == 1
        return
    with pytest.raises(UsageError) as caught:
        gather(Options, {}, {}, assignments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"stesp = 1", b"steps = = 1", b"\xff\xfe", None])
def test_a_bad_config_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "options.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=r"options\.toml"):
        gather(Options, {}, config=file)


def test_both_budgets_in_one_place_are_refused() -> None:
    with pytest.raises(UsageError, match="give either minutes or steps, not both"):
        gather(Options, {"steps": 1, "minutes": 1.0})


def test_what_the_environment_hides_is_told() -> None:
    assert hidden_assignments(["steps=3", "seed=1"], {"steps": "5", "seed": None}) == ["steps"]
