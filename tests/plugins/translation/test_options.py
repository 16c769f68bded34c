"""Options that cannot go together are refused in words, and nothing heavy is imported to say so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ganworks_cli.main import main
from ganworks_translation.options import Options

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"data": "x", "a": "y", "b": "z"}, "not both"),
    ({"a": "x"}, "a without b"),
    ({"b": "x"}, "b without a"),
    ({"a": "x", "b": "x"}, "the same folder"),
    ({"paired": True}, "give them"),
    ({"a": "x", "b": "y", "hide_pairs": True}, "no pairs to hide"),
    ({"a": "x", "b": "y", "side_by_side": "yes"}, "side_by_side"),
    ({"label_count": 4}, "label_count needs labels"),
    ({"data": "x", "labels": "b"}, "use direction b2a"),
    ({"data": "x", "labels": "a", "direction": "b2a"}, "use direction a2b"),
    ({"a": "x", "b": "y", "labels": "a"}, "labels need pairs"),
    ({"data": "x", "labels": "a", "hide_pairs": True}, "labels need pairs"),
    ({"labels": "a"}, "files of their own"),
    ({"data": "x", "labels": "a", "channels_a": "grey"}, "channels_a"),
    ({"data": "x", "group_regex": "("}, "not a regular expression"),
]


@pytest.mark.parametrize(("asked", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_cannot_be_is_refused(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told.replace("(", r"\(")):
        Options(**asked)


def test_the_direction_says_which_side_is_translated() -> None:
    assert Options().sides == ("a", "b")
    assert Options(direction="b2a").sides == ("b", "a")


def test_folders_are_known_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = Options(a="photos", b="drawings")
    assert (options.a, options.b) == (tmp_path / "photos", tmp_path / "drawings")


def test_options_are_declared_without_torch() -> None:
    code = (
        "import sys, ganworks_translation.options; assert not {'torch', 'pandas', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_command_says_which_flag_is_wrong(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    words = ["run", "translate", "--pairs", str(tmp_path), "--a", str(tmp_path), "--out", str(out)]
    assert main(words) == 2
    assert "not both" in capfd.readouterr().err
    assert not out.exists()
