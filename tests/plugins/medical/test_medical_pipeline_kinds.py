"""Whole runs over real medical files: 16-bit DICOM and NIfTI in, readable files in the same units out."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import onnx
import pydicom
import pytest
from pydicom.data import get_testdata_file

from ganworks import plugin
from ganworks.registry import discover
from ganworks.session import Session
from ganworks_medical.options import Options

QUICK = {
    "steps": 4,
    "threads": 1,
    "seeds": 2,
    "images_per_class": 3,
    "size": 16,
    "recipe": "sngan",
    "recipe_options": {"batch": 8, "width": 8},
}


def run(data: Path, out: Path, **options) -> Session:
    registry = discover(third_party=False)
    domain = registry.find(plugin.Domain, "medical-augment")
    session = Session.create(domain, Options(data=data, **{**QUICK, **options}), out, registry)
    session.run()
    return session


def dicom_folder(root: Path) -> Path:
    """Two classes of 120 patches each of pydicom's CT slice (24 for the test part), as 16-bit DICOM."""
    source = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    whole = source.pixel_array
    draw = np.random.default_rng(0)
    for label, row in (("air", 0), ("body", 48)):
        (root / label).mkdir(parents=True)
        for number in range(120):
            top, left = row + draw.integers(0, 24), draw.integers(0, 88)
            patch = whole[top : top + 40, left : left + 40].astype(np.int16)
            patch = patch + draw.normal(0, 15, patch.shape).astype(np.int16)
            source.Rows, source.Columns = patch.shape
            source.PixelData = patch.tobytes()
            source.PatientID = f"{label}-{number // 2}"
            source.SeriesInstanceUID = pydicom.uid.generate_uid()
            source.SOPInstanceUID = pydicom.uid.generate_uid()
            source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
            source.save_as(root / label / f"{number:03d}.dcm")
    return root


@pytest.fixture(scope="module")
def dicom_run(tmp_path_factory) -> Session:
    root = tmp_path_factory.mktemp("dicom")
    return run(dicom_folder(root / "data"), root / "out", window="-1100,500", modality="ct")


def test_dicom_comes_back_as_dicom_in_hounsfield_units(dicom_run):
    files = sorted(dicom_run.run_folder.samples.rglob("*.dcm"))
    assert len(files) == 6
    for path in files:
        file = pydicom.dcmread(path)
        assert file.SyntheticData == "YES"
        assert file.RescaleType == "HU"
        assert file.pixel_array.dtype == np.int16
        hu = file.pixel_array * float(file.RescaleSlope) + float(file.RescaleIntercept)
        assert hu.min() >= -1100
        assert hu.max() <= 500
        assert len(np.unique(hu)) > 20
        assert not file.get("PatientBirthDate")
        assert not str(file.PatientID).startswith(("air", "body"))


def test_patients_stay_on_one_side_and_are_not_named(dicom_run):
    table = dicom_run.pipeline.study.table
    assert table.groupby("group")["split"].nunique().max() == 1
    for path in dicom_run.run_folder.folder.rglob("*"):
        if path.is_file() and path.suffix in (".csv", ".json", ".toml", ".jsonl", ".html"):
            assert "air-1" not in path.read_text(encoding="utf-8"), path


def test_the_manifest_names_every_file(dicom_run):
    folder = dicom_run.run_folder.samples
    rows = list(csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["file"] for row in rows} == {str(path.relative_to(folder)) for path in folder.rglob("*.dcm")}
    assert {row["label"] for row in rows} == {"air", "body"}
    assert all(len(row["generator_sha256"]) == 64 and row["seed"] for row in rows)


def test_metrics_have_the_stable_keys(dicom_run):
    metrics = json.loads((dicom_run.run_folder.folder / "metrics.json").read_text(encoding="utf-8"))
    promised = {
        "fidelity": "kid kid_floor fd fd_floor precision recall density coverage diversity_ratio extractor "
        "n_real n_synthetic per_class",
        "privacy": "ct authenticity membership_auc dropped verdict",
        "downstream": "metric arms gain gain_low gain_high seeds verdict",
        "export": "file max_abs_diff opset",
        "time": "train_s total_s",
        "memory": "peak_bytes",
    }
    for block, keys in promised.items():
        assert set(keys.split()) <= metrics[block].keys(), block


