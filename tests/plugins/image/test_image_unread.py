"""Pictures that are not read as they are, and classes in the wrong place: nothing is lost in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganworks.errors import DataError
from ganworks.run import Run
from ganworks_image.listing import classes_below
from ganworks_image.options import Options
from ganworks_image.reading import ImageReader
from ganworks_image.study import Study


def noise(row: int) -> Image.Image:
    pixels = np.random.default_rng(row).integers(0, 256, (16, 12, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def folders(root: Path, names: tuple[str, ...] = ("cat", "dog"), rows: int = 24) -> Path:
    for number, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for row in range(rows):
            noise(100 * number + row).save(root / name / f"{row:02d}.png")
    return root


def read(data: Path, cache: Path, max_bad: float = 0.05) -> Study:
    return ImageReader(Options(data=data, max_bad=max_bad)).read(cache)


def remarks(study: Study, action: str) -> list[tuple[str, str]]:
    rows = study.rejects[study.rejects["action"] == action]
    return list(zip(rows["file"], rows["reason"], strict=True))


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_the_first_frame_of_an_animation_is_used_and_the_rest_is_told(tmp_path: Path, suffix: str) -> None:
    data = folders(tmp_path / "data")
    (data / "cat/00.png").unlink()
    frames = [noise(500 + number).quantize(64).convert("RGB") for number in range(3)]
    options = {"lossless": True} if suffix == ".webp" else {}
    frames[0].save(data / f"cat/moves{suffix}", save_all=True, append_images=frames[1:], **options)
    study = read(data, tmp_path / "cache")
    assert remarks(study, "used") == [(f"cat/moves{suffix}", "animation: the first of 3 frames used")]
    row = study.table.index[study.table["file"] == f"cat/moves{suffix}"][0]
    np.testing.assert_array_equal(np.moveaxis(study.images[row], 0, -1), np.asarray(frames[0]))


def test_a_still_gif_is_a_picture_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for row in range(12):
        noise(row).save(tmp_path / "data" / f"{row}.gif")
    study = read(tmp_path / "data", tmp_path / "cache")
    assert study.images.shape == (12, 3, 16, 12)
    assert study.kind == "png"
    assert remarks(study, "used") == []


@pytest.mark.parametrize("suffix", [".heic", ".PPM", ".nef"])
def test_pictures_of_another_kind_count_as_bad_files(tmp_path: Path, suffix: str) -> None:
    data = folders(tmp_path / "data")
    (data / f"cat/photo{suffix}").write_bytes(b"some picture")
    (data / "notes.txt").write_text("words")
    study = read(data, tmp_path / "cache")
    reason = f"{suffix.lower()} pictures are not read; convert them to PNG"
    assert remarks(study, "left out") == [(f"cat/photo{suffix}", reason)]
    assert remarks(study, "ignored") == [("notes.txt", "unknown suffix '.txt'")]
    with pytest.raises(DataError, match=r"1 of 49 images cannot be used \(cat/photo.*convert them to PNG"):
        read(data, tmp_path / "other", max_bad=0)


def test_the_run_warns_once_of_each_loss(tmp_path: Path) -> None:
    data = folders(tmp_path / "data")
    (data / "cat/photo.heic").write_bytes(b"some picture")
    (data / "bird").mkdir()
    noise(900).save(data / "bird/only.png")
    (tmp_path / "out").mkdir()
    run = Run(tmp_path / "out")
    ImageReader(Options(data=data), run).read(run.cache)
    warned = {e["kind"]: e["text"] for e in run.events() if e["event"] == "warning"}
    assert warned["rejected"].startswith("1 file or image left out, listed in the report (cat/photo.heic: ")
    assert warned["small-class"] == "class 'bird' has only 1 image and is left out (--min-class)"


def test_classes_one_folder_too_deep_are_pointed_out(tmp_path: Path) -> None:
    folders(tmp_path / "data" / "all")
    (note,) = read(tmp_path / "data", tmp_path / "cache").notes
    assert note.endswith("For classes give the folder 'all' itself: it holds the folders cat, dog")


NAMES = st.lists(
    st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join), min_size=1, max_size=6
)


@given(NAMES)
def test_folders_below_are_named_only_where_all_pictures_lie_in_two_of_them(names: list[str]) -> None:
    told = classes_below("a", names)
    deep = {name.split("/")[1] for name in names if name.count("/") == 2 and name.startswith("a/")}
    assert bool(told) is (len(deep) == 2 and all(name.startswith("a/") for name in names))
