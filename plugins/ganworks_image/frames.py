"""What a reader returns for one file, and the reasons for which a file is not used."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ganworks_image.intensity import Pixels

LEFT_OUT = "left out"


class BadFileError(Exception):
    """This one file cannot be used; the message is the reason in the rejects table."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file to read, and what is known of it before it is opened."""

    path: Path
    name: str  # relative to the data folder; what people see
    label: str
    group: str | None = None
    split: str | None = None


@dataclass(kw_only=True)
class Frame:
    """One two-dimensional picture in the input's own units; a domain adds what its files know.

    ``pixels`` is (channels, height, width); ``dtype`` the kind of number the file holds, which is not that of
    ``pixels`` where a library has converted them. Pictures of one ``group`` (a patient, a film, a thing) stay
    in one part of the split.
    """

    pixels: Pixels
    dtype: str
    group: str | None = None
    part: str = ""  # which slice, page or frame of the file
    notes: list[str] = field(default_factory=list)
    # what the item knew; filled in by the reading of the study
    name: str = ""
    label: str = ""
    split: str | None = None
    source: int = -1  # row of the source: which file, or which row of an archive

    def resampled(self, pixels: Pixels) -> None:
        """Take the same picture with another number of pixels; what depends on their size follows."""
        self.pixels = pixels


@dataclass
class Rejects:
    """The table of everything that was not used as it came: file, reason, action."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, file: str, reason: str, action: str = LEFT_OUT) -> None:
        self.rows.append((file, " ".join(reason.split()), action))

    def bad(self) -> list[tuple[str, str, str]]:
        return [row for row in self.rows if row[2] == LEFT_OUT]

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=["file", "reason", "action"], dtype=str)


def channels_first(pixels: Pixels) -> Pixels:
    """Return (channels, height, width) of a (height, width) or (height, width, channels) array.

    Raises:
        BadFileError: it is no picture.
    """
    if pixels.ndim == 2:
        return pixels[None]
    if pixels.ndim == 3 and pixels.shape[2] <= 16:
        return np.ascontiguousarray(np.moveaxis(pixels, 2, 0))
    raise BadFileError(f"shape {pixels.shape} is no picture (height, width) or (height, width, channels)")


def without_alpha(frame: Frame) -> Frame:
    """Drop the transparency of grey+alpha and colour+alpha pictures, and note it."""
    if frame.pixels.shape[0] in (2, 4):
        frame.pixels = frame.pixels[:-1]
        frame.notes.append("transparency dropped")
    return frame


def refuse_unusable(frame: Frame) -> None:
    """Raise for pixels that would poison training: not finite, or all the same.

    Raises:
        BadFileError: with the reason.
    """
    pixels = frame.pixels
    if pixels.size == 0 or min(pixels.shape[1:]) < 4:
        raise BadFileError(f"{pixels.shape[-1]}x{pixels.shape[-2]} pixels are too few")
    if pixels.dtype.kind not in "uifb":
        raise BadFileError(f"holds {pixels.dtype} values, not numbers")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise BadFileError(f"{int((~np.isfinite(pixels)).sum())} pixels are NaN or infinite")
    if pixels.min() == pixels.max():
        raise BadFileError(f"blank: every pixel is {pixels.flat[0]}")
