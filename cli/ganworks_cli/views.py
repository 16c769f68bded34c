"""What a run looks like: a live bar on a terminal, quiet lines in a log file, JSON lines for programs.

A view is a listener of the run's events and a context manager around the run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Protocol, Self

from ganworks.run import Event
from ganworks_cli.output import Output
from ganworks_cli.wording import percent, stage_line, step_line, time_left, validation_line


class View(Protocol):
    """Shows events; ``unit`` is what the speed of a training counts, see `ganworks_cli.wording.unit_of`."""

    unit: str

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __call__(self, event: Event) -> None: ...


def run_view(output: Output) -> View:
    """Return the view of a whole run: a stream of JSON lines on stdout, or something for a person."""
    return JsonView(output) if output.as_json else person_view(output)


def person_view(output: Output) -> View:
    """Return the view for where stderr goes: a terminal or a file."""
    if sys.stderr.isatty():
        from ganworks_cli.live import LiveView

        return LiveView(output)
    return PlainView(output)


class _Quiet:
    """Nothing to set up and nothing to take down."""

    unit = "images"

    def __init__(self, output: Output) -> None:
        self.output = output

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class JsonView(_Quiet):
    """Every event as one line of JSON on stdout."""

    def __call__(self, event: Event) -> None:
        self.output.json_line(event)


class PlainView(_Quiet):
    """Lines without control characters: stages and warnings as they come, progress every ten seconds."""

    def __init__(self, output: Output, seconds: float = 10, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(output)
        self.seconds = seconds
        self._clock = clock
        self._last = clock()

    def __call__(self, event: Event) -> None:
        kind = event["event"]
        if kind == "warning":
            self.output.warning(str(event["text"]))
        elif kind == "stage":
            self._last = self._clock()
            self._note(stage_line(event))
        elif kind == "validation":
            self._note(validation_line(event))
        elif kind in ("step", "progress") and self._clock() - self._last >= self.seconds:
            self._last = self._clock()
            self._note(_progress(event, self.unit))

    def _note(self, line: str) -> None:
        if line:
            self.output.note(line)


def _progress(event: Event, unit: str) -> str:
    if event["event"] == "progress":
        return f"  {event['label']}: {event['done']} of {event['total']}"
    return f"  {percent(event)}, {time_left(event)}: {step_line(event, unit)}"
