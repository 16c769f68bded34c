"""Pictures in, pictures out: what every command needs that uses a model on the user's own files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path

from ganworks.errors import UsageError, nearest
from ganworks_image.picture import Picture
from ganworks_image.picture_reading import read_picture
from ganworks_image.picture_writing import WRITTEN, require_holds, write_picture

__all__ = ["READ", "Job", "Picture", "planned", "read_picture", "require_holds", "write_picture"]

READ = (*WRITTEN, ".gif")  # a GIF holds 256 colours, too few for a result: PNG is written


@dataclass(frozen=True)
class Job:
    """One picture to read, and the file to write."""

    source: Path
    target: Path


def planned(files_or_folders: Sequence[Path], out: Path | None, *, suffix: str, force: bool) -> list[Job]:
    """Return what is to be read and where each result goes, checked as a whole before anything is computed.

    ``photo.jpg`` becomes ``photo{suffix}.jpg`` beside it or in the folder ``out``, or the file ``out``. The
    pictures of a folder go to ``out``, or to a folder ``{name}{suffix}`` beside it, folders in it kept.

    Raises:
        UsageError: there is nothing to read, two results would have one name, a result would replace one of
            the pictures read, or, without ``force``, any other file.
    """
    if not files_or_folders:
        raise UsageError("no pictures were given")
    if out is not None and _is_file_name(out):
        jobs = [Job(_only_file(files_or_folders, out), out)]
    else:
        jobs = [job for given in files_or_folders for job in _jobs(given, out, suffix)]
    _check(jobs, force)
    return jobs


def _is_file_name(out: Path) -> bool:
    if out.is_dir():
        return False
    kind = guess_type(out.name)[0] or ""
    if out.suffix.lower() not in WRITTEN and kind.startswith(("image/", "video/")):
        raise UsageError(
            f"--out {out}: results are written as {' '.join(WRITTEN)}; name such a file, or a folder"
        )
    return out.suffix.lower() in WRITTEN


def _only_file(given: Sequence[Path], out: Path) -> Path:
    if len(given) > 1 or given[0].is_dir():
        raise UsageError(f"{out} is one file, and several pictures were given: name a folder")
    return _picture_file(given[0])


def _jobs(given: Path, out: Path | None, suffix: str) -> Iterator[Job]:
    if not given.is_dir():
        path = _picture_file(given)
        yield Job(path, (out or path.parent) / _result_name(path, suffix))
        return
    folder = given.resolve()  # "." has no name of its own
    target = out if out is not None else folder.with_name(f"{folder.name}{suffix}")
    for path in _pictures_in(folder, leave_out=target.resolve()):
        inside = path.relative_to(folder)
        yield Job(given / inside, target / inside.parent / _result_name(path, suffix))


def _picture_file(path: Path) -> Path:
    if not path.exists():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UsageError(f"{path}: no such file or folder{nearest(path.name, beside)}")
    if path.suffix.lower() not in READ:
        raise UsageError(f"{path}: pictures are read from {' '.join(READ)}; convert it to PNG first")
    return path


def _pictures_in(folder: Path, leave_out: Path) -> list[Path]:
    """Return the pictures of a folder and those below, but hidden ones and the results of an earlier call.

    Results are told apart where they have a folder of their own, ``leave_out``, within ``folder``.
    """
    results = leave_out if folder in leave_out.parents else None
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in READ
        and path.is_file()
        and results not in path.parents
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise UsageError(f"{folder} holds no pictures ({' '.join(READ)})")
    return found


def _result_name(path: Path, suffix: str) -> str:
    kept = path.suffix if path.suffix.lower() in WRITTEN else ".png"
    return f"{path.stem}{suffix}{kept}"


def _check(jobs: Sequence[Job], force: bool) -> None:
    targets = [job.target.resolve() for job in jobs]
    most, times = Counter(targets).most_common(1)[0]
    if times > 1:
        first, second = [job.source for job, at in zip(jobs, targets, strict=True) if at == most][:2]
        raise UsageError(
            f"{first} and {second} would both become {most.name}: rename one, or give them apart"
        )
    sources = {job.source.resolve() for job in jobs}
    for job, target in zip(jobs, targets, strict=True):
        if target in sources:
            raise UsageError(f"{job.target} is one of the pictures given: choose another --out")
        if target.is_dir():
            raise UsageError(f"{job.target} is a folder: choose another --out")
    _check_free([job.target for job in jobs if job.target.exists()], force)


def _check_free(there: Sequence[Path], force: bool) -> None:
    if there and not force:
        more = f" and {len(there) - 1} more exist" if len(there) > 1 else " exists"
        raise UsageError(f"{there[0]}{more} already: --force replaces; or write elsewhere")
