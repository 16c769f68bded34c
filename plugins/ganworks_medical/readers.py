"""The kinds of files a hospital has: ordinary pictures, NIfTI volumes and DICOM."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ganworks_image.readers import SUFFIXES, FileKinds, picture_readers
from ganworks_medical.dicom import read_dicom
from ganworks_medical.frames import MedicalFrame
from ganworks_medical.nifti import read_nifti
from ganworks_medical.options import Options

NIFTIS = (".nii", ".nii.gz")
DICOMS = (".dcm", ".dicom", ".ima")


def medical_files(options: Options) -> FileKinds:
    """Return what can be read, with slices and units as the options say; a volume is a patient of its own."""
    return FileKinds(
        suffixes={**SUFFIXES, "nifti": NIFTIS, "dicom": DICOMS},
        readers={
            **picture_readers(MedicalFrame),
            "nifti": partial(read_nifti, options=options),
            "dicom": partial(read_dicom, options=options),
        },
        extra="medical",
        suffix_of=suffix_of,
        own_group=frozenset({"nifti"}),
    )


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
