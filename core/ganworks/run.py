"""A run on disk and the events it emits. Nothing half-written is ever taken for whole."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import time
from typing import Any, TypeVar

import tomli_w

from ganworks.errors import UsageError

Event = Mapping[str, Any]
Item = TypeVar("Item")

LOG = "log.jsonl"
SETTINGS = "run.toml"
METRICS = "metrics.json"
REPORT = "report.html"
PROVENANCE = "provenance.json"
STAGES = "stages.json"  # the seconds of each stage that is done


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a scratch path beside ``path``; move it into place when the block ends well.

    A crash at any moment leaves either the old file or the new one, never a part of one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield scratch
        with scratch.open("rb") as written:
            os.fsync(written.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def sweep_leftovers(folder: Path) -> None:
    """Remove scratch files of processes that were killed; one of a living process is left alone."""
    if sys.platform == "win32":  # there, asking whether a process lives would end it
        return
    for scratch in folder.rglob(".*.part"):
        owner = scratch.name.split(".")[-2]
        if owner.isdigit() and not _alive(int(owner)):
            if scratch.is_dir():
                shutil.rmtree(scratch, ignore_errors=True)
            else:
                scratch.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically."""
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically. NaN is written as null: JSON has no NaN."""
    write_text(path, json.dumps(_finite(value), indent=2, ensure_ascii=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return str(value) if isinstance(value, Path) else value


class Run:
    """One run folder, and the way everything inside a run reports.

    ``listeners`` receive every event after it has been appended to ``log.jsonl``.
    """

    def __init__(self, folder: Path, listeners: Iterable[Callable[[Event], None]] = ()) -> None:
        self.folder = folder
        self.listeners = list(listeners)

    # where things are
    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def cache(self) -> Path:
        """Data as it was read, so that a resumed run needs nothing else."""
        return self.folder / "cache"

    @property
    def samples(self) -> Path:
        return self.folder / "samples"

    def is_own(self, folder: Path) -> bool:
        """Whether ``folder`` is that of the run's own samples; others are drawn apart from them."""
        return folder.resolve() == self.samples.resolve()

    @property
    def model(self) -> Path:
        return self.folder / "model"

    # what happened
    def emit(self, event: str, **fields: Any) -> None:
        """Append an event to ``log.jsonl`` and tell the listeners."""
        record = _finite({"event": event, "time": round(time(), 3), **fields})
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.tell(record)

    def tell(self, record: Event) -> None:
        """Tell the listeners without writing to the log (progress ticks)."""
        for listener in self.listeners:
            listener(record)

    def warn(self, kind: str, text: str, **fields: Any) -> None:
        """Emit a warning: ``kind`` for machines, ``text`` for people."""
        self.emit("warning", kind=kind, text=text, **fields)

    def progress(self, items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
        """Iterate and tell the listeners how far it is: label, done, total."""
        total = total if total is not None else len(items)  # type: ignore[arg-type]
        for done, item in enumerate(items):
            self.tell({"event": "progress", "label": label, "done": done, "total": total})
            yield item
        self.tell({"event": "progress", "label": label, "done": total, "total": total})

    # what was asked for
    def save_settings(self, settings: Mapping[str, Any]) -> None:
        """Write ``run.toml`` (None is left out: TOML has no null)."""
        write_text(self.folder / SETTINGS, tomli_w.dumps(_without_none(_finite(settings))))

    def settings(self) -> dict[str, Any]:
        """Read ``run.toml``.

        Raises:
            UsageError: the folder is not a run, or the file is damaged.
        """
        path = self.folder / SETTINGS
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(f"{self.folder} is not a run folder: it has no {SETTINGS}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} is damaged ({error}); restore it or start a new run") from None

    def events(self) -> list[dict[str, Any]]:
        """Read ``log.jsonl``; a line cut off by a crash is left out."""
        path = self.folder / LOG
        found = []
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return found

    def metrics(self) -> dict[str, Any]:
        """Read ``metrics.json``, or an empty dictionary when there is none yet."""
        return self.read_json(METRICS)

    def merge_metrics(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Update ``metrics.json``, key by key at the top level; return all of it."""
        metrics = {**self.metrics(), **found}
        write_json(self.folder / METRICS, metrics)
        return metrics

    def stages(self) -> dict[str, float]:
        """Seconds by stage, over all sessions. A stage is done when its bare name is there."""
        return self.read_json(STAGES)

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the run folder, or an empty dictionary when it is not there.

        Raises:
            UsageError: the file is damaged.
        """
        path = self.folder / name
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise UsageError(f"{path} is damaged ({error}); remove it and run `gan resume`") from None
        if not isinstance(found, dict):
            raise UsageError(f"{path} is damaged (not an object); remove it and run `gan resume`")
        return found


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value
