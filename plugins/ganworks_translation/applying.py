"""What `gan translate` does: plan, open the run, translate one file after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganworks.errors import GanworksError
from ganworks.registry import Registry
from ganworks.run import Run
from ganworks_image.applying import Job, planned, write_picture
from ganworks_translation.volumes import check_volume, is_volume, translate_volume

if TYPE_CHECKING:
    from ganworks_translation.translating import Resize, Translator

Bar = Callable[[list[Job]], Any]  # a context that yields what to iterate over


class Application:
    """Files to translate.

    Args:
        given: a picture, a NIfTI volume, or a folder of pictures.
        out: file, or folder.
        force: whether files may be replaced.

    Raises:
        UsageError: there is nothing to read, or something would be replaced.
    """

    def __init__(self, given: Path, out: Path, *, force: bool) -> None:
        self.volume = is_volume(given)
        if self.volume:
            check_volume(given, out, force)
        self.jobs = [Job(given, out)] if self.volume else planned([given], out, suffix="", force=force)

    def run(
        self, folder: Path, registry: Registry, resizing: Resize, bar: Bar
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """Return what was written and what went wrong, each in a line.

        Raises:
            UsageError: no run, or one of another domain.
            RunError: nothing has been trained yet, or the model is damaged.
        """
        from ganworks_translation.translating import opened  # torch, only now

        done: list[dict[str, Any]] = []
        failed: list[str] = []
        with opened(folder, registry) as translator, bar(self.jobs) as jobs:
            for job in jobs:
                try:
                    done.append(self._done(translator, job, resizing, Run(folder)))
                except GanworksError as error:
                    failed.append(str(error))
        return done, failed

    def _done(self, translator: Translator, job: Job, resizing: Resize, run: Run) -> dict[str, Any]:
        files = {"source": str(job.source), "file": str(job.target)}
        if self.volume:
            axis = str(run.settings().get("options", {}).get("axis", "axial"))
            shape = translate_volume(translator, job.source, job.target, axis, resizing)
            return {**files, "shape": list(shape), "notes": []}
        picture = translator(job.source, resizing)
        write_picture(job.target, picture)
        height, width = picture.pixels.shape[:2]
        return {**files, "shape": [height, width], "notes": list(picture.notes)}
