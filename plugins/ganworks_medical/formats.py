"""NIfTI and DICOM as they are written: marked as synthetic, with fresh identifiers, nothing of a source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganworks_image import formats
from ganworks_image.formats import FileFormat, interleaved
from ganworks_image.intensity import Pixels

if TYPE_CHECKING:
    from ganworks_medical.study import MedicalStudy

DESCRIPTION_LIMIT = 1024  # bytes of DICOM's ST, used by DerivationDescription


def write_nifti(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: MedicalStudy) -> None:
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


def write_dicom(path: Path, pixels: Pixels, provenance: Mapping[str, Any], study: MedicalStudy) -> None:
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


def _describe_dicom(file: Any, provenance: Mapping[str, Any], study: MedicalStudy) -> None:
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


def _place_dicom_pixels(file: Any, pixels: Pixels, study: MedicalStudy) -> None:
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
    data = np.ascontiguousarray(interleaved(pixels)).astype(pixels.dtype.newbyteorder("<")).tobytes()
    file.PixelData = data + b"\0" * (len(data) % 2)
    file["PixelData"].VR = "OB" if bits == 8 else "OW"


MEDICAL_FORMATS: dict[str, FileFormat] = {
    **formats.FORMATS,
    "nifti": FileFormat(suffix=".nii.gz", write=write_nifti, channels=frozenset({1})),
    "dicom": FileFormat(
        suffix=".dcm",
        write=write_dicom,
        dtypes=frozenset({"uint8", "uint16", "int16"}),
        channels=frozenset({1, 3}),
        deep_colour=False,
    ),
}
