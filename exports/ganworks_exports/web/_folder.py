"""A page in its folder: whole or not there, and never in the place of something else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from ganworks.errors import UsageError

MARK = b'<meta name="generator" content="ganworks web page">'


def check_free(folder: Path, names: Collection[str]) -> None:
    """Make sure that `write` replaces nothing but an earlier page; ``names`` are the files of one.

    Raises:
        UsageError: ``folder`` is a file, the current folder, or holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder for the page")
    if Path.cwd().is_relative_to(folder):
        raise UsageError(f"{folder} is where you are and cannot be replaced; name another folder")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not _is_page(folder):
        raise UsageError(f"{folder} is not empty and holds no earlier page; name another folder")
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        if not path.is_dir() and place not in names:
            raise UsageError(f"{folder} holds {place}, which would be lost; move it, or name another folder")


def write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put the files, by their place, into ``folder``; what was there goes when they are complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        for place, data in contents.items():
            path = scratch / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if folder.exists():
            folder.rename(aside)
        scratch.rename(folder)
    except BaseException:
        if aside.exists() and not folder.exists():
            aside.rename(folder)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    shutil.rmtree(aside, ignore_errors=True)


def _is_page(folder: Path) -> bool:
    index = folder / "index.html"
    return index.is_file() and MARK in index.read_bytes()
