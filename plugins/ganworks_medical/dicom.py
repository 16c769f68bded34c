"""DICOM through pydicom: rescaled, never a negative, with the spacing that MONAI loses in 2-D files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganworks_image.frames import BadFileError, channels_first
from ganworks_image.intensity import Pixels
from ganworks_medical.frames import MedicalFrame
from ganworks_medical.options import Options

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# PS3.3 C.7.3.1.1.1
MODALITIES = {
    **dict.fromkeys(("CR", "DX", "RG", "MG", "PX", "IO", "RF", "XA"), "xray"),
    **dict.fromkeys(("US", "IVUS"), "ultrasound"),
    **dict.fromkeys(("SM", "GM"), "histology"),
    **dict.fromkeys(("ES", "OP", "XC"), "photo"),
    "CT": "ct",
    "MR": "mr",
}


def read_dicom(path: Path, options: Options) -> list[MedicalFrame]:
    """Return every frame of one DICOM file, in the modality's units (HU for CT).

    MONOCHROME1 is inverted over the stored range, palettes become colour, PatientID is passed on for the
    caller to hash. Nothing else of the header is kept.

    Raises:
        BadFileError: no picture in it, or burned-in text that was not allowed.
    """
    import pydicom

    header = pydicom.dcmread(path)
    if "PixelData" not in header:
        raise BadFileError(f"holds no picture (DICOM modality {header.get('Modality') or 'unknown'})")
    if header.get("BurnedInAnnotation") == "YES" and not options.allow_burned_in:
        raise BadFileError("says that text is burned into the picture (allow it with --allow-burned-in)")
    notes: list[str] = []
    pixels = _pixels(header, notes)
    frames = pixels if int(header.get("NumberOfFrames") or 1) > 1 else pixels[None]
    return [
        _frame(header, channels_first(frame), notes, f"#{number}" if len(frames) > 1 else "", number)
        for number, frame in enumerate(frames)
    ]


def _pixels(header: Dataset, notes: list[str]) -> Pixels:
    from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array

    photometric = str(header.get("PhotometricInterpretation", ""))
    pixels: Pixels = pixel_array(header)  # YBR comes out as RGB
    if photometric == "PALETTE COLOR":
        colours = apply_color_lut(pixels, header)
        notes.append("palette mapped to colour")
        return np.asarray(colours >> 8 if colours.dtype == np.uint16 else colours).astype(np.uint8)
    if photometric == "MONOCHROME1":
        notes.append("MONOCHROME1: inverted")
        low, high = _stored_range(header)
        pixels = (low + high - pixels.astype(np.int64)).astype(pixels.dtype)
    return np.asarray(apply_modality_lut(pixels, header))


def _stored_range(header: Dataset) -> tuple[int, int]:
    """Smallest and largest stored value that the header allows."""
    span: int = 2 ** int(header.BitsStored)
    return (-span // 2, span // 2 - 1) if header.PixelRepresentation else (0, span - 1)


def _frame(header: Dataset, pixels: Pixels, notes: list[str], part: str, number: int) -> MedicalFrame:
    modality = MODALITIES.get(str(header.get("Modality", "")), "other")
    whole = pixels.dtype.kind != "f" or bool((pixels == np.rint(pixels)).all())
    dtype = "int16" if modality == "ct" else str(pixels.dtype)
    if pixels.dtype.kind == "f" and whole and modality != "ct":
        dtype = "int16" if pixels.min() < 0 else "uint16"
    return MedicalFrame(
        pixels=pixels.astype(np.float32) if pixels.dtype.kind == "f" else pixels,
        dtype=dtype,
        spacing=_spacing(header),
        modality=modality,
        unit="HU" if modality == "ct" else "intensity",
        group=str(header.get("PatientID") or "") or None,
        part=part,
        series=str(header.get("SeriesInstanceUID") or "") or None,
        position=_position(header) + number,
        notes=list(notes),
    )


def _spacing(header: Dataset) -> tuple[float, float] | None:
    """PixelSpacing, or for projection radiographs the spacing at the detector."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        value = header.get(keyword)
        if value and len(value) == 2 and min(float(side) for side in value) > 0:
            return float(value[0]), float(value[1])
    return None


def _position(header: Dataset) -> float:
    """Place along the slice direction, so that a series is in anatomical order."""
    place, axes = header.get("ImagePositionPatient"), header.get("ImageOrientationPatient")
    if place and axes and len(place) == 3 and len(axes) == 6:
        normal = np.cross(np.array(axes[:3], dtype=float), np.array(axes[3:], dtype=float))
        return float(normal @ np.array(place, dtype=float))
    return float(header.get("InstanceNumber") or 0)
