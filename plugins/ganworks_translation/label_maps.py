"""Label maps: a whole number a pixel, as the index of a palette or a grey value; in training one-hot."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganworks.errors import DataError
from ganworks_image.frames import BadFileError, Frame
from ganworks_image.geometry import Geometry
from ganworks_image.intensity import Pixels
from ganworks_image.readers import FileKinds

MOST = 256  # they are stored as uint8
MOST_FOUND = 64  # different values beyond which a file is rather a photograph
GOLDEN = 0.618034  # of the colour circle, from one label to the next: neighbours never look alike

Colour = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The labels in the order of their channels: the value of each in the files, a colour to show it in."""

    values: tuple[int, ...]
    colours: tuple[Colour, ...]

    @property
    def count(self) -> int:
        return len(self.values)

    def places(self, values: Pixels) -> NDArray[np.uint8]:
        """Turn values of a file into channel numbers; the shape stays.

        Raises:
            BadFileError: a value is none of the labels; it is named.
        """
        known = np.array(self.values)
        unknown = np.setdiff1d(values, known)
        if unknown.size:
            raise BadFileError(
                f"label {unknown[0]} is none of the {self.count} labels ({_listed(self.values)})"
            )
        return np.searchsorted(known, values).astype(np.uint8)

    def coloured(self, places: Pixels) -> NDArray[np.uint8]:
        """Channel numbers (height, width) as a picture (height, width, 3)."""
        colours: NDArray[np.uint8] = np.array(self.colours, dtype=np.uint8)[places]
        return colours

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def restored(cls, about: dict[str, Any]) -> Self:
        """Return what `as_dict` gave, after a way through JSON."""
        return cls(
            values=tuple(about["values"]),
            colours=tuple((red, green, blue) for red, green, blue in about["colours"]),
        )


@dataclass(kw_only=True)
class LabelFrame(Frame):
    """A label map; ``pixels`` is (1, height, width) of whole numbers, ``palette`` the colours of its file."""

    palette: tuple[Colour, ...] = ()


def read_labels(path: Path) -> list[Frame]:
    """Read a picture file as a label map: palette indices are kept, never turned into colours.

    Raises:
        BadFileError: a colour picture, or an index that its own palette does not have.
    """
    from PIL import Image

    with Image.open(path) as image:
        if image.mode not in ("P", "L", "1", "I", "I;16", "I;16B"):
            raise BadFileError(
                f"holds {image.mode} colours; a label map has a palette, or is grey with a label a value"
            )
        if image.format == "JPEG":
            raise BadFileError("is a JPEG, whose compression changes labels; save label maps as PNG")
        flat = image.getpalette("RGB") if image.mode == "P" else None
        pixels = np.asarray(image)[None].astype(np.int64) // _stretched(path)
    palette = tuple(zip(*[iter(flat or ())] * 3, strict=True))
    if palette and pixels.max() >= len(palette):
        raise BadFileError(f"palette index {pixels.max()} is not in its palette of {len(palette)} colours")
    return [LabelFrame(pixels=pixels, dtype="uint8", palette=palette)]


def _stretched(path: Path) -> int:
    """How many times larger than in the file pillow makes grey values: those of 2 and 4 bits, up to 255.

    Programs that shrink files choose the bits by the values that occur: one folder may hold 2, 4 and 8.
    """
    with path.open("rb") as stream:
        head = stream.read(26)  # bit depth and colour type: PNG specification, 11.2.2
    is_grey_png = head[:8] == b"\x89PNG\r\n\x1a\n" and head[25] == 0
    return {2: 85, 4: 17}.get(head[24], 1) if is_grey_png else 1


def label_files(files: FileKinds) -> FileKinds:
    """Return the same kinds of files, with pictures read as label maps."""
    return replace(files, readers={**files.readers, "png": read_labels})


