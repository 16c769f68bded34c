"""How an export says no."""

from __future__ import annotations

from ganworks.errors import RunError

LONGEST = 200  # characters of a library's message: they can run to pages


def refused(reason: str, cause: BaseException | None = None) -> RunError:
    """Return the error of an export that did not hold, with the first line of what a library said."""
    if cause is None:
        return RunError(f"export refused: {reason}")
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return RunError(f"export refused: {reason} ({lines[0][:LONGEST]})")
