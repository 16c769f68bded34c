"""What a run looks like in a log file, for a program, and on a terminal."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from ganworks_cli.live import LiveView
from ganworks_cli.output import Output
from ganworks_cli.views import JsonView, PlainView, person_view, run_view


def training(steps: int) -> Iterator[dict[str, Any]]:
    yield {"event": "stage", "stage": "read", "status": "started"}
    yield {"event": "stage", "stage": "read", "status": "finished", "seconds": 0.1}
    yield {"event": "stage", "stage": "fit", "status": "started"}
    for step in range(1, steps + 1):
        yield {
            "event": "step",
            "step": step,
            "images": 8 * step,
            "losses": {"discriminator": 0.5, "gradient_norm.discriminator": 3.0},
            "fraction": step / steps,
            "seconds_left": 2.0 * (steps - step),
            "images_per_second": 4.0,
        }
    yield {"event": "validation", "step": steps, "score": 0.25, "measure": "distance", "best": True}
    yield {"event": "warning", "kind": "collapse", "text": "the samples are all alike"}
    yield {"event": "stage", "stage": "fit", "status": "finished", "seconds": 2.0 * steps}
    yield {"event": "something-new", "that": "no view knows"}


class Clock:
    """Two seconds pass between any two looks at it."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 2
        return self.now


def test_a_log_file_gets_few_lines_and_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainView(Output(), seconds=10, clock=Clock()) as view:
        for event in training(60):
            view(event)
    out, err = capsys.readouterr()
    assert out == ""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", err)
    lines = err.splitlines()
    assert lines[:2] == ["Reading the data", "Training"]
    assert "warning: the samples are all alike" in lines
    assert "  validation at step 60: distance 0.25, the best so far" in lines
    steps = [line for line in lines if "images/s" in line]
    assert 5 <= len(steps) <= 20  # at most one in ten seconds of the clock
    assert re.fullmatch(r"  \d+ %, \d:\d\d left: step \d+, 4 images/s, discriminator 0.50", steps[0])


def test_a_program_gets_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonView(Output()) as view:
        for event in training(3):
            view(event)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == list(training(3))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_shows_a_bar_with_the_time_left(width: int) -> None:
    screen = io.StringIO()
    output = Output()
    console = Console(file=screen, force_terminal=True, width=width, highlight=False)
    before = output.write_stderr
    with LiveView(output, console) as view:
        for event in training(4):
            view(event)
            if event["event"] == "step":
                view._bars.refresh()
        for done in range(3):
            view({"event": "progress", "label": "slices", "done": done, "total": 2})
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "Training" in text
    assert "50 %" in text
    assert "0:04 left" in text
    assert "the best so far" in text
    assert "warning: the samples are all alike" in text
    assert "slices" in text
    assert max(len(line) for line in re.split(r"[\r\n]", text)) <= width
    assert output.write_stderr == before


def test_a_stage_that_breaks_off_says_so() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=False, width=80)
    with LiveView(Output(), console) as view:
        view({"event": "stage", "stage": "fit", "status": "started"})
        view.__exit__(RuntimeError, RuntimeError(), None)
    assert "Training  stopped after 0:00" in screen.getvalue()


def test_the_view_fits_where_the_output_goes() -> None:
    output = Output()
    assert isinstance(person_view(output), PlainView)  # stderr of a test is no terminal
    output.as_json = True
    assert isinstance(run_view(output), JsonView)
    assert isinstance(person_view(output), PlainView)
