"""Options of the domain: what belongs together, and what makes no sense."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from ganworks_super_resolution.options import Options


@pytest.mark.parametrize(
    ("given", "factor"),
    [({}, 2), ({"scale": 4}, 4), ({"task": "denoise"}, 1), ({"scale": 1, "degradation": "real"}, 1)],
)
def test_the_scale_follows_the_task(given: dict[str, Any], factor: int) -> None:
    assert Options.model_validate(given).factor == factor


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"task": "denoise", "scale": 2}, "keeps the size"),
        ({"task": "jpeg", "degradation": "real"}, "belongs to task upscale"),
        ({"scale": 1}, "nothing to learn"),
        ({"scale": 5}, "less than or equal to 4"),
        ({"task": "colourise", "channels": "grey"}, "learns colours"),
        ({"size": 64}, "--crop"),
        ({"blend": 0.5}, "pixel_run"),
        ({"pixel_run": "run"}, "from_run"),
        ({"group_regex": "("}, "not a regular expression"),
        ({"holdout": 0.5}, "less than or equal to 0.4"),
    ],
)
def test_senseless_options_are_refused_with_the_way_out(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Options.model_validate(given)


def test_a_mix_of_two_runs() -> None:
    options = Options.model_validate({"from_run": "gan", "pixel_run": "pixel", "blend": 0.3})
    assert options.blend == 0.3


def test_options_cost_no_torch() -> None:
    code = "import sys, ganworks_super_resolution.options; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
