"""Where a run goes."""

from __future__ import annotations

import shutil
from datetime import datetime
from itertools import count
from pathlib import Path

from ganworks.errors import UsageError
from ganworks.run import SETTINGS, Run
from ganworks_cli.ending import quoted


def default_folder(domain: str, now: datetime | None = None) -> Path:
    """Return ``runs/DOMAIN-YYYYmmdd-HHMMSS``, numbered when two runs start in one second."""
    base = f"{domain}-{now or datetime.now():%Y%m%d-%H%M%S}"
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(path for path in (Path("runs") / name for name in names) if not path.exists())


def check_free(folder: Path, *, force: bool) -> None:
    """Make sure that nothing is overwritten by accident.

    Raises:
        UsageError: ``folder`` is a file, or holds something and ``force`` does not cover it.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; name a folder")
    if not folder.exists() or not any(folder.iterdir()):
        return
    is_run = (folder / SETTINGS).is_file()
    if not is_run:
        raise UsageError(f"--out {folder} is not empty and not a run; name another folder")
    if not force:
        raise UsageError(
            f"--out {folder} holds a run: continue it with `gan resume {quoted(folder)}` "
            "or replace it with --force"
        )


def make_free(folder: Path) -> None:
    """Remove a run that `check_free` allowed to replace; without its settings it is no run any more."""
    if (folder / SETTINGS).is_file():
        (folder / SETTINGS).unlink()
        shutil.rmtree(folder)


def drop_stillborn(folder: Path) -> None:
    """Remove a run that stopped before it trained: wrong options or data, nothing to resume."""
    run = Run(folder)
    if (folder / SETTINGS).is_file() and not run.checkpoints.exists():
        shutil.rmtree(folder)