def test_the_exported_model_speaks_hounsfield_units_and_names_its_classes(dicom_run):
    model = onnx.load(dicom_run.run_folder.model / "generator.onnx")
    card = json.loads({p.key: p.value for p in model.metadata_props}["card"])
    assert card["classes"] == ["air", "body"]
    assert card["intensity"]["unit"] == "HU"
    made = dicom_run.run_folder.folder / "out.npz"
    script = dicom_run.run_folder.model / "sample.py"
    command = [sys.executable, str(script), "--count", "4", "--label", "body", "--out", str(made)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    images = next(iter(np.load(made).values()))
    assert (images.shape, images.dtype) == ((4, 16, 16, 1), np.int16)
    assert -1100 <= images.min() < images.max() <= 500


def test_more_samples_of_one_class(dicom_run, tmp_path):
    dicom_run.sample(5, "air", seed=3, out=tmp_path / "more")
    assert len(list((tmp_path / "more").rglob("*.dcm"))) == 5
    again = tmp_path / "again"
    dicom_run.sample(5, "air", seed=3, out=again)
    first, second = (sorted(folder.rglob("*.dcm"))[0] for folder in (tmp_path / "more", again))
    assert np.array_equal(pydicom.dcmread(first).pixel_array, pydicom.dcmread(second).pixel_array)


def test_a_finished_run_can_be_opened_evaluated_and_reported_again(dicom_run):
    registry = discover(third_party=False)
    session = Session.open(dicom_run.run_folder.folder, registry)
    before = dicom_run.run_folder.metrics()
    after = session.evaluate()
    assert after["fidelity"] == before["fidelity"]
    assert after["downstream"] == before["downstream"]
    assert session.report().stat().st_size > 20_000


def nifti_folder(root: Path) -> Path:
    """Two classes of 6 volumes each: blobs of two radii in noise, int16, anisotropic spacing."""
    draw = np.random.default_rng(1)
    z, y, x = np.mgrid[:16, :24, :20]
    for label, radius in (("small", 4), ("large", 8)):
        (root / label).mkdir(parents=True)
        for number in range(6):
            centre = np.array([8, 12, 10]) + draw.uniform(-2, 2, 3)
            distance = np.sqrt((z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2)
            volume = 900 * (distance < radius) + draw.normal(100, 20, distance.shape)
            image = nib.Nifti1Image(volume.transpose(2, 1, 0).astype(np.int16), np.diag([0.8, 0.8, 2.5, 1]))
            nib.save(image, root / label / f"scan{number}.nii.gz")
    return root


def test_nifti_comes_back_as_nifti_with_spacing_and_mark(tmp_path):
    data = nifti_folder(tmp_path / "data")
    session = run(data, tmp_path / "out", slice_step=2, modality="mr", min_class=4)
    files = sorted(session.run_folder.samples.rglob("*.nii.gz"))
    assert len(files) == 6
    for path in files:
        image = nib.load(path)
        assert image.get_data_dtype() == np.int16
        pixels = np.asarray(image.dataobj)
        assert pixels.min() >= 0
        assert pixels.max() <= 1200
        assert image.header.get_zooms()[0] == pytest.approx(image.header.get_zooms()[1], rel=0.01)
        assert b"SYNTHETIC" in bytes(image.header["descrip"]).upper()
    assert session.pipeline.study.table.groupby("group")["split"].nunique().max() == 1


def test_an_npz_of_colour_images_that_are_not_square(tmp_path):
    draw = np.random.default_rng(2)
    pixels = draw.integers(0, 256, (60, 24, 16, 3), dtype=np.uint8)
    pixels[::2, :, :, 0] //= 4
    np.savez(tmp_path / "set.npz", x=pixels, y=np.arange(60) % 2, patient=np.arange(60) // 2)
    session = run(tmp_path / "set.npz", tmp_path / "out", size=24, modality="histology")
    assert session.data().space.shape == (3, 24, 16)
    made = list(session.run_folder.samples.rglob("*.npz"))
    assert len(made) == 6


def test_monai_transforms_run_in_training_and_their_cost_is_said(tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (40, 16, 16), dtype=np.uint8)
    np.savez(tmp_path / "set.npz", x=pixels, y=np.arange(40) % 2)
    transforms = [{"name": "RandGaussianNoise", "args": {"prob": 1.0}}]
    session = run(tmp_path / "set.npz", tmp_path / "out", monai_transforms=transforms, modality="other")
    cost = [e for e in session.run_folder.events() if e["event"] == "monai_transforms"]
    assert cost
    assert cost[0]["images_per_second"] > 0
