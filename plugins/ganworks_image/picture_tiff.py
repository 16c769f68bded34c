"""TIFF pictures of 8 and 16 bits and any number of channels, in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ganworks.errors import DataError
from ganworks_image.picture import Array, Picture, too_large, upright

_ICC, _ACROSS, _ORIENTATION = 34675, 282, 274  # tags of the TIFF 6.0 specification and its supplements
_WHITE_IS_ZERO, _GREY, _COLOUR, _YCBCR = 0, 1, 2, 6  # PhotometricInterpretation
_MULTIPLIED, _STRAIGHT = 1, 2  # ExtraSamples: how alpha is kept


def read_tiff(path: Path, most_pixels: int) -> Picture:
    """Read the one picture of a file. For errors see `ganworks_image.picture_reading.read_picture`."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        series, page = file.series[0], file.pages[0]
        if series.axes not in ("YX", "YXS", "SYX", "YXC", "CYX") or len(file.series) > 1:
            raise DataError(
                f"{path}: it holds {len(file.pages)} pages; write them to a folder of pictures first"
            )
        if page.imagewidth * page.imagelength > most_pixels:
            raise DataError(f"{path}: {too_large(most_pixels)}")
        if page.photometric not in (_WHITE_IS_ZERO, _GREY, _COLOUR, _YCBCR):
            return _read_as_common(path, most_pixels)
        pixels = series.asarray()
        if series.axes in ("SYX", "CYX"):
            pixels = np.moveaxis(pixels, 0, -1)
        pixels = _deep(pixels if pixels.ndim == 3 else pixels[..., None], path)
        pixels = np.invert(pixels) if page.photometric == _WHITE_IS_ZERO else pixels
        return _picture(pixels, page)


def _read_as_common(path: Path, most_pixels: int) -> Picture:
    """Palettes and inks, which Pillow knows to convert; it reads them at 8 bits only."""
    from ganworks_image.picture_reading import read_common

    return read_common(path, most_pixels)


def _deep(pixels: Array, path: Path) -> Array:
    if pixels.dtype == bool:
        return pixels.astype(np.uint8) * 255
    if pixels.dtype not in (np.uint8, np.uint16):
        raise DataError(f"{path}: its values are {pixels.dtype}; convert it to 8 or 16 bits a channel")
    return pixels.astype(pixels.dtype.newbyteorder("="))


def _picture(pixels: Array, page: Any) -> Picture:
    tags = page.tags
    orientation = int(tags[_ORIENTATION].value) if _ORIENTATION in tags else 1
    pixels = np.ascontiguousarray(upright(pixels, orientation))
    extra = [int(kind) for kind in page.extrasamples]
    alpha = extra[-1] if extra and extra[-1] in (_MULTIPLIED, _STRAIGHT) and pixels.shape[2] in (2, 4) else 0
    dpi = None
    if _ACROSS in tags and page.resolutionunit != 1:  # 1: without a unit
        dpi = tuple(float(value) for value in page.get_resolution("inch"))
        dpi = dpi[::-1] if orientation >= 5 else dpi
    return Picture(
        pixels=_divided(pixels) if alpha == _MULTIPLIED else pixels[..., : -1 if alpha else None],
        alpha=pixels[..., -1].copy() if alpha else None,
        icc=tags[_ICC].value if _ICC in tags else None,
        dpi=dpi,  # type: ignore[arg-type]  # two values
    )


def _divided(pixels: Array) -> Array:
    """Take alpha out of colours that it was multiplied into."""
    most = np.iinfo(pixels.dtype).max
    alpha = pixels[..., -1:].astype(np.float32)
    straight = pixels[..., :-1] * (most / np.maximum(alpha, 1))
    return np.asarray(straight.round().clip(0, most).astype(pixels.dtype))


def write_tiff(path: Path, picture: Picture) -> None:
    """Write a picture, deflated."""
    import tifffile

    pixels, extra = picture.pixels, list[str]()
    colour = pixels.shape[2] == 3
    if picture.alpha is not None:
        pixels, extra = np.dstack([pixels, picture.alpha]), ["unassalpha"]
    elif not colour:
        extra = ["unspecified"] * (pixels.shape[2] - 1)
    tifffile.imwrite(
        path,
        pixels if pixels.shape[2] > 1 else pixels[..., 0],
        photometric="rgb" if colour else "minisblack",
        planarconfig="contig" if pixels.shape[2] > 1 else None,
        extrasamples=extra or None,
        compression="zlib",
        predictor=True,
        resolution=picture.dpi,
        resolutionunit="INCH" if picture.dpi else None,
        iccprofile=picture.icc,
        software=False,
        metadata=None,
    )
