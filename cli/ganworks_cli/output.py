"""The one place that writes to the terminal: data to stdout, everything else to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import typer


class Output:
    """What a command says. ``as_json`` decides between a person and a program reading stdout."""

    def __init__(self) -> None:
        self.as_json = False
        # A live display sets this, so that a line does not land in the middle of its bar.
        self.write_stderr: Callable[[str], None] = _stderr

    def line(self, text: str = "") -> None:
        """Write one line of data for people."""
        typer.echo(text)

    def document(self, value: Any) -> None:
        """Write one JSON document."""
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))

    def json_line(self, value: Any) -> None:
        """Write one line of a JSON stream."""
        typer.echo(json.dumps(value, ensure_ascii=False, default=str))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write columns aligned with blanks; only the last one may be wide."""
        widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
        for row in [header, *rows]:
            typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    def note(self, text: str) -> None:
        self.write_stderr(text)

    def warning(self, text: str) -> None:
        self.write_stderr(f"{typer.style('warning:', fg='yellow')} {_one_line(text)}")

    def error(self, text: str) -> None:
        self.write_stderr(f"{typer.style('error:', fg='red', bold=True)} {_one_line(text)}")


def _stderr(text: str) -> None:
    typer.echo(text, err=True)  # takes the colours out where stderr is not a terminal


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
