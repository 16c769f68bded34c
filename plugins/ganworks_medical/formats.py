"""Writers, one a file kind. Every file says itself that it is synthetic; no source header is copied."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganworks.errors import UsageError
from ganworks_medical.intensity import Pixels

if TYPE_CHECKING:
    from ganworks_medical.study import Study

Writer = Callable[[Path, Pixels, Mapping[str, Any], "Study"], None]

# what a kind of file can hold: (dtypes, channels); None means anything
HOLDS: dict[str, tuple[set[str] | None, set[int] | None]] = {
    "png": ({"uint8", "uint16"}, {1, 3}),
    "tiff": (None, None),
    "npz": (None, None),
    "nifti": (None, {1}),
    "dicom": ({"uint8", "uint16", "int16"}, {1, 3}),
}
DESCRIPTION_LIMIT = 1024  # bytes of DICOM's ST, used by DerivationDescription


def output_kind(asked: str, kind: str, dtype: str, channels: int) -> str:
    """Return the file kind to write: the input's own where it can hold the numbers, else TIFF.

    Raises:
        UsageError: a kind was asked for that cannot hold them.
    """
    wanted = kind if asked == "auto" else asked
    if _holds(wanted, dtype, channels):
        return wanted
    if asked == "auto":
        return "tiff"
    raise UsageError(f"--file-kind {asked} cannot hold {channels}-channel {dtype} images; use tiff or npz")


def _holds(kind: str, dtype: str, channels: int) -> bool:
    dtypes, counts = HOLDS[kind]
    deep_colour = (
        channels > 1 and dtype != "uint8" and kind in ("png", "dicom")
    )  # no writer does 16-bit colour
    return (dtypes is None or dtype in dtypes) and (counts is None or channels in counts) and not deep_colour


def _interleaved(pixels: Pixels) -> Pixels:
    """(channels, height, width) to (height, width) or (height, width, channels)."""
    return pixels[0] if len(pixels) == 1 else np.ascontiguousarray(np.moveaxis(pixels, 0, -1))


def write_png(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: Study) -> None:
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()  # tEXt chunks
    info.add_text("synthetic", "true")
    info.add_text("provenance", json.dumps(provenance))
    Image.fromarray(_interleaved(pixels)).save(path, pnginfo=info)


def write_tiff(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: Study) -> None:
    import tifffile

    photometric = "rgb" if len(pixels) == 3 else "minisblack"
    planes = _interleaved(pixels) if len(pixels) in (1, 3) else pixels
    tifffile.imwrite(path, planes, photometric=photometric, description=json.dumps(provenance), metadata=None)


def write_npz(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: Study) -> None:
    np.savez_compressed(
        path,
        image=_interleaved(pixels),
        label=np.array(provenance["label"]),
        synthetic=np.array(True),
        provenance=np.array(json.dumps(provenance)),
    )


def write_nifti(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: Study) -> None:
    """One slice as a volume of thickness one, in RAS, along the axis the input was sliced in."""
    import nibabel

    from ganworks_medical.nifti import AXES

    axis = AXES[study.axis or "axial"]
    volume = np.expand_dims(np.rot90(pixels[0], -1), axis)
    row, column = study.spacing or (1.0, 1.0)
    sides = [column, row]
    sides.insert(axis, 1.0)
    image = nibabel.Nifti1Image(np.ascontiguousarray(volume), np.diag([*sides, 1.0]))
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = (
        f"SYNTHETIC {provenance['tool']} {provenance['generator_sha256'][:16]}".encode()[:79]
    )
    comment = nibabel.nifti1.Nifti1Extension("comment", json.dumps(provenance).encode())
    image.header.extensions.append(comment)
    nibabel.save(image, path)


def write_dicom(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: Study) -> None:
    """Secondary Capture with SyntheticData YES (0008,001C), fresh UIDs and nothing of any source file."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(prefix=None)
    file = Dataset()
    file.file_meta = meta
    file.SOPClassUID = meta.MediaStorageSOPClassUID
    file.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    file.StudyInstanceUID = generate_uid(prefix=None)
    file.SeriesInstanceUID = generate_uid(prefix=None)
    _describe_dicom(file, provenance, study)
    _place_dicom_pixels(file, pixels, study)
    file.save_as(path, enforce_file_format=True)


def _describe_dicom(file: Any, provenance: Mapping[str, Any], study: Study) -> None:
    file.SyntheticData = "YES"
    file.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    file.Modality = {"ct": "CT", "mr": "MR", "ultrasound": "US", "xray": "CR"}.get(study.modality, "OT")
    file.ConversionType = "SYN"
    file.PatientName = "SYNTHETIC^GAN"
    file.PatientID = f"SYNTHETIC-{provenance['seed']}"
    file.PatientBirthDate = file.PatientSex = file.StudyDate = file.StudyTime = ""
    file.StudyID = file.AccessionNumber = file.ReferringPhysicianName = ""
    file.PatientIdentityRemoved = "YES"
    file.DeidentificationMethod = "Generated image, no patient"
    file.BurnedInAnnotation = "NO"
    file.SeriesDescription = f"SYNTHETIC {provenance['label']}"[:64]
    file.SoftwareVersions = provenance["tool"]
    file.DerivationDescription = json.dumps(provenance)[:DESCRIPTION_LIMIT]
    file.SpecificCharacterSet = "ISO_IR 192"
    file.SeriesNumber = file.InstanceNumber = 1


def _place_dicom_pixels(file: Any, pixels: Pixels, study: Study) -> None:
    samples, file.Rows, file.Columns = pixels.shape
    bits = pixels.dtype.itemsize * 8
    file.SamplesPerPixel = samples
    file.PhotometricInterpretation = "MONOCHROME2" if samples == 1 else "RGB"
    if samples > 1:
        file.PlanarConfiguration = 0
    file.BitsAllocated = file.BitsStored = bits
    file.HighBit = bits - 1
    file.PixelRepresentation = int(pixels.dtype.kind == "i")
    if samples == 1:
        file.RescaleSlope, file.RescaleIntercept = 1, 0
        file.RescaleType = "HU" if study.intensity.unit == "HU" else "US"
        file.WindowCenter = (study.intensity.low + study.intensity.high) / 2
        file.WindowWidth = study.intensity.high - study.intensity.low
    if study.spacing is not None:
        file.PixelSpacing = [f"{side:.6g}" for side in study.spacing]
    file.ImageOrientationPatient, file.ImagePositionPatient = (
        [1, 0, 0, 0, 1, 0],
        [0, 0, 0],
    )  # else readers drop spacing
    data = np.ascontiguousarray(_interleaved(pixels)).astype(pixels.dtype.newbyteorder("<")).tobytes()
    file.PixelData = data + b"\0" * (len(data) % 2)
    file["PixelData"].VR = "OB" if bits == 8 else "OW"


WRITERS: dict[str, tuple[str, Writer]] = {
    "png": (".png", write_png),
    "tiff": (".tiff", write_tiff),
    "npz": (".npz", write_npz),
    "nifti": (".nii.gz", write_nifti),
    "dicom": (".dcm", write_dicom),
}
