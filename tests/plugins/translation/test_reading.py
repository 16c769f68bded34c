"""From files to a study: sizes, depths, splits, copies; both sides of a pair are changed alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganworks.data import SourcedDataset
from ganworks.errors import DataError
from ganworks.run import Run
from ganworks_translation.options import Options
from ganworks_translation.pairs import PairStudy
from ganworks_translation.reading import read
from ganworks_translation.training_data import plain_part, training_data
from ganworks_translation.volumes import grid_of

Draw = np.random.Generator


def blocks(draw: Draw, height: int = 24, width: int = 32, channels: int = 3) -> np.ndarray:
    """Blocks of 4 x 4 pixels at random: pictures that are no copies of each other."""
    small = draw.integers(0, 256, (height // 4, width // 4, channels), dtype=np.uint8)
    return small.repeat(4, 0).repeat(4, 1)


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path)


def write_inverted(root: Path, rows: int = 20, **size: int) -> Path:
    """Pairs: b is the negative of a."""
    draw = np.random.default_rng(0)
    for row in range(rows):
        picture = blocks(draw, **size)
        save(root / f"a/{row:02d}.png", picture)
        save(root / f"b/{row:02d}.png", 255 - picture)
    return root


def study_of(tmp_path: Path, **asked: Any) -> tuple[PairStudy, Options]:
    options = Options(**asked)
    return read(options, Run(tmp_path / "run")), options


def test_pairs_stay_pairs_in_every_part(tmp_path: Path) -> None:
    study, _ = study_of(tmp_path, data=write_inverted(tmp_path / "data"))
    assert study.paired
    assert study.pairs_known
    assert study.source_space.shape == study.target_space.shape == (3, 24, 32)
    assert study.shrunk == 1
    names = []
    for part in ("train", "validation", "test"):
        assert np.array_equal(study.sources(part), 255 - study.targets(part))
        assert study.source.names(part) == study.target.names(part)
        names += study.source.names(part)
    assert sorted(names) == [f"{row:02d}.png" for row in range(20)]
    assert study.counts["test"] == {"source": 4, "target": 4}


def test_a_second_read_is_the_cache_and_the_same(tmp_path: Path) -> None:
    data = write_inverted(tmp_path / "data")
    first, options = study_of(tmp_path, data=data)
    for path in data.rglob("*.png"):
        path.unlink()
    again = read(options, Run(tmp_path / "run"))
    assert again.describe() == first.describe()
    assert np.array_equal(again.sources("train"), first.sources("train"))
    assert again.rejects.equals(first.rejects)


def test_the_other_direction_swaps_the_sides(tmp_path: Path) -> None:
    data = write_inverted(tmp_path / "data")
    there, _ = study_of(tmp_path / "1", data=data)
    back, _ = study_of(tmp_path / "2", data=data, direction="b2a")
    assert np.array_equal(there.sources("test"), back.targets("test"))
    assert there.fingerprint != back.fingerprint


def test_halves_of_one_file_are_a_pair(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for row in range(10):
        picture = blocks(draw)
        save(tmp_path / f"data/{row}.png", np.concatenate([picture, 255 - picture], 1))
    study, _ = study_of(tmp_path, data=tmp_path / "data")
    assert study.source_space.shape == (3, 24, 32)
    assert np.array_equal(study.sources("train"), 255 - study.targets("train"))


def test_grey_sixteen_bits_become_colour_eight_bits(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for row in range(10):
        deep = blocks(draw, channels=1)[..., 0].astype(np.uint16) * 16 + 1000
        save(tmp_path / f"data/a/{row}.png", deep[..., None])
        save(tmp_path / f"data/b/{row}.png", blocks(draw))
    study, _ = study_of(tmp_path, data=tmp_path / "data")
    assert (study.source_space.channels, study.target_space.channels) == (1, 3)
    assert (study.source_map.dtype, study.target_map.dtype) == ("uint16", "uint8")
    assert 1000 <= study.source_map.low < 1100 < 5000 < study.source_map.high <= 1000 + 255 * 16
    assert study.sources("train").dtype == np.uint16


def test_large_pictures_are_shrunk_and_by_how_much_is_known(tmp_path: Path) -> None:
    study, _ = study_of(tmp_path, data=write_inverted(tmp_path / "data", height=64, width=128), size=32)
    assert study.source_space.size == (16, 32)
    assert study.shrunk == 4
    assert np.abs(study.sources("train").astype(int) + study.targets("train") - 255).max() <= 1


def test_sets_without_pairs_may_differ_in_number(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for side, rows in (("a", 10), ("b", 16)):
        for row in range(rows):
            save(tmp_path / f"{side}/{row}.png", blocks(draw))
    study, options = study_of(tmp_path, a=tmp_path / "a", b=tmp_path / "b")
    assert not study.paired
    assert not study.pairs_known
    assert sum(one["source"] for one in study.counts.values()) == 10
    assert sum(one["target"] for one in study.counts.values()) == 16
    data = training_data(study, options)
    assert len(data) == study.counts["train"]["target"]


def test_copies_stay_in_one_part(tmp_path: Path) -> None:
    data = write_inverted(tmp_path / "data", rows=24)
    for side in "ab":
        for row in range(0, 8, 2):  # the next pair is the same one again, a little brighter
            with Image.open(data / f"{side}/{row:02d}.png") as image:
                pixels = np.asarray(image)
            save(data / f"{side}/{row + 1:02d}.png", (pixels * 0.9).astype(np.uint8))
    study, _ = study_of(tmp_path, data=data)
    part = dict(zip(study.source.table["file"], study.source.table["split"], strict=True))
    assert [part[f"{row:02d}.png"] for row in range(0, 8, 2)] == [
        part[f"{row:02d}.png"] for row in range(1, 9, 2)
    ]


def test_groups_stay_in_one_part(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for row in range(24):
        for side in "ab":
            save(tmp_path / f"data/{side}/p{row // 4}_{row}.png", blocks(draw))
    study, _ = study_of(tmp_path, data=tmp_path / "data", group_regex=r"p\d+")
    table = study.source.table
    patient = table["file"].str.extract(r"(p\d+)")[0]
    assert (table.groupby(patient)["split"].nunique() == 1).all()
    assert study.grouped_by == "group"


def test_label_maps_are_one_hot_and_coloured(label_pairs: Path, tmp_path: Path) -> None:
    study, options = study_of(tmp_path, data=label_pairs, labels="a")
    assert study.labels == 3
    assert study.source_space.shape == (3, 24, 32)
    assert set(np.unique(study.sources("train"))) == {0, 1, 2}
    data = training_data(study, options)
    hot = data.sources(torch.arange(8))  # mirrored and cropped, and still one label a place
    assert set(hot.unique().tolist()) == {-1.0, 1.0}
    assert (hot.sum(1) == -1).all()


def test_volumes_give_slices_that_belong_together(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("monai")
    draw = np.random.default_rng(0)
    for subject in range(8):
        head = draw.normal(100, 20, (16, 20, 24)).astype(np.float32)
        for word, values in (("t1", head), ("t2", 500 - head)):
            (tmp_path / "data" / word).mkdir(parents=True, exist_ok=True)
            path = tmp_path / "data" / word / f"sub-{subject}_{word}.nii.gz"
            nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
    study, _ = study_of(tmp_path, data=tmp_path / "data", slice_step=6)
    assert study.flips == (False, False)
    assert study.source.kind == "nifti"
    assert len(study.source.table) == 8 * 4
    owner = study.source.table["file"].str[:5]
    assert (study.source.table["split"].groupby(owner).nunique() == 1).all()
    t1, t2 = (
        one.to_units(array.astype(np.float64) / 32767.5 - 1)
        for one, array in (
            (study.source_map, study.sources("train")),
            (study.target_map, study.targets("train")),
        )
    )
    assert np.median(np.abs(t1 + t2 - 500)) < 0.1


def test_volumes_of_different_grids_are_no_pair(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    grids = []
    for name, shape, sides in (
        ("one", (16, 20, 24), (1, 1, 1)),
        ("turned", (16, 24, 20), (1, 1, 1)),
        ("thin", (16, 20, 48), (1, 1, 0.5)),
        ("small", (16, 20, 24), (1, 1, 0.5)),
    ):
        affine = np.diag([*sides, 1.0])
        if name == "turned":
            affine = affine[:, [0, 2, 1, 3]]  # the same voxels, stored in another order of axes
        nibabel.save(nibabel.Nifti1Image(np.zeros(shape, np.uint8), affine), tmp_path / f"{name}.nii")
        grids.append(grid_of(tmp_path / f"{name}.nii"))
    assert [grids[0].agrees(other) for other in grids] == [True, True, False, False]
    assert str(grids[2]) == "16 x 20 x 48 voxels of 1 x 1 x 0.5 mm"


def test_pairs_that_share_a_file_stay_in_one_part(tmp_path: Path) -> None:
    data = write_inverted(tmp_path / "data", rows=40)
    lines = [f"a/{row // 2 * 2:02d}.png,b/{row:02d}.png" for row in range(40)]  # two answers to each input
    (data / "pairs.csv").write_text("\n".join(["a,b", *lines]), encoding="utf-8")
    study, _ = study_of(tmp_path, data=data / "pairs.csv")
    assert (study.source.table.groupby("file")["split"].nunique() == 1).all()
    assert study.counts["test"]["source"] > 0


# training
def drawn_pairs(tmp_path: Path, **asked: Any) -> SourcedDataset:
    study, options = study_of(tmp_path, data=write_inverted(tmp_path / "data"), **asked)
    return training_data(study, options)


def test_both_sides_are_changed_alike_though_asked_at_different_moments(tmp_path: Path) -> None:
    data = drawn_pairs(tmp_path, flips="both")
    torch.manual_seed(5)
    index = torch.tensor([0, 0, 0, 1, 2, 3])
    sources = data.sources(index)
    torch.randn(100)  # as the loop draws a latent in between
    targets = data.rows(index)
    assert torch.allclose(sources, -targets, atol=1e-5)
    assert not torch.equal(sources[0], sources[1])  # each row is changed by itself
    assert sources.shape == (6, 3, 24, 32)


def test_another_step_changes_otherwise_and_the_same_step_again_alike(tmp_path: Path) -> None:
    data, index = drawn_pairs(tmp_path), torch.arange(6)
    torch.manual_seed(1)
    first = data.rows(index)
    torch.manual_seed(2)
    assert not torch.equal(data.rows(index), first)
    torch.manual_seed(1)
    assert torch.equal(data.rows(index), first)


def test_without_augmentation_rows_are_the_files(tmp_path: Path) -> None:
    study, options = study_of(tmp_path, data=write_inverted(tmp_path / "data"), flips="none", jitter=False)
    data, index = training_data(study, options), torch.arange(5)
    expected = torch.from_numpy(study.sources("train")[:5].astype(np.float32)) / 127.5 - 1
    assert torch.allclose(data.sources(index), expected, atol=1e-6)
    assert torch.equal(plain_part(study, "train").sources(index), data.sources(index))


def test_hidden_pairs_are_not_drawn_together(tmp_path: Path) -> None:
    study, options = study_of(
        tmp_path, data=write_inverted(tmp_path / "data"), hide_pairs=True, flips="none", jitter=False
    )
    assert (study.paired, study.pairs_known) == (False, True)
    data = training_data(study, options)
    torch.manual_seed(0)
    index = torch.arange(len(data)).repeat(4)
    apart = (data.sources(index) + data.rows(index)).abs().flatten(1).mean(1)
    assert (apart > 0.1).float().mean() > 0.7
    scored = plain_part(study, "test")
    assert torch.allclose(scored.sources(torch.arange(2)), -scored.rows(torch.arange(2)), atol=1e-6)


# what is refused
def different_sizes(root: Path) -> dict[str, Any]:
    data = write_inverted(root / "data")
    for row in range(3):
        save(data / f"b/{row:02d}.png", blocks(np.random.default_rng(1), height=28))
    return {"data": data}


def odd_width(root: Path) -> dict[str, Any]:
    for row in range(8):
        save(root / f"data/{row}.png", blocks(np.random.default_rng(row), width=64)[:, :63])
    return {"data": root / "data"}


def one_pair(root: Path) -> dict[str, Any]:
    return {"data": write_inverted(root / "data", rows=1)}


def one_picture_of_a_set(root: Path) -> dict[str, Any]:
    data = write_inverted(root / "data")
    save(root / "alone/1.png", blocks(np.random.default_rng(9)))
    return {"a": data / "a", "b": root / "alone"}


def broken_files(root: Path) -> dict[str, Any]:
    data = write_inverted(root / "data")
    for row in range(4):
        (data / f"a/{row:02d}.png").write_bytes(b"no picture")
    return {"data": data}


def wrong_label(root: Path) -> dict[str, Any]:
    for row in range(8):
        save(root / f"data/a/{row}.png", np.full((16, 16, 1), row, np.uint8))
        save(root / f"data/b/{row}.png", blocks(np.random.default_rng(row), 16, 16))
    return {"data": root / "data", "labels": "a", "label_count": 7}


def mixed_channels(root: Path) -> dict[str, Any]:
    data = write_inverted(root / "data")
    save(data / "b/00.png", blocks(np.random.default_rng(1), channels=1))
    return {"data": data}


REFUSED: list[tuple[Callable[[Path], dict[str, Any]], str]] = [
    (different_sizes, "3 of 20 pairs cannot be used (00.png: is 32x24, but its partner 00.png is 32x28"),
    (odd_width, "0.png: is 63 pixels wide: two pictures side by side have an even width"),
    (one_pair, "data: only 1 usable pairs, and at least 8 are needed"),
    (one_picture_of_a_set, "only 1 usable pictures of side B"),
    (broken_files, "4 of 20 pairs cannot be used (00.png: unreadable"),
    (wrong_label, "7.png: label 7 is too large for 7 labels, 0 to 6 (--label-count)"),
    (
        mixed_channels,
        "side B: images differ in channels: 19 with 3 (01.png); 1 with 1 (00.png); convert all with "
        "--channels-b grey or colour",
    ),
]


@pytest.mark.parametrize(("make", "told"), REFUSED, ids=[make.__name__ for make, _ in REFUSED])
def test_bad_data_are_named(make: Callable[[Path], dict[str, Any]], told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        study_of(tmp_path, **make(tmp_path))
    assert told in str(error.value)
    assert not PairStudy.exists(tmp_path / "run" / "cache")


def test_a_few_bad_pairs_are_left_out_and_listed(tmp_path: Path) -> None:
    study, _ = study_of(tmp_path, **different_sizes(tmp_path), max_bad=0.2)
    assert len(study.source.table) == 17
    assert list(study.rejects["file"][:3]) == ["00.png", "01.png", "02.png"]
