"""Synthetic files: the input's kind and units, marked as synthetic, nothing copied, nothing half-written."""

import json
import subprocess
import sys

import nibabel
import numpy as np
import pandas as pd
import pydicom
import pytest
import tifffile
import torch
from PIL import Image

from ganworks.errors import UsageError
from ganworks_image.folders import replace_folder
from ganworks_image.formats import output_kind
from ganworks_image.intensity import IntensityMap
from ganworks_image.writing import folder_names, write_samples
from ganworks_medical.formats import MEDICAL_FORMATS
from ganworks_medical.policies import policy_for
from ganworks_medical.study import MedicalStudy


def study(kind, intensity, channels=1, **changes):
    table = pd.DataFrame(columns=["file", "label", "index", "group", "split", "source"])
    values = {
        "images": np.zeros((0, channels, 20, 16), np.uint16),
        "table": table,
        "rejects": pd.DataFrame(columns=["file", "reason", "action"]),
        "classes": ("benign", "malignant/rare"),
        "intensity": intensity,
        "kind": kind,
        "modality": "ct",
        "policy": policy_for("ct"),
        "spacing": (0.7, 0.5),
        "axis": None,
        "fingerprint": "f" * 64,
        "title": "t",
        "grouped_by": "patient",
    }
    return MedicalStudy(**{**values, **changes})


