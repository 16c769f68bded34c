"""The view on a terminal: one bar for what is going on now, finished stages and warnings above it."""

from __future__ import annotations

from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from ganworks.run import Event
from ganworks_cli.output import Output
from ganworks_cli.wording import clock, percent, stage_line, step_line, time_left, validation_line


class LiveView:
    """Bar, share done, time left and losses; redrawn in place."""

    unit = "images"

    def __init__(self, output: Output, console: Console | None = None) -> None:
        self.output = output
        self._console = console or Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, min_width=20)),
            BarColumn(bar_width=20, table_column=Column(min_width=20)),
            TextColumn(
                "{task.fields[note]}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            console=self._console,
            expand=True,
            transient=True,  # a finished stage leaves one line, not a bar
        )
        self._tasks: dict[str, TaskID] = {}
        self._stage: tuple[str, float] | None = None

    def __enter__(self) -> Self:
        self._write = self.output.write_stderr
        self.output.write_stderr = lambda text: self._console.print(Text.from_ansi(text), soft_wrap=True)
        self._bars.start()
        self._bar("Starting", None, 0, "")  # importing torch takes seconds
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_stage("" if error is None else "stopped after ")
        self._bars.stop()
        self.output.write_stderr = self._write

    def __call__(self, event: Event) -> None:
        show = {
            "stage": self._on_stage,
            "step": self._on_step,
            "progress": self._on_progress,
            "validation": self._on_validation,
            "warning": self._on_warning,
        }.get(str(event["event"]))
        if show is not None:
            show(event)

    def _on_stage(self, event: Event) -> None:
        line = stage_line(event)
        self._close_stage("")
        if line:
            self._stage = (line, monotonic())
            self._bar(line, None, 0, "")

    def _on_step(self, event: Event) -> None:
        note = f"{percent(event)}, {time_left(event)}   {step_line(event, self.unit)}"
        self._bar(self._stage[0] if self._stage else "Training", 1, float(event.get("fraction") or 0), note)

    def _on_progress(self, event: Event) -> None:
        done, total = int(event["done"]), int(event["total"])
        name = f"  {event['label']}" if self._stage else str(event["label"])
        self._bar(name, total, done, f"{done} of {total}" if total else "")
        if done >= total:
            self._bars.remove_task(self._tasks.pop(name))

    def _on_validation(self, event: Event) -> None:
        self.output.note(validation_line(event))

    def _on_warning(self, event: Event) -> None:
        self.output.warning(str(event["text"]))

    def _bar(self, name: str, total: float | None, done: float, note: str) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total, note=note)
        self._bars.update(self._tasks[name], total=total, completed=done, note=note)

    def _close_stage(self, how: str) -> None:
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()
        if self._stage is not None:
            line, began = self._stage
            self._stage = None
            self.output.note(f"{line}  {how}{clock(monotonic() - began)}")
