"""A run that exists, opened for one thing that is done with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from ganworks.errors import ExitCode
from ganworks.run import Run
from ganworks_cli.ending import quoted
from ganworks_cli.interrupts import like_ctrl_c
from ganworks_cli.state import State
from ganworks_cli.views import person_view

if TYPE_CHECKING:
    from ganworks.session import Session

Result = TypeVar("Result")


def in_session(state: State, folder: Path, do: Callable[[Session], Result]) -> Result:
    """Open a run, do one thing with it and show how far it is; progress never goes to stdout.

    It is said where the training of the run has not ended.
    """
    try:
        with like_ctrl_c(), person_view(state.output) as show:
            from ganworks.session import Session  # imports torch

            result = do(Session.open(folder, state.registry, [show]))
    except KeyboardInterrupt:
        state.output.note("Interrupted; what was complete before is still there.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if "fit" in missing_stages(folder):
        state.output.warning(
            f"the training of {folder} has not ended: this is its best generator so far; continue it with "
            f"`gan resume {quoted(folder)}`"
        )
    return result


def missing_stages(folder: Path) -> list[str]:
    """Which of the stages that others need a run has not ended."""
    done = Run(folder).stages()
    return [name for name in ("fit", "evaluate") if name not in done]
