"""Where a run goes."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from ganworks.errors import UsageError
from ganworks.run import SETTINGS, Run
from ganworks_cli.ending import quoted

MANIFEST = "manifest.csv"  # of most domains: a row for each sample
_SCRATCH = re.compile(r"\..+\.\d+\.part")  # as `ganworks.run.replacing` names it


def default_folder(domain: str, now: datetime | None = None) -> Path:
    """Return ``runs/DOMAIN-YYYYmmdd-HHMMSS``, numbered when two runs start in one second."""
    base = f"{domain}-{now or datetime.now():%Y%m%d-%H%M%S}"
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(path for path in (Path("runs") / name for name in names) if not path.exists())


def check_free(folder: Path, *, force: bool) -> None:
    """Make sure that nothing is overwritten by accident.

    A folder with nothing but scratch files is free: a run that was killed before it wrote its settings.

    Raises:
        UsageError: ``folder`` is a file, or holds something and ``force`` does not cover it.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; name a folder")
    if not folder.exists() or all(_SCRATCH.fullmatch(path.name) for path in folder.iterdir()):
        return
    is_run = (folder / SETTINGS).is_file()
    if not is_run:
        raise UsageError(f"--out {folder} is not empty and not a run; name another folder")
    if not force:
        raise UsageError(
            f"--out {folder} holds a run: continue it with `gan resume {quoted(folder)}` "
            "or replace it with --force"
        )
    if Path.cwd().is_relative_to(folder.resolve()):
        raise UsageError(f"--out {folder} is where you are: a run cannot be replaced from inside")


@contextmanager
def replaced(folder: Path, *, force: bool) -> Iterator[None]:
    """Set aside what `check_free` allows to replace; delete it when the block ends well, else put it back.

    Renaming is one step: a kill leaves a whole run or none, never a part that is no run any more. What it
    leaves set aside, ``.NAME.PID.old``, goes when the next run starts in ``folder``.

    Raises: as `check_free`.
    """
    check_free(folder, force=force)
    place = folder.resolve()  # behind a link, so that the link stays
    _delete_set_aside(place)
    aside = _set_aside(place) if place.exists() and any(place.iterdir()) else None
    try:
        yield
    except BaseException:
        if aside is not None:
            shutil.rmtree(place)
            aside.rename(place)
        raise
    _delete_set_aside(place)


def drop_stillborn(folder: Path, *, though_read: bool = False) -> None:
    """Remove a run that stopped before its data were read: wrong options or data, nothing to resume.

    With ``though_read`` also one whose data were read, as long as nothing was trained.
    """
    if not is_stillborn(folder, though_read=though_read):
        return
    for path in sorted(
        folder.iterdir(), key=lambda path: path.name == SETTINGS
    ):  # these last: a run till then
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    with suppress(OSError):  # a mounted folder stays, empty
        folder.rmdir()


def is_stillborn(folder: Path, *, though_read: bool = False) -> bool:
    """Say whether a run has its settings and nothing else that took time: no checkpoint, no data read.

    With ``though_read`` data that were read do not count.
    """
    run = Run(folder)
    if not (folder / SETTINGS).is_file() or run.checkpoints.exists():
        return False
    try:
        return though_read or "read" not in run.stages()
    except UsageError:  # damaged: it did get somewhere
        return False


def check_samples(folder: Path, manifests: Iterable[str]) -> None:
    """Make sure that samples go to a new or an empty folder, or to one that has samples already.

    ``manifests`` are the files by which samples are known, see `ganworks.plugin.Domain`.

    Raises:
        UsageError: ``folder`` is a file, or holds anything else.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; name a folder")
    has_samples = any((folder / name).is_file() for name in manifests)
    if folder.exists() and any(folder.iterdir()) and not has_samples:
        raise UsageError(f"--out {folder} is not empty and holds no samples; choose a new folder")


def check_replaced(folder: Path, manifests: Iterable[str]) -> None:
    """Raise a UsageError where ``folder`` holds samples of an earlier call."""
    if any((folder / name).is_file() for name in manifests):
        raise UsageError(f"{folder} holds samples: replace them with --force, or name another --out")


@contextmanager
def unless_refused(folder: Path) -> Iterator[None]:
    """Take back the folders that were made for ``folder`` where the block ends badly and left them empty."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):  # not there, or not empty
                path.rmdir()
        raise


def count_samples(folder: Path) -> int | None:
    """Return the number of rows of the manifest; None where the domain writes none."""
    try:
        with (folder / MANIFEST).open(encoding="utf-8", newline="") as lines:
            return sum(1 for _ in csv.DictReader(lines))
    except FileNotFoundError:
        return None


def _set_aside(place: Path) -> Path:
    """Rename a folder to a hidden name beside it, leave an empty one, and return the new name."""
    aside = place.with_name(f".{place.name}.{os.getpid()}.old")
    try:
        place.rename(aside)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"--out {place} cannot be replaced ({reason}); empty it or name another") from None
    place.mkdir()
    return aside


def _delete_set_aside(place: Path) -> None:
    name = re.compile(rf"\.{re.escape(place.name)}\.\d+\.old")
    for path in place.parent.iterdir() if place.parent.is_dir() else ():
        if name.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
