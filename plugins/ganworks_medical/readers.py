"""One file in, its pictures out: PNG, JPEG, TIFF and NumPy here; DICOM and NIfTI next door."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ganworks.errors import GanworksError, MissingExtraError
from ganworks_medical.dicom import read_dicom
from ganworks_medical.frames import BadFileError, Frame, channels_first, without_alpha
from ganworks_medical.nifti import read_nifti
from ganworks_medical.options import Options

PICTURES = (".png", ".jpg", ".jpeg", ".bmp")
TIFFS = (".tif", ".tiff")
ARRAYS = (".npy",)
NIFTIS = (".nii", ".nii.gz")
DICOMS = (".dcm", ".dicom", ".ima")
KNOWN = PICTURES + TIFFS + ARRAYS + NIFTIS + DICOMS


def suffix_of(path: Path) -> str:
    """Return the lower-case suffix, ``.nii.gz`` as one; a DICOM file without any is ``.dcm``."""
    name = path.name.lower()
    if name.endswith(".nii.gz"):
        return ".nii.gz"
    if path.suffix == "" or path.suffix[1:].isdigit():  # scanners name files IM0001 or by their UID
        return ".dcm" if _starts_as_dicom(path) else path.suffix.lower()
    return path.suffix.lower()


def _starts_as_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def kind_of(path: Path) -> str:
    """Return the output kind that belongs to a file: png, tiff, npz, nifti or dicom."""
    suffix = suffix_of(path)
    table = {PICTURES: "png", TIFFS: "tiff", ARRAYS: "npz", NIFTIS: "nifti", DICOMS: "dicom"}
    return next((kind for suffixes, kind in table.items() if suffix in suffixes), "")


def read_file(path: Path, options: Options) -> list[Frame]:
    """Return the pictures of one file.

    Raises:
        BadFileError: the file cannot be used, with the reason for the rejects table.
        MissingExtraError: the library for this kind of file is not installed.
    """
    reader = READERS.get(kind_of(path))
    if reader is None:
        raise BadFileError(f"unknown suffix '{suffix_of(path)}' (known: {' '.join(KNOWN)})")
    try:
        if path.stat().st_size == 0:
            raise BadFileError("empty file (0 bytes)")
        with warnings.catch_warnings():  # decoders remark on oddities of files which they read all the same
            warnings.simplefilter("ignore")
            return [without_alpha(frame) for frame in reader(path, options)]
    except (BadFileError, GanworksError, MemoryError):
        raise
    except ImportError:
        raise MissingExtraError(f"reading {path.name}", "medical") from None
    except Exception as error:  # decoders raise anything; one bad file must not end the run
        reason = f"{type(error).__name__}: {str(error).replace(str(path), path.name)}"
        raise BadFileError(f"unreadable ({reason[:160]})") from error


def _read_picture(path: Path, options: Options) -> list[Frame]:
    from PIL import Image, ImageOps

    if _is_16_bit_colour_png(path):
        import imagecodecs

        pixels = imagecodecs.png_decode(path.read_bytes())  # pillow would halve the depth
    else:
        with Image.open(path) as file:
            image: Image.Image = ImageOps.exif_transpose(file)
        if image.mode in ("P", "CMYK", "YCbCr", "HSV", "LAB", "PA", "1"):
            image = image.convert("L" if image.mode == "1" else "RGB")
        pixels = np.asarray(image)
    return [Frame(pixels=channels_first(pixels), dtype=str(pixels.dtype))]


def _is_16_bit_colour_png(path: Path) -> bool:
    """Read bit depth and colour type from the header chunk (PNG specification, 11.2.2)."""
    with path.open("rb") as stream:
        head = stream.read(26)
    return head[:8] == b"\x89PNG\r\n\x1a\n" and head[24] == 16 and head[25] in (2, 4, 6)


def _read_tiff(path: Path, options: Options) -> list[Frame]:
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
        Frame(pixels=channels_first(page), dtype=str(page.dtype), part=f"#{number}" if len(pages) > 1 else "")
        for number, page in enumerate(pages)
    ]
    for frame in frames if inverted and pixels.dtype.kind == "u" else []:
        frame.pixels = np.invert(frame.pixels)  # largest value minus value
        frame.notes.append("white-is-zero TIFF: inverted")
    return frames


def _read_array(path: Path, options: Options) -> list[Frame]:
    pixels = np.load(path, allow_pickle=False)
    if not isinstance(pixels, np.ndarray):
        raise BadFileError("is an archive of several arrays; give a .npz as --data itself")
    return [Frame(pixels=channels_first(pixels), dtype=str(pixels.dtype))]


READERS: dict[str, Callable[[Path, Options], list[Frame]]] = {
    "png": _read_picture,
    "tiff": _read_tiff,
    "npz": _read_array,
    "nifti": read_nifti,
    "dicom": read_dicom,
}
