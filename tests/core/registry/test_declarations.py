"""A declaration that cannot be right is refused where it is made, not when somebody first uses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganworks import plugin
from ganworks.errors import PluginError

WORD = st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True)
TARGET = st.builds(
    lambda module, name: f"{'.'.join(module)}:{name}", st.lists(WORD, min_size=1, max_size=3), WORD
)


@given(target=TARGET)
def test_what_reads_module_and_attribute_is_taken(target: str) -> None:
    assert plugin.Metric(name="m", summary="One line.", target=target).target == target


@given(target=TARGET, cut=st.sampled_from([":", ".", " "]))
def test_a_target_without_its_colon_is_refused(target: str, cut: str) -> None:
    wrong = target.replace(":", cut) if cut != ":" else target + ":"
    with pytest.raises(PluginError, match=re.escape("metric 'm': target reads package.module:attribute")):
        plugin.Metric(name="m", summary="One line.", target=wrong)


def not_a_text() -> Any:
    """What an author may put by mistake: the object instead of its name."""


WRONG: dict[str, tuple[Callable[[], plugin.Declaration], str]] = {
    "pipeline": (
        lambda: plugin.Domain(name="d", summary="D.", options="a:b", pipeline="a.b"),
        "domain 'd': pipeline reads package.module:attribute, got 'a.b'",
    ),
    "instant": (
        lambda: plugin.Domain(name="d", summary="D.", options="a:b", pipeline="a:c", instant="now"),
        "domain 'd': instant reads",
    ),
    "suffix": (
        lambda: plugin.Exporter(name="raw", summary="R.", target="a:b", suffix="npz"),
        "exporter 'raw': suffix begins with a dot, such as .onnx, got 'npz'",
    ),
    "two-lines": (
        lambda: plugin.Recipe(name="r", summary="One.\nTwo.", target="a:b"),
        "recipe 'r': summary is one line of text",
    ),
    "a-function": (
        lambda: plugin.Recipe(name="r", summary="R.", target=cast(str, not_a_text)),
        "recipe 'r': target reads package.module:attribute, got <function not_a_text",
    ),
    "summary-is-none": (
        lambda: plugin.Recipe(name="r", summary=cast(str, None), target="a:b"),
        "recipe 'r': summary is one line of text, got None",
    ),
    "no-summary": (
        lambda: plugin.Command(name="c", summary=" ", target="a:b"),
        "command 'c': summary is one line",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_author_is_told_which_field_and_why(name: str) -> None:
    make, message = WRONG[name]
    with pytest.raises(PluginError) as refused:
        make()
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_format_that_writes_a_folder_has_no_suffix() -> None:
    assert plugin.Exporter(name="folder", summary="F.", target="a:b", suffix="").suffix == ""
