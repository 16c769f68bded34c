"""Every usable picture of a source, in input units; every other one in the table of rejects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ganworks.errors import DataError
from ganworks.run import Run
from ganworks_image.archive import read_archive
from ganworks_image.frames import LEFT_OUT, BadFileError, Frame, Item, Rejects, refuse_unusable
from ganworks_image.geometry import shrink_to_limit
from ganworks_image.listing import find_items
from ganworks_image.readers import Make
from ganworks_image.sources import Source


class Ingest:
    """Reads a `Source` into frames.

    Args:
        source: what ``--data`` is.
        rejects: takes a row for everything that is not used as it came.
        max_bad: share of unusable pictures from which on the data are refused.
        limit: pixels of the longer side beyond which a picture is shrunk at once.
        make: the domain's class of frames, for archives; the readers of files know it themselves.
        run: told of the progress, if given.
    """

    def __init__(
        self,
        source: Source,
        rejects: Rejects,
        *,
        max_bad: float,
        limit: int,
        make: Make = Frame,
        run: Run | None = None,
    ) -> None:
        self.source, self.rejects, self.make, self.run = source, rejects, make, run
        self.max_bad, self.limit = max_bad, limit

    def read(self) -> tuple[list[Any], str]:
        """Return the usable pictures, and the kind of file most of them came from.

        Raises:
            DataError: nothing is there, or more than ``max_bad`` of it cannot be used.
        """
        if self.source.kind == "npz":
            return self._archive(), "npz"
        items = find_items(self.source, self.rejects)
        listed = len(items) + len(self.rejects.bad())
        frames = self._files(items)
        self._refuse_too_many_bad(listed)
        kind = Counter(self.source.files.kind_of(item.path) for item in items).most_common(1)[0][0]
        return frames, kind

    def _archive(self) -> list[Any]:
        frames = read_archive(self.source, self.make)
        kept = [frame for frame in frames if self._usable(frame, LEFT_OUT)]
        self._refuse_too_many_bad(len(frames))
        return self._limited(kept)

    def _files(self, items: Sequence[Item]) -> list[Any]:
        frames: list[Any] = []
        steps: Iterable[Item] = items if self.run is None else self.run.progress(items, "reading")
        for number, item in enumerate(steps):
            try:
                found = self.source.files.read(item.path)
            except BadFileError as error:
                self.rejects.add(item.name, str(error))
                continue
            for frame in found:
                frame.name, frame.label, frame.split = item.name + frame.part, item.label, item.split
                frame.source = number
                frame.group = item.group or frame.group or (item.name if len(found) > 1 else None)
            frames += self._limited(self._usable_of(item, found))
        return frames

    def _usable_of(self, item: Item, found: Sequence[Frame]) -> list[Frame]:
        """Return what can be used of one file. A blank page is no bad file, a file of blank pages is one."""
        action = LEFT_OUT if len(found) == 1 else "page left out"
        usable = [frame for frame in found if self._usable(frame, action)]
        if not usable and len(found) > 1:
            self.rejects.add(item.name, f"none of its {len(found)} pictures can be used")
        for frame in usable:
            for note in frame.notes:
                self.rejects.add(frame.name, note, "used")
        return usable

    def _usable(self, frame: Frame, action: str) -> bool:
        try:
            refuse_unusable(frame)
        except BadFileError as error:
            self.rejects.add(frame.name, str(error), action)
            return False
        return True

    def _limited(self, frames: list[Any]) -> list[Any]:
        for frame in frames:
            shrink_to_limit(frame, self.limit)
        return frames

    def _refuse_too_many_bad(self, total: int) -> None:
        bad = self.rejects.bad()
        if total and len(bad) < total and len(bad) <= self.max_bad * total:
            return
        first = "; ".join(f"{file}: {reason}" for file, reason, _ in bad[:3])
        raise DataError(
            f"{self.source.path}: {len(bad)} of {total} images cannot be used ({first}); "
            f"mend or remove them, or raise --max-bad (now {self.max_bad:g})"
        )
