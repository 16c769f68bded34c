"""Errors a user can act on. Each carries the exit code of the command that meets it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What `gan` returns to the shell."""

    OK = 0
    RUN_FAILED = 1
    USAGE = 2  # wrong usage, configuration or data
    PLUGIN = 3  # a plugin is missing, broken or incompatible
    INTERRUPTED = 130


class GanworksError(Exception):
    """One line that says what is wrong, where, and what to do; never shown with a traceback."""

    exit_code: ExitCode = ExitCode.RUN_FAILED


class RunError(GanworksError):
    """The run itself failed: training diverged, an export check did not hold."""


class UsageError(GanworksError):
    """Options or configuration that make no sense."""

    exit_code = ExitCode.USAGE


class DataError(GanworksError):
    """The user's data cannot be used as it is."""

    exit_code = ExitCode.USAGE


class PluginError(GanworksError):
    """A plugin is missing, broken or incompatible."""

    exit_code = ExitCode.PLUGIN


class MissingExtraError(UsageError):
    """An optional dependency is absent."""

    def __init__(self, needed_for: str, extra: str) -> None:
        super().__init__(f"{needed_for} needs an optional part: pip install 'ganworks[{extra}]'")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint such as ` (did you mean 'steps'?)`, or nothing when no known word is near.

    >>> nearest("stesp", ["steps", "seed"])
    " (did you mean 'steps'?)"
    >>> nearest("zzz", ["steps"])
    ''
    """
    found = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{found[0]}'?)" if found else ""
