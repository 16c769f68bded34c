"""One file in, its pictures out: PNG, JPEG, WebP, BMP, GIF, TIFF and NumPy; a domain adds its own kinds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ganworks.errors import GanworksError, MissingExtraError
from ganworks_image.frames import BadFileError, Frame, channels_first, without_alpha

Make = Callable[..., Frame]  # the domain's kind of frame, called with pixels, dtype, part


def _plain_suffix(path: Path) -> str:
    return path.suffix.lower()


@dataclass(frozen=True, kw_only=True)
class FileKinds:
    """The kinds of files that a domain reads. A kind is a word such as png, and names the kind written too.

    ``own_group``: kinds of which a file holds many pictures of one thing, and is a group of its own.
    """

    suffixes: Mapping[str, tuple[str, ...]]  # kind -> lower-case suffixes
    readers: Mapping[str, Callable[[Path], list[Any]]]  # kind -> file -> frames
    extra: str  # part of the installation that brings their libraries
    suffix_of: Callable[[Path], str] = _plain_suffix
    own_group: frozenset[str] = field(default_factory=frozenset)

    @property
    def known(self) -> tuple[str, ...]:
        """Every suffix that can be read."""
        return tuple(suffix for suffixes in self.suffixes.values() for suffix in suffixes)

    def kind_of(self, path: Path) -> str:
        """Return the kind of a file, empty where it is not known."""
        suffix = self.suffix_of(path)
        return next((kind for kind, suffixes in self.suffixes.items() if suffix in suffixes), "")

    def read(self, path: Path) -> list[Any]:
        """Return the pictures of one file.

        Raises:
            BadFileError: the file cannot be used, with the reason for the rejects table.
            MissingExtraError: the library for this kind of file is not installed.
        """
        reader = self.readers.get(self.kind_of(path))
        if reader is None:
            raise BadFileError(f"unknown suffix '{self.suffix_of(path)}' (known: {' '.join(self.known)})")
        try:
            if path.stat().st_size == 0:
                raise BadFileError("empty file (0 bytes)")
            with warnings.catch_warnings():  # decoders remark on oddities of what they read all the same
                warnings.simplefilter("ignore")
                return [without_alpha(frame) for frame in reader(path)]
        except (BadFileError, GanworksError, MemoryError):
            raise
        except ImportError:
            raise MissingExtraError(f"reading {path.name}", self.extra) from None
        except Exception as error:  # decoders raise anything; one bad file must not end the run
            reason = f"{type(error).__name__}: {str(error).replace(str(path), path.name)}"
            raise BadFileError(f"unreadable ({reason[:160]})") from error


SUFFIXES: dict[str, tuple[str, ...]] = {
    "png": (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif"),
    "tiff": (".tif", ".tiff"),
    "npz": (".npy",),
}
MOVING = ("GIF", "WEBP", "PNG")  # of many frames; a JPEG with a thumbnail behind it (MPO) is none


def picture_readers(make: Make = Frame) -> dict[str, Callable[[Path], list[Frame]]]:
    """Return the readers of this module, which give frames of a domain's own class."""
    return {
        "png": lambda path: _read_picture(path, make),
        "tiff": lambda path: _read_tiff(path, make),
        "npz": lambda path: _read_array(path, make),
    }


PICTURES = FileKinds(suffixes=SUFFIXES, readers=picture_readers(), extra="image")


def _read_picture(path: Path, make: Make) -> list[Frame]:
    from PIL import Image, ImageOps

    notes: list[str] = []
    if _is_16_bit_colour_png(path):
        import imagecodecs

        pixels = imagecodecs.png_decode(path.read_bytes())  # pillow would halve the depth
    else:
        with Image.open(path) as file:
            frames = getattr(file, "n_frames", 1) if file.format in MOVING else 1
            if frames > 1:
                notes.append(f"animation: the first of {frames} frames used")
            image: Image.Image = ImageOps.exif_transpose(file)
        if image.mode in ("P", "CMYK", "YCbCr", "HSV", "LAB", "PA", "1"):
            image = image.convert("L" if image.mode == "1" else "RGB")
        pixels = np.asarray(image)
    return [make(pixels=channels_first(pixels), dtype=str(pixels.dtype), notes=notes)]


def _is_16_bit_colour_png(path: Path) -> bool:
    """Read bit depth and colour type from the header chunk (PNG specification, 11.2.2)."""
    with path.open("rb") as stream:
        head = stream.read(26)
    return head[:8] == b"\x89PNG\r\n\x1a\n" and head[24] == 16 and head[25] in (2, 4, 6)


def _read_tiff(path: Path, make: Make) -> list[Frame]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        pixels, axes = series.asarray(), series.axes
        inverted = file.pages[0].photometric == 0  # MINISWHITE
    if axes.startswith("S") and pixels.ndim == 3:  # planar colour
        pixels, axes = np.moveaxis(pixels, 0, -1), axes[1:] + "S"
    pages = (
        pixels.reshape(-1, *pixels.shape[-3:])
        if axes.endswith("S")
        else pixels.reshape(-1, *pixels.shape[-2:])
    )
    frames = [
        make(pixels=channels_first(page), dtype=str(page.dtype), part=f"#{number}" if len(pages) > 1 else "")
        for number, page in enumerate(pages)
    ]
    for frame in frames if inverted and pixels.dtype.kind == "u" else []:
        frame.pixels = np.invert(frame.pixels)  # largest value minus value
        frame.notes.append("white-is-zero TIFF: inverted")
    return frames


def _read_array(path: Path, make: Make) -> list[Frame]:
    pixels = np.load(path, allow_pickle=False)
    if not isinstance(pixels, np.ndarray):
        raise BadFileError("is an archive of several arrays; give a .npz as --data itself")
    return [make(pixels=channels_first(pixels), dtype=str(pixels.dtype))]
