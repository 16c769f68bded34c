"""Films are taken as folders of frames; what to type is said to whoever gives a film."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from ganworks.errors import UsageError

VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv")


def refuse_videos(files: Iterable[Path]) -> None:
    """Films are not decoded here: their sound and timing are for a program that knows them.

    Raises:
        UsageError: one of the files is a film; the message has the commands for its frames.
    """
    for path in files:
        if path.suffix.lower() in VIDEOS and not path.is_dir():
            folder = path.with_name(f"{path.stem}-frames")
            film, frames, pattern = (shlex.quote(str(name)) for name in (path, folder, folder / "%06d.png"))
            raise UsageError(
                f"{path} is a film. Write its frames with `mkdir {frames} && ffmpeg -i {film} {pattern}`, "
                f"give the folder {frames}, and join the results with ffmpeg"
            )
