"""`gan run DOMAIN FILE...`: a model used on the user's files at once; no run is started."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from ganworks import plugin
from ganworks.errors import ExitCode, GanworksError, UsageError
from ganworks.options import RunOptions
from ganworks.run import Event
from ganworks_cli.ending import outcome
from ganworks_cli.interrupts import like_ctrl_c
from ganworks_cli.state import State
from ganworks_cli.views import run_view


def check_takes_files(domain: plugin.Domain, words: Sequence[str]) -> None:
    """Refuse words that are no options, of a domain that only trains.

    Raises:
        UsageError: there are any.
    """
    if words:
        first = shlex.quote(words[0])
        raise UsageError(f"domain '{domain.name}' takes no files: give --data {first}")


def use_at_once(
    state: State,
    domain: plugin.Domain,
    files: Sequence[Path],
    options: RunOptions,
    out: Path | None,
    *,
    force: bool,
) -> None:
    """Use the domain's model on files. In JSON mode a line a result, and the outcome last.

    Raises:
        GanworksError: files or options that cannot be used; what was written before stays.
        typer.Exit: it was interrupted.
    """
    output, made = state.output, list[Event]()
    try:
        with like_ctrl_c(), run_view(output) as show:

            def tell(event: Event) -> None:
                made.extend([event] if event["event"] == "result" else [])
                show(event)

            state.registry.load(domain, "instant")(files, options, out, force, tell)
    except KeyboardInterrupt:
        _close(state, made, "interrupted", ExitCode.INTERRUPTED)
        output.note(f"Interrupted: {len(made)} of the results are written.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except Exception as error:
        code = error.exit_code if isinstance(error, GanworksError) else ExitCode.RUN_FAILED
        _close(state, made, "failed", code, str(error))
        raise
    _close(state, made, "done", ExitCode.OK)


def _close(state: State, made: Sequence[Event], result: str, code: ExitCode, error: str = "") -> None:
    """Say what was made: a program has seen each result, a person reads the list."""
    if state.output.as_json:
        record: dict[str, Any] = outcome(None, result, code, error)
        state.output.json_line({**record, "results": len(made)})
        return
    for event in made:
        note = f"  ({event['text']})" if event.get("text") else ""
        state.output.line(f"{event['source']} -> {event['target']}{note}")
