"""Files find their partners, however they are laid out; those without one are named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganworks.errors import DataError
from ganworks_cli.main import main
from ganworks_translation.ingest import readable
from ganworks_translation.options import Options
from ganworks_translation.pairing import Finder, Listing


def picture(path: Path, width: int = 16, height: int = 16, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def find(**asked: Any) -> Listing:
    options = Options(**asked)
    return Finder(options, readable(options)).find()


def names(listing: Listing) -> list[tuple[str, str]]:
    return [(a.name, b.name) for a, b in zip(listing.a, listing.b, strict=True)]


def test_two_folders_pair_by_name_whatever_the_suffix(tmp_path: Path) -> None:
    for name in ("left/2.png", "left/sub/1.jpg", "right/sub/1.png", "right/2.bmp"):
        picture(tmp_path / name)
    found = find(data=tmp_path)
    assert names(found) == [("2.png", "2.bmp"), ("sub/1.jpg", "sub/1.png")]
    assert (found.paired, found.halves) == (True, False)
    named = find(a=tmp_path / "right", b=tmp_path / "left", paired=True)
    assert names(named) == [("2.bmp", "2.png"), ("sub/1.png", "sub/1.jpg")]


def test_names_with_an_ending_of_their_side_pair(tmp_path: Path) -> None:
    for name in ("a/sub-01_T1.png", "a/sub-02_T1.png", "b/sub-02_T2w.png", "b/sub-01_T2w.png"):
        picture(tmp_path / name)
    assert names(find(data=tmp_path)) == [
        ("sub-01_T1.png", "sub-01_T2w.png"),
        ("sub-02_T1.png", "sub-02_T2w.png"),
    ]


def test_an_ending_never_takes_digits_off_a_number(tmp_path: Path) -> None:
    for name in ("a/10_T1.png", "a/20_T1.png", "b/10_T2.png", "b/20_T2.png", "c/1_T2.png", "c/2_T2.png"):
        picture(tmp_path / name)
    found = find(a=tmp_path / "a", b=tmp_path / "b", paired=True)
    assert names(found) == [("10_T1.png", "10_T2.png"), ("20_T1.png", "20_T2.png")]
    with pytest.raises(DataError, match="without a partner"):
        find(a=tmp_path / "a", b=tmp_path / "c", paired=True)


def test_folders_without_pairs_keep_their_own_order_and_number(tmp_path: Path) -> None:
    for name in ("a/1.png", "a/2.png", "b/7.png"):
        picture(tmp_path / name)
    found = find(a=tmp_path / "a", b=tmp_path / "b")
    assert ([one.name for one in found.a], [one.name for one in found.b]) == (["1.png", "2.png"], ["7.png"])
    assert not found.paired


def test_the_common_layout_of_two_sets_is_known(tmp_path: Path) -> None:
    for name in ("trainA/1.png", "trainB/x.png", "testA/1.png", "testB/y.png"):
        picture(tmp_path / name)
    found = find(data=tmp_path)
    assert [(one.name, one.split) for one in found.a] == [("train/1.png", "train"), ("test/1.png", "test")]
    assert not found.paired


def test_the_common_layout_pairs_within_a_part(tmp_path: Path) -> None:
    for name in ("trainA/1.png", "trainB/1.png", "testA/1.png", "testB/1.png"):
        picture(tmp_path / name)
    found = find(data=tmp_path, paired=True)
    assert names(found) == [("test/1.png", "test/1.png"), ("train/1.png", "train/1.png")]


def test_a_folder_of_a_part_gives_the_split(tmp_path: Path) -> None:
    for name in ("train/1.png", "val/2.png", "test/3.png"):
        picture(tmp_path / name, width=32)
    found = find(data=tmp_path)
    assert found.halves
    assert [one.split for one in found.a] == ["test", "train", "validation"]


def test_a_table_pairs_files_from_anywhere(tmp_path: Path) -> None:
    for name in ("x/1.png", "y/one.png", "z.png"):
        picture(tmp_path / name)
    table = tmp_path / "pairs.csv"
    table.write_text("A,b,split,group\nx/1.png,y/one.png,val,p1\nz.png,y/one.png,train,\n", encoding="utf-8")
    found = find(data=table)
    assert names(found) == [("x/1.png", "y/one.png"), ("z.png", "y/one.png")]
    assert [(one.split, one.group) for one in found.a] == [("validation", "p1"), ("train", None)]


def missing_partners(root: Path) -> dict[str, Any]:
    for row in range(6):
        picture(root / f"a/{row}.png")
    picture(root / "b/0.png")
    return {"data": root}


def unequal_on_both_sides(root: Path) -> dict[str, Any]:
    for name in ("a/1.png", "a/2.png", "b/1.png", "b/3.png"):
        picture(root / name)
    return {"a": root / "a", "b": root / "b", "paired": True}


def one_name_twice(root: Path) -> dict[str, Any]:
    for name in ("a/1.png", "a/1.jpg", "b/1.png"):
        picture(root / name)
    return {"data": root}


def empty_side(root: Path) -> dict[str, Any]:
    picture(root / "a/1.png")
    (root / "b").mkdir()
    return {"data": root}


def no_such_folder(root: Path) -> dict[str, Any]:
    picture(root / "photos/1.png")
    return {"data": root / "photo"}


def one_folder_only(root: Path) -> dict[str, Any]:
    picture(root / "a/1.png")
    return {"data": root, "side_by_side": "no"}


def not_side_by_side(root: Path) -> dict[str, Any]:
    picture(root / "1.png")
    return {"data": root}


def column_missing(root: Path) -> dict[str, Any]:
    (root / "t.csv").write_text("a,c\n1,2\n", encoding="utf-8")
    return {"data": root / "t.csv"}


def file_of_a_line_missing(root: Path) -> dict[str, Any]:
    picture(root / "one.png")
    (root / "t.csv").write_text("a,b\none.png,one.png\none.png,onne.png\n", encoding="utf-8")
    return {"data": root / "t.csv"}


def empty_cell(root: Path) -> dict[str, Any]:
    picture(root / "one.png")
    (root / "t.csv").write_text("a,b\none.png,\n", encoding="utf-8")
    return {"data": root / "t.csv"}


def labels_without_pairs(root: Path) -> dict[str, Any]:
    for name in ("trainA/1.png", "trainB/1.png"):
        picture(root / name)
    return {"data": root, "labels": "a"}


def nothing_to_hide(root: Path) -> dict[str, Any]:
    return {**labels_without_pairs(root), "labels": "no", "hide_pairs": True}


REFUSED: list[tuple[Callable[[Path], dict[str, Any]], str]] = [
    (
        missing_partners,
        "6 and 1 pictures do not pair by name: 5 of a without a partner: 1.png, 2.png, 3.png and 2",
    ),
    (unequal_on_both_sides, "1 of a without a partner: 2.png; 1 of b without a partner: 3.png"),
    (one_name_twice, "1.png and 1.jpg have one name"),
    (empty_side, "holds no pictures: it is empty"),
    (no_such_folder, "did you mean 'photos'?"),
    (one_folder_only, "does not hold two folders, one for each side (it holds: a)"),
    (not_side_by_side, "1.png is 16x16 and does not look like A and B side by side"),
    (column_missing, "has no column 'b' (found: a, c)"),
    (file_of_a_line_missing, "t.csv line 3: 'onne.png' is not there (did you mean 'one.png'?)"),
    (empty_cell, "t.csv line 2: the partner in column b is missing"),
    (labels_without_pairs, "labels needs pairs, and trainA and trainB are two sets: add --paired"),
    (nothing_to_hide, "hide_pairs needs pairs, and trainA and trainB are two sets: add --paired"),
]


@pytest.mark.parametrize(("make", "told"), REFUSED, ids=[make.__name__ for make, _ in REFUSED])
def test_what_does_not_pair_is_named(
    make: Callable[[Path], dict[str, Any]], told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as error:
        find(**make(tmp_path))
    assert told in str(error.value)


def test_the_command_names_it_and_leaves_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = missing_partners(tmp_path / "data")["data"]
    assert main(["run", "translate", "--pairs", str(data), "--out", str(tmp_path / "run")]) == 2
    error = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(error) == 1
    assert "5 of a without a partner" in error[0]
