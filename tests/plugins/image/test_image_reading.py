"""Image files of every kind in, a study out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganworks_image.options import Options
from ganworks_image.reading import ImageReader
from ganworks_image.study import Study


def read(data: Path | None, cache: Path, **options: Any) -> Study:
    return ImageReader(Options(data=data, **options)).read(cache)


def noise(row: int, height: int = 16, width: int = 12, channels: int = 1) -> np.ndarray:
    pixels = np.random.default_rng(row).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return pixels if channels > 1 else pixels[..., 0]


def folders(root: Path, names: tuple[str, ...] = ("cat", "dog"), rows: int = 12) -> Path:
    for number, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for row in range(rows):
            Image.fromarray(noise(100 * number + row)).save(root / name / f"{row:02d}.png")
    return root


def test_every_common_format_of_different_shapes(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for row in range(24):
        pixels = noise(row, 16, 24 if row % 2 else 20, 3)
        suffix = ("jpg", "webp", "bmp", "png", "tiff")[row % 5]
        Image.fromarray(pixels).save(tmp_path / "data" / f"{row:02d}.{suffix}")
    study = read(tmp_path / "data", tmp_path / "cache", size=16, flips="horizontal")
    assert study.images.shape == (24, 3, 12, 16)
    assert study.policy.horizontal_flip
    assert study.kind == "png"
    assert not study.labelled
    assert study.part("train").space.classes == ()


def test_portraits_and_landscapes_are_cropped_not_padded(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for row in range(20):
        height, width = (32, 24) if row % 2 else (24, 32)
        Image.fromarray(np.maximum(noise(row, height, width), 9)).save(tmp_path / "data" / f"{row}.png")
    study = read(tmp_path / "data", tmp_path / "cache")
    assert "padded" not in " ".join(study.rejects["action"])


def test_nothing_is_mirrored_unless_asked(tmp_path: Path) -> None:
    study = read(folders(tmp_path / "data"), tmp_path / "cache")
    assert not study.policy.horizontal_flip
    assert study.classes == ("cat", "dog")
    assert study.notes == ()  # nothing to worry about: images need no patients


def test_labels_can_be_ignored(tmp_path: Path) -> None:
    data = folders(tmp_path / "data")
    shutil.copy(data / "cat" / "00.png", data / "dog" / "same.png")  # with labels: a contradiction
    assert read(data, tmp_path / "with").leaks["conflicting_labels"] == 1
    study = read(data, tmp_path / "without", labels="no")
    assert not study.labelled
    assert study.leaks["conflicting_labels"] == 0
    assert study.notes == ()


def test_a_list_of_files_needs_no_labels(tmp_path: Path) -> None:
    data = folders(tmp_path / "data")
    lines = ["path", *(str(path.relative_to(data)) for path in sorted(data.rglob("*.png")))]
    (data / "files.csv").write_text("\n".join(lines))
    assert not read(data, tmp_path / "cache").labelled


@pytest.mark.parametrize(("channels", "kind"), [(2, "npz"), (4, "npz")])
def test_archives_of_unusual_channels(tmp_path: Path, channels: int, kind: str) -> None:
    images = np.stack([noise(row, 10, 22, channels) for row in range(24)])
    np.savez(tmp_path / "set.npz", x=images, y=np.arange(24) % 2)
    study = read(tmp_path / "set.npz", tmp_path / "cache")
    assert study.images.shape[1:] == (channels, 12, 24)
    assert study.kind == kind
    tiff = read(tmp_path / "set.npz", tmp_path / "other", file_kind="tiff")
    assert tiff.kind == "tiff"


def test_frames_of_a_film_stay_together(tmp_path: Path) -> None:
    data = folders(tmp_path / "data", rows=30)
    for path in list(data.rglob("*.png")):
        path.rename(path.with_name(f"film{int(path.stem) // 3}_{path.name}"))
    study = read(data, tmp_path / "cache", group_regex=r"^(\w+/film\d+)_")
    assert study.table["group"].nunique() == 20
    assert study.table.groupby("group")["split"].nunique().max() == 1
    assert study.grouped_by == "group"


def test_a_bitmap_of_two_values_is_black_and_white(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for row in range(12):
        np.save(tmp_path / "data" / f"{row}.npy", noise(row) > 127)
    study = read(tmp_path / "data", tmp_path / "cache")
    assert set(np.unique(study.images)) == {0, 255}


def test_the_embedded_digits(tmp_path: Path) -> None:
    study = read(None, tmp_path / "cache")
    assert study.classes == tuple("0123456789")
    assert study.images.shape[1:] == (1, 28, 28)
    assert sum(count["train"] for count in study.counts().values()) > 3_000
    assert min(count["test"] for count in study.counts().values()) > 80
    assert not read(None, tmp_path / "bare", labels="no", cap_per_class=100).labelled
