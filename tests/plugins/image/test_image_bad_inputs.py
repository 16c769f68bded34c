"""What cannot be used is refused in one line, with exit code 2, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganworks_cli.main import main

Case = tuple[list[str], str]


def pictures(root: Path, rows: int = 12, channels: int = 1) -> Path:
    draw = np.random.default_rng(0)
    root.mkdir(parents=True, exist_ok=True)
    for row in range(rows):
        pixels = draw.integers(0, 256, (12, 12, channels), dtype=np.uint8)
        Image.fromarray(pixels if channels == 3 else pixels[..., 0]).save(root / f"{row:02d}.png")
    return root


def archive(root: Path, **arrays: np.ndarray) -> str:
    np.savez(root / "set.npz", **arrays)
    return str(root / "set.npz")


def no_such_folder(root: Path) -> Case:
    pictures(root / "photos")
    return ["--data", str(root / "photo")], "did you mean 'photos'?"


def empty(root: Path) -> Case:
    (root / "empty").mkdir()
    return ["--data", str(root / "empty")], "holds no images: it is empty"


def only_text(root: Path) -> Case:
    (root / "notes.txt").write_text("words")
    return ["--data", str(root)], "its 1 files have other suffixes"


def broken_files(root: Path) -> Case:
    for path in list(pictures(root).glob("*.png"))[:4]:
        path.write_bytes(b"no picture")
    return ["--data", str(root)], "4 of 12 images cannot be used"


def grey_and_colour(root: Path) -> Case:
    pictures(root / "grey")
    pictures(root / "colour", channels=3)
    return ["--data", str(root)], "--channels grey or colour"


def too_few(root: Path) -> Case:
    return ["--data", str(pictures(root, rows=5))], "no class has 8 images (all: 5)"


def labels_of_another_length(root: Path) -> Case:
    found = archive(root, images=np.zeros((9, 8, 8), np.uint8), labels=np.arange(8))
    return ["--data", found], "'images' has 9 rows, 'labels' has 8"


def labels_under_another_name(root: Path) -> Case:
    found = archive(root, images=np.zeros((9, 8, 8), np.uint8), lables=np.arange(9))
    return ["--data", found], "has no array 'y'"


def volumes(root: Path) -> Case:
    found = archive(root, images=np.zeros((4, 28, 28, 28), np.uint8))
    return ["--data", found], "has shape (4, 28, 28, 28)"


def no_images(root: Path) -> Case:
    return ["--data", archive(root, images=np.zeros((0, 8, 8), np.uint8))], "holds no images"


def bad_expression(root: Path) -> Case:
    return ["--data", str(pictures(root)), "--group-regex", "("], "is not a regular expression"


def expression_without_a_match(root: Path) -> Case:
    return ["--data", str(pictures(root)), "--group-regex", r"film(\d+)"], "does not match '00.png'"


def file_kind_that_cannot_hold(root: Path) -> Case:
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 4), dtype=np.uint8)
    return ["--data", archive(root, images=images), "--file-kind", "png"], "cannot hold 4-channel uint8"


def gain_that_is_not_measured(root: Path) -> Case:
    return ["--data", str(pictures(root)), "--require-gain"], "require_gain needs downstream"


def recipe_for_pairs(root: Path) -> Case:
    return ["--data", str(pictures(root)), "--architecture", "pix2pix"], "pix2pix trains on pairs of images"


def unknown_recipe(root: Path) -> Case:
    return ["--data", str(pictures(root)), "--architecture", "snga"], "did you mean 'sngan'?"


def too_large(root: Path) -> Case:
    return ["--data", str(pictures(root)), "--size", "5000"], "less than or equal to 1024"


CASES = [
    no_such_folder, empty, only_text, broken_files, grey_and_colour, too_few, labels_of_another_length,
    labels_under_another_name, volumes, no_images, bad_expression, expression_without_a_match,
    file_kind_that_cannot_hold, gain_that_is_not_measured, recipe_for_pairs, unknown_recipe, too_large,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_command_refuses_it_in_one_line(
    case: Callable[[Path], Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    words, fragment = case(tmp_path / "data")
    before = sorted(tmp_path.rglob("*"))
    code = main(["run", "image", *words, "--out", str(tmp_path / "run"), "--steps", "1"])
    shown = capsys.readouterr()
    errors = [line for line in shown.err.splitlines() if line.startswith("error:")]
    assert code == 2, shown.err
    assert len(errors) == 1, shown.err
    assert fragment in errors[0]
    assert "Traceback" not in shown.err
    assert sorted(tmp_path.rglob("*")) == before, "something was left behind"
