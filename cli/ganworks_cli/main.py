"""The entry point of `gan`: run a command, turn whatever it raises into one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence

import typer

from ganworks.errors import ExitCode, GanworksError
from ganworks_cli.output import Output

DEBUG = "GAN_DEBUG"  # environment variable: 1 shows tracebacks


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `gan` and return its exit code: 0 done, 1 failed, 2 usage or data, 3 plugin, 130 interrupted."""
    from typer.main import get_command

    from ganworks_cli.app import app

    output = Output()
    command = get_command(app)
    words = list(arguments) if arguments is not None else None
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: output.warning(str(message))
        try:
            result = command.main(words, prog_name="gan", standalone_mode=False)
        except (Exception, KeyboardInterrupt) as error:
            return _failed(error, output)
    return int(result) if isinstance(result, int) else ExitCode.OK


def _failed(error: BaseException, output: Output) -> int:
    if os.environ.get(DEBUG) == "1":
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if isinstance(error, GanworksError):
        output.error(str(error))
        return error.exit_code
    if isinstance(error, typer.TyperException):
        text = error.format_message().rstrip(".")
        if text:  # empty where the help has been printed instead
            output.error(f"{text}{_help_hint(error)}")
        return error.exit_code
    output.error(f"{type(error).__name__}: {error}; run again with {DEBUG}=1 for the traceback")
    return ExitCode.RUN_FAILED


def _help_hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f" (see `{context.command_path} --help`)" if context is not None else ""
