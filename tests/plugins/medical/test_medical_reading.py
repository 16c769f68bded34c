"""Real files in, a study out: kinds, units, notes, resampling."""

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import tifffile
import torch
from PIL import Image
from pydicom.data import get_testdata_file

from ganworks.errors import RunError
from ganworks.run import Run
from ganworks_medical.options import Options
from ganworks_medical.reading import read
from ganworks_medical.study import MedicalStudy


def smooth(seed, height=20, width=16, dtype=np.uint8):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : 1j * height, 0 : 1 : 1j * width]
    plane = sum(rng.normal() * np.sin(rng.uniform(1, 20) * x + rng.uniform(1, 20) * y) for _ in range(6))
    top = np.iinfo(dtype).max
    return np.rint((plane - plane.min()) / np.ptp(plane) * top).astype(dtype)


def folders(root, per_class=12, dtype=np.uint8, suffix="png", **shape):
    for number, name in enumerate(("benign", "malignant")):
        (root / name).mkdir(parents=True)
        for k in range(per_class):
            pixels = smooth(1000 * number + k, dtype=dtype, **shape)
            if suffix == "tiff":
                tifffile.imwrite(root / name / f"{k:02d}.tiff", pixels)
            elif suffix == "npy":
                np.save(root / name / f"{k:02d}.npy", pixels)
            else:
                Image.fromarray(pixels).save(root / name / f"{k:02d}.{suffix}")
    return root


def test_folder_per_class_of_8_bit_png_keeps_every_value(tmp_path):
    root = folders(tmp_path / "scans")
    study = read(Options(data=root), tmp_path / "cache")
    assert study.classes == ("benign", "malignant")
    assert study.images.dtype == np.uint8
    assert study.images.shape[1:] == (1, 20, 16)
    row = study.table.index[study.table["file"] == "benign/03.png"][0]
    np.testing.assert_array_equal(study.images[row, 0], smooth(3))
    assert study.kind == "png"
    assert (study.intensity.low, study.intensity.high, study.intensity.dtype) == (0, 255, "uint8")


@pytest.mark.parametrize(("suffix", "kind"), [("png", "png"), ("tiff", "tiff"), ("npy", "npz")])
def test_16_bit_files_come_back_in_their_own_units(tmp_path, suffix, kind):
    root = folders(tmp_path / "scans", dtype=np.uint16, suffix=suffix)
    study = read(Options(data=root), tmp_path / "cache")
    assert study.images.dtype == np.uint16
    assert study.kind == kind
    row = study.table.index[study.table["file"].str.startswith("benign/03")][0]
    part = study.table.loc[row, "split"]
    data = study.part(part)
    image = data.all_rows()[int(row - study.rows(part)[0])]
    back = study.intensity.to_units(image.numpy())[0]
    original = smooth(3, dtype=np.uint16)
    inside = (original > study.intensity.low) & (original < study.intensity.high)
    assert back.dtype == np.uint16
    assert inside.mean() > 0.95
    assert np.abs(back.astype(int) - original)[inside].max() <= 2


def test_parts_are_memory_mapped_blocks_in_the_unit_range(tmp_path):
    study = read(Options(data=folders(tmp_path / "scans")), tmp_path / "cache")
    assert isinstance(study.images, np.memmap)
    parts = [study.part(name) for name in ("train", "validation", "test")]
    assert sum(len(part) for part in parts) == len(study.table) == 24
    for part, name in zip(parts, ("train", "validation", "test"), strict=True):
        rows = part.all_rows()
        assert rows.min() >= -1
        assert rows.max() <= 1
        assert part.labels.tolist() == study.table.loc[study.table["split"] == name, "index"].tolist()
        assert np.shares_memory(part.array, study.images)


def test_a_study_survives_saving_and_loading(tmp_path):
    study = read(Options(data=folders(tmp_path / "scans")), tmp_path / "cache")
    again = MedicalStudy.load(tmp_path / "cache")
    assert again.describe() == study.describe()
    assert again.table.equals(study.table)
    assert again.rejects.equals(study.rejects)


