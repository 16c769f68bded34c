"""Pictures into files: PNG, JPEG, WebP, BMP and TIFF, whole or not at all."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ganworks.errors import MissingExtraError, UsageError
from ganworks.run import replacing
from ganworks_image.picture import Picture

_FORMATS = {
    **{".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP"},
    **{".tif": "TIFF", ".tiff": "TIFF"},
}
WRITTEN = tuple(_FORMATS)
_LONGEST = {"JPEG": 65_500, "WEBP": 16_383}  # pixels a side that the libraries write
_SETTINGS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"quality": 95},
    "BMP": {},
}


def write_picture(path: Path, picture: Picture) -> None:
    """Write a picture in the format that the name asks for; a crash leaves no part of a file.

    Raises:
        UsageError: the format cannot hold the picture, or the file cannot be written.
        MissingExtraError: the library for 16 bits is not installed.
    """
    require_holds(path, picture, picture.pixels.shape[:2])
    kind = _FORMATS[path.suffix.lower()]
    try:
        with replacing(path) as scratch:
            if kind == "TIFF":
                from ganworks_image.picture_tiff import write_tiff

                write_tiff(scratch, picture)
            elif picture.pixels.dtype == np.uint16:
                _write_deep_png(scratch, picture)
            else:
                _write_common(scratch, picture, kind)
    except ImportError:
        raise MissingExtraError(f"writing {path.name}", "image") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None


def require_holds(path: Path, picture: Picture, size: tuple[int, ...]) -> None:
    """Make sure that the format of ``path`` can hold such a picture at ``size`` (height, width).

    Raises:
        UsageError: it cannot; the message says what can.
    """
    kind = _FORMATS.get(path.suffix.lower(), "")
    channels, deep = picture.pixels.shape[2], picture.pixels.dtype != np.uint8
    problem = ""
    if not kind:
        problem = f"is no name of a picture that can be written ({' '.join(WRITTEN)})"
    elif channels not in (1, 3) and kind != "TIFF":
        problem = f"cannot hold {channels} channels: name a .tif file"
    elif deep and kind not in ("PNG", "TIFF"):
        problem = "cannot hold 16 bits a channel: name a .png or .tif file"
    elif picture.alpha is not None and kind in ("JPEG", "BMP"):
        problem = "cannot hold transparency: name a .png file"
    elif max(size) > _LONGEST.get(kind, 2**31 - 1):
        problem = f"cannot hold {size[1]:,} x {size[0]:,} pixels: name a .png file"
    if problem:
        raise UsageError(f"{path} {problem}")


def _write_common(path: Path, picture: Picture, kind: str) -> None:
    from PIL import Image

    pixels = picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    facts: dict[str, Any] = {} if picture.icc is None else {"icc_profile": picture.icc}
    if picture.dpi is not None:
        facts["dpi"] = picture.dpi
    image.save(path, format=kind, **_SETTINGS[kind], **facts)


def _write_deep_png(path: Path, picture: Picture) -> None:
    """Pillow writes no colours of 16 bits; imagecodecs does, without profile and resolution."""
    import imagecodecs

    pixels = picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])
    encoded = imagecodecs.png_encode(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    after_header = 33  # signature 8, header chunk 25 bytes
    path.write_bytes(encoded[:after_header] + _chunks(picture) + encoded[after_header:])


def _chunks(picture: Picture) -> bytes:
    """Return the profile and the resolution as PNG has them (specification, 11.3.2.3 and 11.3.4.3)."""
    chunks = b""
    if picture.icc is not None:
        chunks += _chunk(b"iCCP", b"profile\0\0" + zlib.compress(picture.icc))
    if picture.dpi is not None:
        a_metre = [round(value / 0.0254) for value in picture.dpi]
        chunks += _chunk(b"pHYs", struct.pack(">IIB", *a_metre, 1))
    return chunks


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
