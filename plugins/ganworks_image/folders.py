"""Folders that are replaced as a whole, so that a crash leaves the old one or the new one."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder``, whose place it takes when the block ends well.

    Where anything goes wrong meanwhile, ``folder`` stays as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
        replace_folder(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def replace_folder(scratch: Path, target: Path) -> None:
    """Put a finished folder in the place of ``target`` and delete the old one.

    A folder cannot be replaced in one step: killed between the two renames, the old one is left beside
    ``target`` as ``.NAME.PID.old``, from where `recover` puts it back. Killed while it deletes, a part of the
    old one is left there; the next call removes it.
    """
    recover(target)
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)  # of a killed process with the same number
            target.rename(old)
        scratch.rename(target)
    except BaseException:
        recover(target)
        raise
    for stale in _set_aside(target):
        shutil.rmtree(stale, ignore_errors=True)


def recover(target: Path) -> None:
    """Put back what `replace_folder` had set aside when it was killed; nothing where ``target`` is there."""
    aside = _set_aside(target)
    if aside and not target.exists():
        max(aside, key=lambda folder: folder.stat().st_mtime).rename(target)


def _set_aside(target: Path) -> list[Path]:
    name = re.compile(rf"\.{re.escape(target.name)}\.\d+\.old")
    beside = target.parent.iterdir() if target.parent.is_dir() else ()
    return [path for path in beside if name.fullmatch(path.name)]
