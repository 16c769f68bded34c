"""One picture of a user's file with all that is needed to write it back: alpha, profile, resolution.

Unlike `ganworks_image.readers`, which prepares training data, nothing of a picture is dropped in silence.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ganworks.errors import DataError, GanworksError, MissingExtraError
from ganworks_image.picture import (
    MOST_PIXELS,
    Array,
    Picture,
    too_large,
    upright,
    without_hidden_colours,
)

_ORIENTATION, _MPO = 0x0112, "MPO"


def read_picture(path: Path, *, most_pixels: int = MOST_PIXELS) -> Picture:
    """Read a PNG, JPEG, WebP, BMP, GIF or TIFF file of 8 or 16 bits a channel.

    Palettes and CMYK become RGB, 1-bit pictures grey; the orientation that a camera notes is applied. The
    depth is that of the file, never guessed from the values.

    Raises:
        DataError: the file is no such picture, is cut off, animated or has several pages, or is too large.
        MissingExtraError: a library for this kind of file is not installed.
    """
    try:
        with warnings.catch_warnings():  # decoders remark on oddities of what they read all the same
            warnings.simplefilter("ignore")
            picture = _reader(path)(path, most_pixels)
    except GanworksError:
        raise
    except ImportError:
        raise MissingExtraError(f"reading {path.name}", "image") from None
    except MemoryError:
        raise DataError(f"{path}: there is not enough memory to read it") from None
    except Exception as error:  # decoders raise anything
        reason = " ".join(str(error).replace(str(path), path.name).split())[:160]
        raise DataError(f"{path} cannot be read as a picture ({type(error).__name__}: {reason})") from error
    return picture if picture.alpha is None else without_hidden_colours(picture)


def _reader(path: Path) -> Callable[[Path, int], Picture]:
    """Go by the content: a JPEG that is named .png is still one."""
    with path.open("rb") as stream:
        head = stream.read(26)
    if not head:
        raise DataError(f"{path}: the file is empty (0 bytes)")
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        from ganworks_image.picture_tiff import read_tiff

        return read_tiff
    # bit depth in the header chunk (PNG specification, 11.2.2); Pillow would halve that of colours
    return _read_deep_png if head[:8] == b"\x89PNG\r\n\x1a\n" and head[24] == 16 else read_common


def read_common(path: Path, most_pixels: int) -> Picture:
    with _opened(path, most_pixels) as file:
        facts, notes = _facts(file), list[str]()
        image = _plain(file, notes)
    if notes and "CMYK" in notes[0]:
        facts["icc"] = None  # it described the inks
    return _picture(np.asarray(image), image.mode in ("LA", "RGBA"), notes=tuple(notes), **facts)


def _read_deep_png(path: Path, most_pixels: int) -> Picture:
    import imagecodecs

    with _opened(path, most_pixels) as file:
        facts = _facts(file)
    pixels = imagecodecs.png_decode(path.read_bytes())
    return _picture(pixels, pixels.ndim == 3 and pixels.shape[2] in (2, 4), **facts)


def _opened(path: Path, most_pixels: int) -> Any:
    """Open a file with Pillow; only its head is read."""
    from PIL import Image, UnidentifiedImageError

    try:
        file = Image.open(path)
    except UnidentifiedImageError:
        raise DataError(f"{path}: this is no picture (PNG, JPEG, WebP, BMP, GIF or TIFF)") from None
    except Image.DecompressionBombError:
        raise DataError(f"{path}: {too_large(most_pixels)}") from None
    frames = 1 if file.format == _MPO else getattr(file, "n_frames", 1)
    problem = too_large(most_pixels) if file.width * file.height > most_pixels else ""
    if frames > 1:
        problem = f"an animation of {frames} frames; write them to a folder of pictures first and give that"
    if problem:
        file.close()
        raise DataError(f"{path}: {problem}")
    return file


def _facts(file: Any) -> dict[str, Any]:
    dpi = file.info.get("dpi")
    return {
        "icc": file.info.get("icc_profile"),
        "dpi": (float(dpi[0]), float(dpi[1])) if dpi and all(0 < value < 1e6 for value in dpi) else None,
        "orientation": file.getexif().get(_ORIENTATION, 1),
    }


def _plain(file: Any, notes: list[str]) -> Any:
    """Return the image in one of the modes L, LA, RGB and RGBA."""
    mode = file.mode
    if mode not in (
        "1",
        "L",
        "LA",
        "La",
        "P",
        "PA",
        "RGB",
        "RGBA",
        "RGBa",
        "RGBX",
        "CMYK",
        "YCbCr",
        "LAB",
        "HSV",
    ):
        raise DataError(
            f"{file.filename}: its values are of the kind '{mode}'; convert it to 8 or 16 bits a channel"
        )
    if mode == "CMYK":
        notes.append("CMYK is read as RGB")
        return _from_inks(file)
    grey = mode in ("1", "L", "LA", "La")
    if mode in ("La", "RGBa", "PA") or file.has_transparency_data:
        return file.convert("LA" if grey else "RGBA")
    return file.convert("L" if grey else "RGB")


def _from_inks(file: Any) -> Any:
    """Convert CMYK by the file's own profile where it has a sound one, else by the plain formula."""
    from PIL import ImageCms

    try:
        profile = BytesIO(file.info["icc_profile"])
        return ImageCms.profileToProfile(file, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (KeyError, OSError, ImageCms.PyCMSError):
        return file.convert("RGB")


def _picture(pixels: Array, with_alpha: bool, *, orientation: int = 1, **facts: Any) -> Picture:
    pixels = upright(pixels if pixels.ndim == 3 else pixels[..., None], orientation)
    if orientation >= 5 and facts.get("dpi"):
        facts["dpi"] = facts["dpi"][::-1]
    if not with_alpha:
        return Picture(pixels=np.ascontiguousarray(pixels), **facts)
    return Picture(pixels=np.ascontiguousarray(pixels[..., :-1]), alpha=pixels[..., -1].copy(), **facts)
