"""The same bad inputs through the command line: one line, exit 2, no traceback, nothing left behind."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from ganworks_cli.main import main


def _bad_inputs():
    spec = spec_from_file_location("bad_inputs", Path(__file__).with_name("bad_inputs.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.BAD_INPUTS


BAD_INPUTS = _bad_inputs()


def test_there_are_at_least_25_kinds():
    assert len(BAD_INPUTS) >= 25


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_the_command_refuses_it_in_one_line(name, tmp_path, capsys):
    flags, fragment = BAD_INPUTS[name](tmp_path)
    before = sorted(tmp_path.rglob("*"))
    out = tmp_path / "run"
    code = main(["run", "medical-augment", *flags, "--out", str(out), "--steps", "1"])
    shown = capsys.readouterr()
    errors = [line for line in shown.err.splitlines() if line.startswith("error:")]
    assert code == 2, shown.err
    assert len(errors) == 1, shown.err
    assert fragment in errors[0]
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert sorted(tmp_path.rglob("*")) == before, "something was left behind"
