"""The models that come with the package: small ones, trained by a recipe of this repository."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from ganworks.errors import RunError, UsageError

MOST_BYTES = 1_000_000
TOLD = ("title", "license", "training_data", "figures")  # what the card of a bundled model must say
_NAME = "compact-x{scale}.onnx"


def bundled(scale: int) -> Path:
    """Return the bundled model that enlarges so many times.

    Raises:
        UsageError: there is none; the message names those there are.
    """
    path = folder() / _NAME.format(scale=scale)
    if path.is_file():
        return path
    there = [str(other) for other in range(1, 9) if (folder() / _NAME.format(scale=other)).is_file()]
    known = f"there are --scale {' and '.join(there)}" if there else "this installation has none"
    raise UsageError(
        f"no bundled model enlarges {scale} times ({known}): train one with "
        f"`gan run super-resolution --scale {scale} --train FOLDER` and use it with --from RUN"
    )


def folder() -> Path:
    """Where the bundled models are, within the package."""
    return Path(str(files("ganworks_super_resolution"))) / "models"


def checked_card(path: Path) -> dict[str, Any]:
    """Return the card of a model that may be bundled: small, unchanged, and open about what it is.

    Raises:
        RunError: it is too large, was changed after its export, or its card leaves out one of `TOLD`.
        ganworks_exports.runtime.ModelRefused: it is no model of ganworks.
    """
    from ganworks_exports.runtime import read

    contents = read(path)
    missing = [key for key in TOLD if not contents.card.get(key)]
    if len(contents.file) > MOST_BYTES:
        raise RunError(f"{path} has {len(contents.file):,} bytes; a bundled model has at most {MOST_BYTES:,}")
    if not contents.intact:
        raise RunError(f"{path}: its weights are not those its card was written for")
    if missing:
        raise RunError(f"{path}: its card does not tell {', '.join(missing)}")
    return contents.card
