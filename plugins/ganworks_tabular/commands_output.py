"""What the commands of `gan table` share: where they may write, and how they say what came out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from ganworks.errors import UsageError


def check_rows_file(path: Path, force: bool) -> None:
    """Raise `UsageError` for a kind of file that tables are not written as, or one that is there already."""
    from ganworks_tabular.stream import check_path

    check_path(path)
    check_free(path, force)


def check_free(path: Path | None, force: bool) -> None:
    """Raise `UsageError` before anything is computed for a file that is there already."""
    if path is None:
        return
    if path.is_dir():
        raise UsageError(f"--out {path} is a folder; name a file")
    if path.exists() and not force:
        raise UsageError(f"--out {path} is there already; name another file or replace it with --force")


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of columns that are aligned with blanks."""
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]


def tell(as_json: bool, record: Mapping[str, Any], *lines: str) -> None:
    """Write a result to stdout: for a program, or in lines for a person."""
    text = json.dumps(record, indent=2, ensure_ascii=False, default=str) if as_json else "\n".join(lines)
    typer.echo(text)
