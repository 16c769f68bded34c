"""The stages of a run: each is timed over all sessions, and one that is done is known to be."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from ganworks.run import STAGES, Run, write_json


def play_stage(run: Run, name: str, stage: Callable[[], object]) -> None:
    """Run one stage, tell the listeners, and write down its seconds.

    What is cut off counts as time, but not as done.
    """
    run.emit("stage", stage=name, status="started")
    started = perf_counter()
    entry = f"{name}, interrupted"
    try:
        stage()
        entry = name
    finally:
        spent = perf_counter() - started
        before = run.stages()
        write_json(run.folder / STAGES, {**before, entry: round(before.get(entry, 0) + spent, 3)})
    run.emit("stage", stage=name, status="finished", seconds=round(spent, 3))