def samples(channels=1, height=20, width=16):
    images = torch.rand(4, channels, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1
    images[0, :, 0, 0], images[0, :, 0, 1] = -1, 1
    return images, torch.tensor([0, 1, 0, 1])


HU = IntensityMap(low=-1000, high=400, dtype="int16", unit="HU")
DEEP = IntensityMap(low=100, high=60000, dtype="uint16")
EIGHT = IntensityMap(low=0, high=255, dtype="uint8")
FLOAT = IntensityMap(low=-2.5, high=7.25, dtype="float32")


def read_back(path, kind):
    """Return pixels (height, width[, channels]) and the provenance found in the file."""
    if kind == "png":
        image = Image.open(path)
        return np.asarray(image), json.loads(image.text["provenance"]), image.text["synthetic"] == "true"
    if kind == "tiff":
        with tifffile.TiffFile(path) as file:
            found = json.loads(file.pages[0].description)
            return file.asarray(), found, found["synthetic"]
    if kind == "npz":
        with np.load(path, allow_pickle=False) as archive:
            return archive["image"], json.loads(str(archive["provenance"])), bool(archive["synthetic"])
    if kind == "nifti":
        image = nibabel.load(path)
        found = json.loads(image.header.extensions[0].get_content())
        marked = bytes(image.header["descrip"]).startswith(b"SYNTHETIC")
        return np.rot90(np.asarray(image.dataobj)[:, :, 0]), found, marked
    header = pydicom.dcmread(path)
    return header.pixel_array, json.loads(header.DerivationDescription), header[0x0008001C].value == "YES"


@pytest.mark.parametrize(
    ("kind", "intensity", "channels"),
    [
        ("png", EIGHT, 1),
        ("png", EIGHT, 3),
        ("png", DEEP, 1),
        ("tiff", DEEP, 3),
        ("tiff", HU, 1),
        ("tiff", FLOAT, 5),
        ("npz", FLOAT, 2),
        ("npz", HU, 1),
        ("nifti", HU, 1),
        ("nifti", FLOAT, 1),
        ("dicom", HU, 1),
        ("dicom", DEEP, 1),
        ("dicom", EIGHT, 3),
    ],
)
def test_every_kind_comes_back_in_units_and_marked(tmp_path, kind, intensity, channels):
    images, labels = samples(channels)
    made = write_samples(
        tmp_path / "samples", images, labels, [7, 8, 9, 10], study(kind, intensity, channels), "a" * 64
    )
    assert made["file"].str.split(".").str[0].tolist() == [
        "benign/000001",
        "malignant_rare/000001",
        "benign/000002",
        "malignant_rare/000002",
    ]
    for row, image in zip(made.itertuples(), images, strict=True):
        pixels, provenance, marked = read_back(tmp_path / "samples" / row.file, kind)
        expected = intensity.to_units(image.numpy())
        planes = pixels[None] if channels == 1 else pixels if channels == 5 else np.moveaxis(pixels, -1, 0)
        assert planes.dtype == expected.dtype
        np.testing.assert_array_equal(planes, expected)
        assert marked
        assert provenance["seed"] == row.seed
        assert provenance["generator_sha256"] == "a" * 64
        assert provenance["label"] == row.label


def test_dicom_has_fresh_uids_spacing_and_no_person(tmp_path):
    images, labels = samples()
    made = write_samples(tmp_path / "s", images, labels, [1, 2, 3, 4], study("dicom", HU), "a" * 64)
    headers = [pydicom.dcmread(tmp_path / "s" / file) for file in made["file"]]
    assert len({header.SOPInstanceUID for header in headers}) == 4
    assert {str(header.PatientName) for header in headers} == {"SYNTHETIC^GAN"}
    assert [float(side) for side in headers[0].PixelSpacing] == [0.7, 0.5]
    assert headers[0].Modality == "CT"
    assert headers[0].RescaleType == "HU"


def test_monai_reads_the_written_dicom_with_its_spacing(tmp_path):
    from ganworks_medical.nifti import quiet_monai

    images, labels = samples()
    made = write_samples(tmp_path / "s", images, labels, [1, 2, 3, 4], study("dicom", HU), "a" * 64)
    with quiet_monai():
        from monai.transforms import LoadImage

        volume = LoadImage(image_only=True, reader="PydicomReader")(str(tmp_path / "s" / made["file"][0]))
    assert sorted(float(side) for side in volume.pixdim[:2]) == pytest.approx([0.5, 0.7])


@pytest.mark.parametrize(
    ("axis", "sides"), [("axial", (0.5, 0.7, 1)), ("coronal", (0.5, 1, 0.7)), ("sagittal", (1, 0.5, 0.7))]
)
def test_nifti_has_the_slice_in_its_place(tmp_path, axis, sides):
    images, labels = samples()
    made = write_samples(
        tmp_path / "s", images, labels, [1, 2, 3, 4], study("nifti", HU, axis=axis), "a" * 64
    )
    image = nibabel.load(tmp_path / "s" / made["file"][0])
    assert tuple(float(side) for side in image.header.get_zooms()) == pytest.approx(sides)
    assert image.shape[sides.index(1)] == 1


def test_manifest_has_the_given_columns_and_replaces_the_old_folder(tmp_path):
    images, labels = samples()
    old = tmp_path / "samples"
    write_samples(old, images.repeat(2, 1, 1, 1), labels.repeat(2), range(8), study("png", EIGHT), "a" * 64)
    (old / "benign" / ".DS_Store").touch()
    columns = {"nearest_training_distance": [0.1, 0.2, 0.3, 0.4], "verdict": ["kept"] * 4}
    write_samples(old, images, labels, [1, 2, 3, 4], study("png", EIGHT), "a" * 64, columns)
    manifest = pd.read_csv(old / "manifest.csv")
    assert list(manifest) == [
        "file",
        "label",
        "seed",
        "generator_sha256",
        "nearest_training_distance",
        "verdict",
    ]
    assert manifest["nearest_training_distance"].tolist() == [0.1, 0.2, 0.3, 0.4]
    assert sorted(path.name for path in (old / "benign").iterdir()) == ["000001.png", "000002.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["samples"]


def test_a_failure_leaves_the_old_folder_whole(tmp_path):
    images, labels = samples()
    folder = tmp_path / "samples"
    write_samples(folder, images, labels, [1, 2, 3, 4], study("png", EIGHT), "a" * 64)
    before = sorted(folder.rglob("*"))
    with pytest.raises(IndexError):
        write_samples(folder, images, torch.tensor([0, 1, 0, 9]), [1, 2, 3, 4], study("png", EIGHT), "b" * 64)
    with pytest.raises(ValueError, match="differ in length"):
        write_samples(folder, images, labels, [1], study("png", EIGHT), "b" * 64)
    assert sorted(folder.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["samples"]


@pytest.mark.parametrize(
    "kept", ["thesis.tex", "benign/notes.txt", "benign/000009.png", ".git/HEAD", "more/deep/manifest.csv"]
)
def test_nothing_but_earlier_samples_is_replaced(tmp_path, kept):
    images, labels = samples()
    folder = tmp_path / "samples"
    write_samples(folder, images, labels, [1, 2, 3, 4], study("png", EIGHT), "a" * 64)
    (folder / kept).parent.mkdir(parents=True, exist_ok=True)
    (folder / kept).write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="choose a new folder"):
        write_samples(folder, images, labels, [1, 2, 3, 4], study("png", EIGHT), "b" * 64)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("manifest", [None, "", "file,label\na.png,x\n", b"\xff\xfe\x00", "x" * 200_000])
def test_a_manifest_of_another_program_is_not_replaced(tmp_path, manifest):
    images, labels = samples()
    (tmp_path / "a.png").touch()
    if manifest is not None:
        content = manifest if isinstance(manifest, bytes) else manifest.encode()
        (tmp_path / "manifest.csv").write_bytes(content)
    with pytest.raises(UsageError, match="holds no samples of an earlier call"):
        write_samples(tmp_path, images, labels, [1, 2, 3, 4], study("png", EIGHT), "b" * 64)
    assert (tmp_path / "a.png").exists()


def test_samples_go_behind_a_link_and_not_over_a_file(tmp_path):
    images, labels = samples()
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    for _ in range(2):
        write_samples(tmp_path / "link", images, labels, [1, 2, 3, 4], study("png", EIGHT), "b" * 64)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "disk" / "manifest.csv").exists()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        write_samples(tmp_path / "file", images, labels, [1, 2, 3, 4], study("png", EIGHT), "b" * 64)


KILLED = """
import os, pathlib, sys
from ganworks_image.folders import replace_folder
rename = pathlib.Path.rename
def killed(path, target):
    if path.name == "scratch":
        os._exit(9)  # as kill -9 between the two renames
    return rename(path, target)
pathlib.Path.rename = killed
replace_folder(pathlib.Path("scratch"), pathlib.Path("study"))
"""


def test_a_kill_between_the_two_renames_costs_nothing(tmp_path):
    for name in ("scratch", "study"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.json").write_text(name)
    code = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, check=False).returncode
    assert code == 9
    assert not (tmp_path / "study").exists()
    assert MedicalStudy.exists(tmp_path)
    assert (tmp_path / "study" / "study.json").read_text() == "study"
    (tmp_path / ".study.77.old").mkdir()  # of a kill while it deleted
    replace_folder(tmp_path / "scratch", tmp_path / "study")
    assert [path.name for path in tmp_path.iterdir()] == ["study"]
    assert (tmp_path / "study" / "study.json").read_text() == "scratch"


def test_a_folder_that_cannot_be_placed_leaves_the_old_one(tmp_path):
    (tmp_path / "study").mkdir()
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "absent", tmp_path / "study")
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_folder_names_are_safe_and_distinct():
    assert folder_names(["a/b", "A_B", "..", "ok", ""]) == ["a_b", "A_B_1", "class_2", "ok", "class_4"]


@pytest.mark.parametrize(
    ("asked", "kind", "dtype", "channels", "expected"),
    [
        ("auto", "png", "uint8", 3, "png"),
        ("auto", "png", "uint16", 3, "tiff"),
        ("auto", "png", "int16", 1, "tiff"),
        ("auto", "nifti", "float32", 1, "nifti"),
        ("auto", "dicom", "float32", 1, "tiff"),
        ("npz", "png", "uint8", 7, "npz"),
    ],
)
def test_output_kind_can_hold_the_numbers(asked, kind, dtype, channels, expected):
    assert output_kind(asked, kind, dtype, channels, MEDICAL_FORMATS) == expected


def test_output_kind_refuses_what_it_cannot_hold():
    with pytest.raises(UsageError, match="use tiff or npz"):
        output_kind("png", "nifti", "float32", 1, MEDICAL_FORMATS)
