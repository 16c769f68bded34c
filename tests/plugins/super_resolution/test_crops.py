"""Crops: a function of seed and number, cut from real photos, with sources that belong to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter

from ganworks.data import SourcedDataset
from ganworks.errors import DataError
from ganworks_image.conform import LUMA
from ganworks_super_resolution.crops import CropDataset
from ganworks_super_resolution.degradation import Draws, bicubic_down
from ganworks_super_resolution.options import Options
from ganworks_super_resolution.photos import Photos
from ganworks_super_resolution.reading import read
from ganworks_super_resolution.tasks import check_channels, task_of

TASKS: list[dict[str, Any]] = [
    *({"scale": scale} for scale in (2, 3, 4)),
    {"degradation": "blur", "scale": 3},
    {"degradation": "real", "scale": 2},
    {"degradation": "real", "scale": 1},
    *({"task": task} for task in ("denoise", "deblur", "jpeg", "inpaint", "colourise")),
]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    """Photos of 30 to 130 pixels: some are smaller than a crop."""
    folder = tmp_path_factory.mktemp("data")
    for number, (height, width) in enumerate([(30, 45), (90, 121), (64, 64), (130, 77), (100, 101)]):
        x = gaussian_filter(np.random.default_rng(number).random((height, width, 3)), (2, 2, 0))
        pixels = np.rint((x - x.min()) / np.ptp(x) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return read(Options(data=folder), folder / "cache")


def crops(photos: Photos, seed: int = 0, crop: int = 16, **options: Any) -> CropDataset:
    return CropDataset(photos, task_of(Options.model_validate(options)), crop, seed)


@pytest.mark.parametrize("options", TASKS, ids=str)
def test_shapes_and_ranges_are_those_of_the_spaces(photos: Photos, options: dict[str, Any]) -> None:
    data = crops(photos, **options)
    assert isinstance(data, SourcedDataset)
    index = torch.tensor([0, 5, len(data) - 1])
    sources, rows = data.sources(index), data.rows(index)
    assert rows.shape == (3, *data.space.shape)
    assert sources.shape == (3, *data.source_space.shape)
    assert rows.dtype == sources.dtype == torch.float32
    for x in (rows, sources):
        assert -1 <= float(x.min()) < float(x.max()) <= 1
    levels = (sources + 1) * 127.5
    torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("options", TASKS, ids=str)
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_a_row_is_the_same_in_any_batch_and_order(
    photos: Photos, options: dict[str, Any], data: st.DataObject
) -> None:
    index = torch.tensor(data.draw(st.lists(st.integers(0, 2**20 - 1), min_size=2, max_size=5)))
    one, other = crops(photos, **options), crops(photos, **options)
    sources, rows = one.sources(index), one.rows(index)
    order = torch.tensor(data.draw(st.permutations(range(len(index)))))
    torch.testing.assert_close(other.rows(index[order]), rows[order], atol=0, rtol=0)
    torch.testing.assert_close(other.sources(index[order[:1]]), sources[order[:1]], atol=0, rtol=0)
    torch.testing.assert_close(one.sources(index), sources, atol=0, rtol=0)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_clean_source_is_cut_out_of_the_protocols_reduction(photos: Photos, scale: int) -> None:
    data = crops(photos, scale=scale, crop=8)
    index = torch.arange(20)
    sources, rows = data.sources(index), data.rows(index)
    small = (bicubic_down((rows + 1) / 2, scale) * 2 - 1)[..., 2:-2, 2:-2]  # only there both know the same
    torch.testing.assert_close(sources[..., 2:-2, 2:-2], small, atol=2.1 / 255, rtol=0)
    assert float((sources[..., 2:-2, 2:-2] - small).abs().mean()) < 0.05 / 255


def test_every_crop_is_a_piece_of_a_photo(photos: Photos) -> None:
    """Also turned and mirrored; the place is found again by searching."""
    data = crops(photos, crop=16, scale=2)
    rows = torch.round((data.rows(torch.arange(12)) + 1) * 127.5).byte().numpy()
    whole = [photos.photo(number) for number in range(1, 5)]  # those that are larger than a crop
    found = 0
    for row in rows:
        turned = [np.rot90(side, turns, (1, 2)) for side in (row, row[:, ::-1]) for turns in range(4)]
        found += any(_contains(photo, piece) for photo in whole for piece in turned)
    smaller = 12 - found
    assert found >= 8
    assert smaller <= 4


def _contains(photo: np.ndarray, piece: np.ndarray) -> bool:
    height, width = piece.shape[1:]
    if height > photo.shape[1] or width > photo.shape[2]:
        return False
    windows = np.lib.stride_tricks.sliding_window_view(photo, (height, width), (1, 2))
    same = (windows[..., 0, 0] == piece[:, None, None, 0, 0]).all(0)
    return any(np.array_equal(windows[:, y, x], piece) for y, x in np.argwhere(same))


def test_photos_are_drawn_by_their_area_and_all_places_are(tmp_path: Path) -> None:
    """Each photo has values of its own, and each of its pixels says the column it is in."""
    widths = (40, 60, 100)
    pictures = {f"train/{n}": np.tile(100 * n + np.arange(w), (40, 1)) for n, w in enumerate(widths)}
    random = np.random.default_rng(0)
    pictures |= {f"{part}/0": random.integers(0, 500, (40, 40)) for part in ("val", "test")}
    for name, pixels in pictures.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        np.save(tmp_path / f"{name}.npy", pixels.astype(np.uint16))
    photos = read(Options(data=tmp_path), tmp_path / "cache").part("train")
    data = crops(photos, task="denoise", crop=20)
    rows = (data.rows(torch.arange(4000)) + 1) / 2 * photos.intensity.high
    first = torch.round(rows.flatten(1).amin(1)).long().numpy()  # the left column of the crop
    shares = np.bincount(first // 100, minlength=3) / 4000
    np.testing.assert_allclose(shares, np.array(widths) / sum(widths), atol=0.03)
    for number, width in enumerate(widths):
        assert set(first[first // 100 == number] % 100) == set(range(width - 20 + 1))


def test_other_seeds_give_other_crops(photos: Photos) -> None:
    index = torch.arange(4)
    assert not torch.equal(crops(photos, seed=0).rows(index), crops(photos, seed=1).rows(index))


def test_a_photo_smaller_than_a_crop_goes_on_mirrored(photos: Photos) -> None:
    small = replace(photos, table=photos.table.iloc[:1])
    data = CropDataset(small, task_of(Options(scale=2)), 48, seed=0)
    rows = torch.round((data.rows(torch.arange(8)) + 1) * 127.5).byte().numpy()
    photo = small.photo(0)
    mirrored = np.pad(photo, ((0, 0), (0, 96 - 30), (0, 96 - 45)), mode="symmetric")
    turned = [np.rot90(side, turns, (1, 2)) for side in (mirrored, mirrored[:, ::-1]) for turns in range(4)]
    for row in rows:
        assert any(np.array_equal(row, one) for one in turned)


def test_what_a_task_changes(photos: Photos) -> None:
    index = torch.arange(6)
    grey = crops(photos, task="colourise")
    wanted = (grey.rows(index) * torch.from_numpy(LUMA)[:, None, None]).sum(1, keepdim=True)
    torch.testing.assert_close(grey.sources(index), wanted, atol=1.1 / 255, rtol=0)
    inpaint = crops(photos, task="inpaint", crop=32)
    sources, rows = inpaint.sources(index), inpaint.rows(index)
    hole = sources[:, 3:] > 0
    assert hole.any()
    assert not hole.all()
    assert torch.equal(sources[:, 3:], torch.where(hole, 1.0, -1.0))
    torch.testing.assert_close(sources[:, :3], torch.where(hole, torch.tensor(-1.0), rows))
    for task in ("denoise", "deblur", "jpeg"):
        data = crops(photos, task=task, crop=32)
        change = (data.sources(index) - data.rows(index)).abs().mean()
        assert 0.001 < float(change) < 0.3


def test_a_whole_photo_is_degraded_as_the_protocol_says(photos: Photos) -> None:
    task = task_of(Options(scale=3))
    x = photos.unit(photos.photo(1)[:, :90, :120])[None]
    small = task.whole(x, Draws(0, [0]), photos.levels)
    torch.testing.assert_close(small, bicubic_down(x, 3), atol=0, rtol=0)
    assert small.shape == (1, 3, 30, 40)


def test_colours_are_needed_to_learn_colours() -> None:
    with pytest.raises(DataError, match="3 channels, not 1"):
        check_channels(task_of(Options(task="colourise")), 1)
    check_channels(task_of(Options(task="denoise")), 1)


@pytest.mark.parametrize(("dtype", "levels"), [("uint16", 65535), ("float32", None)])
def test_deeper_numbers_keep_their_depth(tmp_path: Path, dtype: str, levels: int | None) -> None:
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 2**16, (50, 60), dtype=np.uint16)
        np.save(tmp_path / f"{number}.npy", pixels.astype(dtype))
    photos = read(Options(data=tmp_path), tmp_path / "cache")
    assert photos.levels == levels
    data = crops(photos, scale=2)
    sources, rows = data.sources(torch.arange(4)), data.rows(torch.arange(4))
    eighths = (rows + 1) * 127.5
    assert float((eighths - eighths.round()).abs().max()) > 0.3  # not rounded to 8 bit
    assert sources.shape == (4, 1, 16, 16)
