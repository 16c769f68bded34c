"""`gan run` and `gan resume`: one session, watched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ganworks import plugin
from ganworks.errors import ExitCode, GanworksError
from ganworks.options import RunOptions
from ganworks.run import SETTINGS, Event
from ganworks_cli.ending import ending, outcome, quoted
from ganworks_cli.folders import check_free, default_folder, drop_stillborn, replaced
from ganworks_cli.interrupts import like_ctrl_c
from ganworks_cli.state import State
from ganworks_cli.views import run_view
from ganworks_cli.wording import unit_of

if TYPE_CHECKING:
    from ganworks.session import Session

Opener = Callable[[list[Callable[[Event], None]]], "Session"]


def start(state: State, domain: plugin.Domain, options: RunOptions, out: Path | None, *, force: bool) -> None:
    """Run a domain in a new folder.

    Raises:
        GanworksError: see `ganworks.session.Session`.
        typer.Exit: the run was interrupted.
    """
    folder = out if out is not None else default_folder(domain.name)
    check_free(folder, force=force)  # said before torch is imported
    replaces = (folder / SETTINGS).is_file()
    created = False

    def opened(listeners: list[Callable[[Event], None]]) -> Session:
        nonlocal created
        from ganworks.session import Session  # imports torch

        with replaced(folder, force=force):
            session = Session.create(domain, options, folder, state.registry, listeners)
        created = True
        return session

    try:
        _watch(state, folder, opened)
    except GanworksError as error:
        if created and error.exit_code is not ExitCode.RUN_FAILED:
            # so that the corrected command can use the same --out; where it needs --force anyway, data that
            # took long to read are kept
            drop_stillborn(folder, though_read=not replaces)
        raise


def resume(state: State, folder: Path) -> None:
    """Continue a run where it stopped; a finished one is left as it is.

    Raises: as `start`.
    """

    def opened(listeners: list[Callable[[Event], None]]) -> Session:
        from ganworks.session import Session

        return Session.open(folder, state.registry, listeners)

    _watch(state, folder, opened)


def _watch(state: State, folder: Path, opened: Opener) -> None:
    """Run a session under a view; in JSON mode the last line is the outcome, whatever happens."""
    output = state.output
    try:
        with like_ctrl_c(), run_view(output) as show:
            session = opened([show])
            show.unit = unit_of(session.domain.recipes)
            output.note(f"Run folder: {folder}")
            session.run()
            then = session.domain.then
    except KeyboardInterrupt:
        _say_interrupted(state, folder)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except Exception as error:
        code = error.exit_code if isinstance(error, GanworksError) else ExitCode.RUN_FAILED
        if output.as_json:
            output.json_line(outcome(folder, "failed", code, str(error)))
        raise
    if output.as_json:
        output.json_line(outcome(folder, "done", ExitCode.OK))
    else:
        for line in ending(folder, then):
            output.line(line)


def _say_interrupted(state: State, folder: Path) -> None:
    if state.output.as_json:
        state.output.json_line(outcome(folder, "interrupted", ExitCode.INTERRUPTED))
    if (folder / SETTINGS).is_file():
        state.output.note(f"Interrupted. Continue with:\n  gan resume {quoted(folder)}")
    else:
        state.output.note("Interrupted before anything was written.")
