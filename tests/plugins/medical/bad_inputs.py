"""Kinds of bad input: each builder makes one under a folder and returns flags and what the error must say."""

from __future__ import annotations

import csv
import shutil
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

Case = tuple[list[str], str]


def rng(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def picture(seed: str, height: int = 16, width: int = 16, channels: int = 1) -> np.ndarray:
    """A smooth random 8-bit picture, no two alike: (height, width) or (height, width, channels)."""
    draw = rng(seed)
    y, x = np.mgrid[0 : 1 : 1j * height, 0 : 1 : 1j * width]
    planes = []
    for _ in range(channels):
        waves = [
            draw.normal() * np.sin(draw.uniform(1, 20) * x + draw.uniform(1, 20) * y + draw.uniform(0, 6))
            for _ in range(6)
        ]
        plane = np.sum(waves, axis=0)
        planes.append((plane - plane.min()) / np.ptp(plane) * 255)
    return (
        np.rint(np.stack(planes, axis=-1)).astype(np.uint8).squeeze(-1)
        if channels == 1
        else np.rint(np.stack(planes, axis=-1)).astype(np.uint8)
    )


def save(path: Path, pixels: np.ndarray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(path.name + path.parent.name) if pixels is None else pixels).save(path)
    return path


def class_folders(root: Path, per_class: int = 12, classes: Sequence[str] = ("benign", "malignant")) -> Path:
    for name in classes:
        for number in range(per_class):
            save(root / name / f"img_{number:03d}.png")
    return root


def manifest(
    root: Path, rows: Sequence[dict[str, str]] | None = None, per_class: int = 12, **extra: str
) -> Path:
    class_folders(root / "images", per_class)
    if rows is None:
        rows = [
            {"path": path.relative_to(root).as_posix(), "label": path.parent.name, **extra}
            for path in sorted(root.rglob("*.png"))
        ]
    write_rows(root / "labels.csv", rows)
    return root / "labels.csv"


def write_rows(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def archive(root: Path, **arrays: np.ndarray) -> list[str]:
    np.savez(root / "set.npz", **arrays)
    return ["--data", str(root / "set.npz")]


def stack(rows: int = 24) -> np.ndarray:
    return np.stack([picture(f"row{row}") for row in range(rows)])


def halves(rows: int = 24) -> np.ndarray:
    return np.arange(rows) % 2


def volume(path: Path, values: np.ndarray) -> None:
    import nibabel

    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)


def dicom_file(name: str) -> Path:
    from pydicom.data import get_testdata_file

    return Path(str(get_testdata_file(name)))


BAD_INPUTS: dict[str, Callable[[Path], Case]] = {}


def bad(builder: Callable[[Path], Case]) -> Callable[[Path], Case]:
    BAD_INPUTS[builder.__name__] = builder
    return builder


def _data(path: Path, *flags: str) -> list[str]:
    return ["--data", str(path), *flags]


@bad
def missing_path(root: Path) -> Case:
    class_folders(root / "scans", 8)
    return _data(root / "scan"), "did you mean 'scans'?"


@bad
def empty_folder(root: Path) -> Case:
    (root / "empty").mkdir()
    return _data(root / "empty"), "it is empty"


@bad
def folder_of_other_files(root: Path) -> Case:
    (root / "notes.docx").write_bytes(b"words")
    return _data(root), "holds no images"


@bad
def unknown_suffix(root: Path) -> Case:
    (root / "scan.mha").write_bytes(b"ObjectType = Image")
    return _data(root / "scan.mha"), "unknown suffix '.mha'"


@bad
def kind_that_does_not_fit(root: Path) -> Case:
    return _data(class_folders(root, 8), "--kind", "npz"), "--kind npz needs a file"


@bad
def corrupt_png(root: Path) -> Case:
    for number, path in enumerate(sorted(class_folders(root).rglob("*.png"))):
        if number % 3 == 0:
            path.write_bytes(path.read_bytes()[:60])
    return _data(root), "8 of 24 images cannot be used (benign/img_000.png: unreadable"


@bad
def text_named_png(root: Path) -> Case:
    class_folders(root)
    for number in range(3):
        (root / "benign" / f"img_{number:03d}.png").write_text("not a picture")
    return _data(root), "benign/img_000.png: unreadable (UnidentifiedImageError"


@bad
def zero_byte_files(root: Path) -> Case:
    class_folders(root)
    for number in range(3):
        (root / "benign" / f"img_{number:03d}.png").write_bytes(b"")
    return _data(root), "empty file (0 bytes)"


@bad
def more_bad_than_allowed(root: Path) -> Case:
    (class_folders(root, 12) / "benign" / "img_000.png").write_bytes(b"")
    return _data(root, "--max-bad", "0.01"), "raise --max-bad (now 0.01)"


@bad
def truncated_dicom(root: Path) -> Case:
    folder = root / "mr"
    folder.mkdir()
    shutil.copy(dicom_file("MR_truncated.dcm"), folder / "cut.dcm")
    return _data(root), "mr/cut.dcm: unreadable"


@bad
def dicom_without_a_picture(root: Path) -> Case:
    shutil.copy(dicom_file("rtplan.dcm"), root / "plan.dcm")
    return _data(root), "holds no picture (DICOM modality RTPLAN)"


@bad
def dicom_without_header(root: Path) -> Case:
    shutil.copy(dicom_file("no_meta.dcm"), root / "bare.dcm")
    return _data(root), "bare.dcm: unreadable (InvalidDicomError"


@bad
def dicom_with_burned_in_text(root: Path) -> Case:
    import pydicom

    header = pydicom.dcmread(dicom_file("MR_small.dcm"))
    header.BurnedInAnnotation = "YES"
    header.save_as(root / "named.dcm")
    return _data(root), "--allow-burned-in"


@bad
def nan_nifti(root: Path) -> Case:
    values = rng("nan").normal(size=(12, 12, 6)).astype(np.float32)
    values[3, 3, 3] = np.nan
    volume(root / "head.nii.gz", values)
    return _data(root), "1 voxels are NaN or infinite"


@bad
def cut_off_nifti(root: Path) -> Case:
    volume(root / "head.nii", rng("cut").normal(size=(12, 12, 6)).astype(np.float32))
    (root / "head.nii").write_bytes((root / "head.nii").read_bytes()[:500])
    return _data(root), "head.nii: unreadable"


@bad
def nifti_without_foreground(root: Path) -> Case:
    values = np.zeros((16, 16, 16), dtype=np.float32)
    values[8, 8, 8] = 1
    volume(root / "speck.nii.gz", values)
    return _data(root), "--foreground"


@bad
def nan_array(root: Path) -> Case:
    images = stack().astype(np.float32)
    images[:4, 0, 0] = np.inf
    return archive(root, x=images, y=halves()), "1 pixels are NaN or infinite"


@bad
def all_constant(root: Path) -> Case:
    for number in range(10):
        save(root / "flat" / f"{number}.png", np.full((16, 16), number, dtype=np.uint8))
    return _data(root), "blank: every pixel is 0"


@bad
def tiny_pictures(root: Path) -> Case:
    for number in range(10):
        save(root / "dots" / f"{number}.png", picture(f"dot{number}", 2, 2))
    return _data(root), "2x2 pixels are too few"


@bad
def mixed_channels(root: Path) -> Case:
    class_folders(root)
    for number in range(4):
        save(root / "benign" / f"colour_{number}.png", picture(f"colour{number}", channels=3))
    return _data(root), "--channels grey or colour"


@bad
def mixed_depth(root: Path) -> Case:
    class_folders(root)
    for number in range(4):
        save(root / "benign" / f"deep_{number}.png", picture(f"deep{number}").astype(np.uint16) * 257)
    return _data(root), "images differ in depth"


@bad
def csv_without_label_column(root: Path) -> Case:
    path = manifest(root)
    write_rows(path, [{"path": row["path"], "lable": row["label"]} for row in read_rows(path)])
    return _data(path), "has no column 'label' (did you mean 'lable'?)"


@bad
def csv_without_rows(root: Path) -> Case:
    (root / "labels.csv").write_text("path,label\n")
    return _data(root / "labels.csv"), "has no rows"


@bad
def csv_that_is_binary(root: Path) -> Case:
    (root / "labels.csv").write_bytes(bytes(range(128, 256)))
    return _data(root / "labels.csv"), "is not a readable CSV"


@bad
def csv_with_missing_files(root: Path) -> Case:
    path = manifest(root)
    rows = read_rows(path)
    for row in rows[:5]:
        row["path"] = row["path"].replace("img_", "imgg_")
    write_rows(path, rows)
    return _data(path), "line 2: file not found (did you mean 'img_000.png'?)"


@bad
def csv_with_a_bad_split_word(root: Path) -> Case:
    path = manifest(root, split="train")
    rows = read_rows(path)
    rows[6]["split"] = "holdout"
    write_rows(path, rows)
    return _data(path), "labels.csv line 8: split 'holdout'"


@bad
def csv_with_repeated_rows(root: Path) -> Case:
    path = manifest(root)
    rows = read_rows(path)
    write_rows(path, rows + rows[:6])
    return _data(path), "listed twice, first in line 2"


@bad
def csv_with_contradicting_rows(root: Path) -> Case:
    path = manifest(root)
    rows = read_rows(path)
    write_rows(path, [*rows, {**rows[0], "label": "malignant"}])
    return _data(path), "line 26: 'images/benign/img_000.png' is 'malignant', but 'benign' in line 2"


@bad
def csv_with_an_empty_label(root: Path) -> Case:
    path = manifest(root)
    rows = read_rows(path)
    rows[3]["label"] = " "
    write_rows(path, rows)
    return _data(path), "labels.csv line 5: the label is empty"


@bad
def csv_with_measurements(root: Path) -> Case:
    path = manifest(root)
    rows = [{**row, "label": f"{0.37 + number:.2f}"} for number, row in enumerate(read_rows(path))]
    write_rows(path, rows)
    return _data(path), "label '0.37' is a measurement, not a class"


@bad
def csv_with_several_labels(root: Path) -> Case:
    path = manifest(root)
    write_rows(path, [{**row, "label": "nodule|effusion"} for row in read_rows(path)])
    return _data(path), "label 'nodule|effusion' names several classes"


@bad
def csv_without_training_part(root: Path) -> Case:
    return _data(manifest(root, split="test")), "the given split has no training image"


@bad
def class_without_training_part(root: Path) -> Case:
    path = manifest(root, split="train")
    rows = [{**row, "split": "test" if row["label"] == "benign" else "train"} for row in read_rows(path)]
    write_rows(path, rows)
    return _data(path), "class 'benign' has no training image"


@bad
def npz_with_python_objects(root: Path) -> Case:
    return archive(root, x=np.array([{"a": 1}, None]), y=halves(2)), "Python objects (pickle)"


@bad
def npz_that_is_no_archive(root: Path) -> Case:
    (root / "set.npz").write_bytes(b"PK\x03\x04 and then nothing of use")
    return _data(root / "set.npz"), "no readable .npz"


@bad
def npz_without_labels(root: Path) -> Case:
    return archive(root, x=stack(), labls=halves()), "has no array 'y'"


@bad
def npz_of_different_lengths(root: Path) -> Case:
    return archive(root, x=stack(), y=halves(20)), "'x' has 24 rows, 'y' has 20"


@bad
def npz_with_measurements(root: Path) -> Case:
    return archive(root, x=stack(), y=halves() + 0.5), "label '0.5' is a measurement"


@bad
def npz_with_several_labels(root: Path) -> Case:
    return archive(root, x=stack(), y=np.eye(24, 3)), "several labels a row"


@bad
def npz_of_volumes(root: Path) -> Case:
    return archive(root, x=np.zeros((4, 28, 28, 28), np.uint8), y=halves(4)), "has shape (4, 28, 28, 28)"


@bad
def npz_with_short_patients(root: Path) -> Case:
    return archive(root, x=stack(), y=halves(), patient=np.arange(5)), "'patient' has shape (5,)"


@bad
def classes_too_small(root: Path) -> Case:
    return _data(class_folders(root, 5)), "no class has 8 images (benign: 5, malignant: 5)"


@bad
def conflicting_labels_only(root: Path) -> Case:
    for number in range(10):
        for name in ("benign", "malignant"):
            save(root / name / f"{number}.png", picture(f"same{number}"))
    return _data(root), "after dropping 10 pictures that carry two labels"


@bad
def bad_window(root: Path) -> Case:
    return _data(class_folders(root, 8), "--window", "400,-160"), "window '400,-160' is neither"


@bad
def ct_preset_for_a_photograph(root: Path) -> Case:
    return _data(class_folders(root, 8), "--window", "lung"), "Hounsfield units"


@bad
def window_outside_the_data(root: Path) -> Case:
    return _data(
        class_folders(root, 8), "--window", "1000,2000"
    ), "leaves nothing: the data run from 0 to 255"


@bad
def bad_regex(root: Path) -> Case:
    return _data(class_folders(root, 8), "--patient-regex", "p(["), "is not a regular expression"


@bad
def regex_without_match(root: Path) -> Case:
    return _data(
        class_folders(root, 8), "--patient-regex", r"patient(\d+)"
    ), "does not match 'benign/img_000.png'"


@bad
def size_too_large(root: Path) -> Case:
    return _data(class_folders(root, 8), "--size", "5000"), "less than or equal to 1024"


@bad
def spacing_unknown(root: Path) -> Case:
    return _data(class_folders(root, 8), "--spacing", "0.5"), "leave --spacing out"


@bad
def starved_class_unknown(root: Path) -> Case:
    return _data(class_folders(root), "--starve", "benine=4"), "did you mean 'benign'?"


@bad
def output_that_cannot_hold(root: Path) -> Case:
    for number in range(10):
        save(root / "all" / f"{number}.png", picture(f"rgb{number}", channels=3))
    return _data(root, "--file-kind", "nifti"), "--file-kind nifti cannot hold 3-channel uint8"
