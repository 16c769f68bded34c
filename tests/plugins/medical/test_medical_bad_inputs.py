"""Bad input ends in one line that names the thing and the way out, and leaves nothing behind."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from pydantic import ValidationError

from ganworks.errors import DataError, UsageError
from ganworks_medical.options import Options
from ganworks_medical.reading import read


def _load():
    spec = spec_from_file_location("bad_inputs", Path(__file__).with_name("bad_inputs.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BAD_INPUTS = _load().BAD_INPUTS


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_bad_input_is_one_clear_line(name, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    flags, fragment = BAD_INPUTS[name](source)
    keywords = {
        flag.removeprefix("--").replace("-", "_"): value
        for flag, value in zip(flags[::2], flags[1::2], strict=True)
    }
    with pytest.raises((DataError, UsageError, ValidationError)) as caught:
        read(Options(**keywords), tmp_path / "cache")
    message = str(caught.value)
    if isinstance(caught.value, ValidationError):  # the command line shows these one by one
        message = caught.value.errors()[0]["msg"]
    assert fragment in message
    assert "\n" not in message
    assert not (tmp_path / "cache").exists()


def test_there_are_at_least_25_kinds():
    assert len(BAD_INPUTS) >= 25