def checked_labels(frame: Frame, count: int | None) -> LabelFrame:
    """Return a frame of any reader as a label map of whole numbers below ``count``, at most 255.

    Raises:
        BadFileError: it holds anything else.
    """
    pixels = frame.pixels
    if len(pixels) != 1:
        raise BadFileError(f"holds {len(pixels)} channels; a label map has one, a label a pixel")
    values = np.asarray(pixels, dtype=np.float64)
    odd = values[~((values >= 0) & (values < MOST) & (values == np.rint(values)))]
    if odd.size:
        raise BadFileError(f"value {odd[0]:g} is no label: labels are whole numbers from 0 to {MOST - 1}")
    if count is not None and values.max() >= count:
        raise BadFileError(
            f"label {values.max():g} is too large for {count} labels, 0 to {count - 1} (--label-count)"
        )
    return LabelFrame(
        pixels=values.astype(np.uint8),
        dtype="uint8",
        group=frame.group,
        part=frame.part,
        notes=frame.notes,
        palette=frame.palette if isinstance(frame, LabelFrame) else (),
    )


def find_labels(frames: Sequence[LabelFrame], count: int | None) -> Labels:
    """Return the labels of a data set: 0 to ``count`` - 1, or the values that occur.

    Raises:
        DataError: one value only, or more than 64.
    """
    found = sorted({int(value) for frame in frames for value in np.unique(frame.pixels)})
    if count is None and not 1 < len(found) <= MOST_FOUND:
        what = f"only the value {found[0]} occurs" if len(found) == 1 else f"{len(found)} values occur"
        raise DataError(
            f"these are hardly label maps: {what}; say how many labels there are with --label-count"
        )
    values = tuple(found) if count is None else tuple(range(count))
    longest = max((frame.palette for frame in frames), key=len)
    return Labels(
        values=values,
        colours=tuple(
            longest[value] if value < len(longest) else _colour(place) for place, value in enumerate(values)
        ),
    )


def conform_labels(pixels: Pixels, geometry: Geometry, frame: Frame) -> Pixels:
    """Give a map (1, height, width) the common shape as `ganworks_image.geometry.conform` does, by nearest.

    What is missing is filled with its lowest label.
    """
    height, width = geometry.scaled(frame)
    rows, from_rows = _nearest(pixels.shape[1], height, geometry.height)
    columns, from_columns = _nearest(pixels.shape[2], width, geometry.width)
    filled = np.full((1, geometry.height, geometry.width), pixels.min(), dtype=pixels.dtype)
    filled[0][np.ix_(rows, columns)] = pixels[0][np.ix_(from_rows, from_columns)]
    return filled


def shrink_labels(frame: LabelFrame, limit: int) -> None:
    """Shrink a map evenly to at most ``limit`` pixels a side."""
    factor = limit / max(frame.pixels.shape[1:])
    if factor < 1:
        height, width = (max(1, round(side * factor)) for side in frame.pixels.shape[1:])
        frame.pixels = conform_labels(frame.pixels, Geometry(height=height, width=width), frame)


def _nearest(side: int, scaled: int, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where to write along an axis, and which place of the ``side`` pixels to read there."""
    spare = wanted - scaled
    places = np.arange(wanted) - (spare // 2 if spare > 0 else -(-spare // 2))
    inside = (places >= 0) & (places < scaled)
    return np.flatnonzero(inside), ((places[inside] + 0.5) * side / scaled).astype(np.int64)


def one_hot(places: Tensor, count: int) -> Tensor:
    """(rows, 1, height, width) of channel numbers -> float32 (rows, count, height, width) in {-1, 1}."""
    channels = torch.arange(count, device=places.device).view(1, -1, 1, 1)
    return (places == channels).float() * 2 - 1


def _colour(place: int) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(place * GOLDEN % 1, 0.65, 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def _listed(values: Sequence[int]) -> str:
    if len(values) > 1 and values == tuple(range(values[0], values[-1] + 1)):
        return f"{values[0]} to {values[-1]}"
    return ", ".join(map(str, values[:12])) + (" ..." if len(values) > 12 else "")