def test_a_damaged_study_is_named(tmp_path):
    read(Options(data=folders(tmp_path / "scans")), tmp_path / "cache")
    (tmp_path / "cache" / "study" / "images.npy").write_bytes(b"")
    with pytest.raises(RunError, match="start a new run"):
        MedicalStudy.load(tmp_path / "cache")


def test_same_seed_same_study_and_patients_only_as_salted_hash(tmp_path):
    root = folders(tmp_path / "scans")
    one = read(Options(data=root, patient_regex=r"/(\d)"), tmp_path / "one")
    two = read(Options(data=root, patient_regex=r"/(\d)"), tmp_path / "two")
    assert one.fingerprint == two.fingerprint
    assert (one.table["file"] == two.table["file"]).all()
    assert not set(one.table["group"]) & set(two.table["group"])  # another salt
    assert one.grouped_by == "patient"


def test_one_bad_file_among_many_is_listed_and_not_fatal(tmp_path):
    root = folders(tmp_path / "scans", per_class=15)
    (root / "benign" / "00.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (root / "readme.txt").write_text("about these scans")
    study = read(Options(data=root), tmp_path / "cache")
    table = study.rejects.set_index("file")
    assert table.loc["benign/00.png", "action"] == "left out"
    assert table.loc["readme.txt", "action"] == "ignored"
    assert len(study.table) == 29


def test_grey_saved_as_colour_is_grey_and_alpha_is_dropped(tmp_path):
    root = folders(tmp_path / "scans")
    for path in root.rglob("*.png"):
        Image.open(path).convert("RGBA").save(path)
    study = read(Options(data=root), tmp_path / "cache")
    assert study.images.shape[1] == 1
    assert set(study.rejects["reason"]) == {"transparency dropped", "grey pictures saved as colour"}


def test_colour_and_grey_can_be_reconciled_on_request(tmp_path):
    root = folders(tmp_path / "scans")
    Image.fromarray(np.stack([smooth(k) for k in (5, 6, 7)], axis=-1)).save(root / "benign" / "colour.png")
    assert read(Options(data=root, channels="grey"), tmp_path / "grey").images.shape[1] == 1
    assert read(Options(data=root, channels="colour"), tmp_path / "colour").images.shape[1] == 3


def test_mixed_shapes_are_padded_or_cropped_never_stretched(tmp_path):
    root = tmp_path / "discs"
    y, x = np.mgrid[0:200, 0:200]
    rng = np.random.default_rng(0)
    for k in range(12):
        disc = ((y - 100) ** 2 + (x - 100) ** 2 < 40**2) * 200 + rng.integers(0, 5, (200, 200))
        width = 200 if k % 2 else 130
        cut = disc[:, (200 - width) // 2 : (200 + width) // 2]
        root.mkdir(exist_ok=True)
        Image.fromarray(cut.astype(np.uint8)).save(root / f"{k}.png")
    study = read(Options(data=root, size=48), tmp_path / "cache")
    assert study.images.shape[3] % 4 == 0
    for image in study.images[:, 0]:
        inside = image > 100
        assert abs(np.ptp(np.flatnonzero(inside.any(1))) - np.ptp(np.flatnonzero(inside.any(0)))) <= 1
    assert "2 different shapes" in set(study.rejects["reason"])
    assert study.classes == ("all",)
    assert any("unconditional" in note for note in study.notes)


@pytest.mark.parametrize(("side", "expected"), [(28, 28), (30, 32), (100, 64)])
def test_default_size_follows_the_data(tmp_path, side, expected):
    root = folders(tmp_path / "scans", height=side, width=side)
    assert read(Options(data=root), tmp_path / "cache").images.shape[2:] == (expected, expected)


def test_jpeg_colour_folder_is_a_photograph(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(10):
        (tmp_path / "skin").mkdir(exist_ok=True)
        pixels = np.stack([smooth(3 * k + c, 24, 24) for c in range(3)], axis=-1)
        Image.fromarray(pixels).save(tmp_path / "skin" / f"{rng.integers(10**9)}.jpg", quality=95)
    study = read(Options(data=tmp_path / "skin"), tmp_path / "cache")
    assert (study.modality, study.kind, study.images.shape[1]) == ("photo", "png", 3)
    assert study.policy.horizontal_flip


def dicom_set(root, sources, per_class=10, **elements):
    """Real DICOM files, made different by noise and cropping nothing."""
    for label, name in sources.items():
        header = pydicom.dcmread(get_testdata_file(name))
        pixels = header.pixel_array
        (root / label).mkdir(parents=True)
        for k in range(per_class):
            rolled = np.roll(pixels, 7 * k, axis=k % 2)
            header.PixelData = rolled.astype(pixels.dtype).tobytes()
            header.PatientID, header.SOPInstanceUID = f"{label}-{k // 2}", f"1.2.3.{k}"
            header.SeriesInstanceUID = f"1.2.{len(label)}.{k}"
            for keyword, value in elements.items():
                setattr(header, keyword, value)
            header.save_as(root / label / f"{k}.dcm")
    return root


def test_ct_is_read_in_hounsfield_units_with_spacing_and_patients(tmp_path):
    root = dicom_set(tmp_path / "ct", {"chest": "CT_small.dcm"})
    study = read(Options(data=root, window="-1000,400", size=128), tmp_path / "cache")
    assert (study.modality, study.kind, study.grouped_by) == ("ct", "dicom", "patient")
    assert (study.intensity.unit, study.intensity.dtype) == ("HU", "int16")
    assert study.spacing == pytest.approx((0.661468, 0.661468))
    header = pydicom.dcmread(root / "chest" / "0.dcm")
    hu = header.pixel_array * header.RescaleSlope + header.RescaleIntercept
    row = study.table.index[study.table["file"] == "chest/0.dcm"][0]
    values = study.images[row].astype(np.float64) / 65535 * 2 - 1
    back = study.intensity.to_units(values)[0]
    np.testing.assert_array_equal(back, np.clip(hu, -1000, 400).astype(np.int16))
    groups = study.table.groupby("group")["split"].nunique()
    assert len(groups) == 5
    assert (groups == 1).all()
    assert not study.table["group"].str.contains("chest").any()


def test_monochrome1_is_inverted_and_noted(tmp_path):
    plain = dicom_set(tmp_path / "plain", {"head": "MR_small.dcm"})
    negative = dicom_set(
        tmp_path / "negative", {"head": "MR_small.dcm"}, PhotometricInterpretation="MONOCHROME1"
    )
    first = read(Options(data=plain, window="-40000,40000"), tmp_path / "one")
    second = read(Options(data=negative, window="-40000,40000"), tmp_path / "two")
    row = first.table.index[first.table["file"] == "head/0.dcm"][0]
    other = second.table.index[second.table["file"] == "head/0.dcm"][0]
    bright = np.corrcoef(first.images[row].ravel().astype(float), second.images[other].ravel().astype(float))
    assert bright[0, 1] == pytest.approx(-1, abs=1e-6)
    assert (second.rejects["reason"] == "MONOCHROME1: inverted").sum() == 10


def test_a_long_dicom_series_is_thinned_like_a_volume(tmp_path):
    root = dicom_set(tmp_path / "ct", {"chest": "CT_small.dcm"}, per_class=40, SeriesInstanceUID="1.2.3")
    assert len(read(Options(data=root, slice_step=4), tmp_path / "cache").table) == 10


@pytest.mark.parametrize(
    ("name", "channels"), [("examples_palette.dcm", 3), ("SC_rgb_rle.dcm", 3), ("examples_ybr_color.dcm", 3)]
)
def test_colour_dicom_is_read_as_colour(name, channels):
    from ganworks_medical.readers import medical_files

    frames = medical_files(Options()).read(Path(get_testdata_file(name)))
    assert {frame.pixels.shape[0] for frame in frames} == {channels}
    assert {frame.dtype for frame in frames} == {"uint8"}


def nibabel_file(name):
    import nibabel

    return Path(nibabel.__file__).parent / "tests" / "data" / name


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal"])
def test_nifti_volumes_become_slices_grouped_by_file(tmp_path, axis):
    root = tmp_path / "heads"
    root.mkdir()
    for number in range(3):
        shutil.copy(nibabel_file("example4d.nii.gz"), root / f"subject{number}.nii.gz")
    study = read(Options(data=root, axis=axis, slice_step=4, size=32), tmp_path / "cache")
    assert (study.kind, study.modality, study.axis) == ("nifti", "mr", axis)
    assert study.intensity.dtype == "int16"
    assert (study.table.groupby("source")["split"].nunique() == 1).all()
    assert study.rejects["reason"].str.contains("4-D: the first of 2 volumes used").any()
    assert study.leaks["exact_groups"] > 0  # the three subjects are one file


def test_medmnist_layout_keeps_its_split(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, rows in (("train", 20), ("val", 6), ("test", 8)):
        arrays[f"{part}_images"] = rng.integers(0, 256, (rows, 28, 28, 3), dtype=np.uint8)
        arrays[f"{part}_labels"] = (np.arange(rows) % 2)[:, None].astype(np.uint8)
    np.savez(tmp_path / "mnist.npz", **arrays)
    study = read(Options(data=tmp_path / "mnist.npz"), tmp_path / "cache")
    assert study.counts() == {
        "0": {"train": 10, "validation": 3, "test": 4},
        "1": {"train": 10, "validation": 3, "test": 4},
    }
    assert study.grouped_by == "given split"
    assert study.kind == "npz"


def test_plain_npz_with_patients_and_names(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(-1000, 1000, (40, 24, 20)).astype(np.int16)
    np.savez(
        tmp_path / "set.npz",
        x=x,
        y=np.arange(40) % 2,
        patient=np.arange(40) // 4,
        classes=np.array(["no", "yes"]),
    )
    study = read(Options(data=tmp_path / "set.npz"), tmp_path / "cache")
    assert study.classes == ("no", "yes")
    assert study.grouped_by == "patient"
    assert study.intensity.dtype == "int16"
    assert (study.table.groupby("group")["split"].nunique() == 1).all()


def test_a_run_hears_of_progress_and_of_small_classes(tmp_path):
    root = folders(tmp_path / "scans")
    (root / "rare").mkdir()
    for k in range(4):
        Image.fromarray(smooth(5000 + k)).save(root / "rare" / f"{k}.png")
    heard = []
    study = read(Options(data=root), tmp_path / "cache", Run(tmp_path / "run", [heard.append]))
    assert study.left_out == {"rare": 4}
    assert study.low_data == {"benign": 8, "malignant": 8}
    kinds = {event.get("kind") for event in heard if event["event"] == "warning"}
    assert {"small-class", "low-data"} <= kinds
    assert {"data", "progress"} <= {event["event"] for event in heard}


def test_starving_a_class_touches_training_only(tmp_path):
    full = read(Options(data=folders(tmp_path / "scans", per_class=30)), tmp_path / "full")
    starved = read(Options(data=tmp_path / "scans", starve="benign=5"), tmp_path / "starved")
    assert starved.counts()["benign"] == {**full.counts()["benign"], "train": 5}
    assert starved.counts()["malignant"] == full.counts()["malignant"]


def test_embedded_sample_is_real_small_and_starved(tmp_path):
    study = read(Options(), tmp_path / "cache")
    counts = study.counts()
    assert counts["white_matter"]["train"] == 20
    assert counts["grey_matter"]["train"] > 500
    assert min(counts[name][part] for name in counts for part in ("validation", "test")) >= 40
    assert study.leaks["across_before"] == {"validation": 0, "test": 0}
    assert study.part("train").rows(torch.arange(4)).shape == (4, 1, 28, 28)
