"""Tiles that fade into each other, for networks that look further than their halo; memory stays small."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks_exports.runtime import _tiles


def plan(scale: int = 1, channels: int = 1, step: int = 1, dtype: str = "uint8") -> _tiles.Plan:
    size = "height", "width"
    made = [side if scale == 1 else f"{scale}*{side}" for side in size]
    source = {"name": "image", "dtype": dtype, "shape": ["batch", *size, channels], "low": 0, "high": 255}
    result = {"name": "result", "dtype": dtype, "shape": ["batch", *made, channels], "low": 0, "high": 255}
    return _tiles.plan({"inputs": [source], "outputs": [result], "tiles": {"multiple": step}})


def enlarging(scale: int):
    """Repeats pixels: no halo is needed."""
    return lambda feed: {"result": feed["image"].repeat(scale, 1).repeat(scale, 2)}


def by_window(feed):
    """Adds the mean of the window, so that a tile is brighter or darker than its neighbours."""
    image = feed["image"].astype(float)
    return {"result": np.rint(image / 2 + image.mean((1, 2), keepdims=True) / 2).astype(np.uint8)}


def slope(height: int, width: int) -> np.ndarray:
    return np.rint(np.linspace(0, 255, width)[None, :, None] * np.ones((height, 1, 1))).astype(np.uint8)


@given(
    sides=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    tile=st.integers(2, 30),
    blend=st.integers(0, 15),
    scale=st.integers(1, 3),
    step=st.sampled_from([1, 4]),
    dtype=st.sampled_from(["uint8", "int32", "float32"]),
)
@settings(max_examples=150, deadline=None)
def test_where_the_halo_is_enough_blending_changes_nothing(sides, tile, blend, scale, step, dtype):
    blend = min(blend, tile // 2)
    image = np.random.default_rng(tile).integers(0, 256, (*sides, 2)).astype(dtype)
    made = _tiles.transform(plan(scale, 2, step, dtype), enlarging(scale), image, tile, halo=0, blend=blend)
    assert made.dtype == dtype
    np.testing.assert_array_equal(made, image.repeat(scale, 0).repeat(scale, 1))


@pytest.mark.parametrize("turned", [False, True], ids=["across", "down"])
def test_no_step_shows_at_a_seam(turned):
    image = slope(80, 256)
    image = image.swapaxes(0, 1) if turned else image

    def steps(blend: int) -> int:
        made = _tiles.transform(plan(), by_window, image, 64, halo=0, blend=blend).astype(int)
        return max(int(np.abs(np.diff(made, axis=axis)).max()) for axis in (0, 1))

    assert steps(0) > 20  # hard seams
    assert steps(16) <= 3  # over 32 pixels


def test_the_shares_of_two_tiles_are_a_straight_line():
    image = np.zeros((4, 40, 1), np.uint8)
    calls = []

    def numbered(feed):
        calls.append(feed["image"].shape)
        return {"result": np.full_like(feed["image"], 100 * len(calls))}

    made = _tiles.transform(plan(), numbered, image, 20, halo=0, blend=5)
    expected = [100] * 15 + [105, 115, 125, 135, 145, 155, 165, 175, 185, 195] + [200] * 15
    np.testing.assert_allclose(made[0, :, 0], expected, atol=1)
    assert len(calls) == 2


def test_a_preallocated_result_is_filled_and_returned(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 1), np.uint8)
    out = np.memmap(tmp_path / "out.raw", np.uint8, "w+", shape=(100, 140, 1))
    for tile in (None, 16):
        out[:] = 0
        assert _tiles.transform(plan(2), enlarging(2), image, tile, 4, 4 if tile else 0, out) is out
        np.testing.assert_array_equal(out, image.repeat(2, 0).repeat(2, 1))
    with pytest.raises(ValueError, match=r"`out` is uint8 \(100, 140, 1\), the result uint8 \(50, 70, 1\)"):
        _tiles.transform(plan(), enlarging(1), image, 16, 0, 0, out)


@pytest.mark.parametrize("blend", [0, 16])
def test_memory_is_that_of_a_row_of_tiles(tmp_path, blend):
    image = np.memmap(tmp_path / "in.raw", np.uint8, "w+", shape=(3000, 600, 3))
    out = np.memmap(tmp_path / "out.raw", np.uint8, "w+", shape=(6000, 1200, 3))
    tracemalloc.start()
    _tiles.transform(plan(2, 3), enlarging(2), image, 64, 16, blend, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12e6  # the result alone has 21.6e6 bytes


@pytest.mark.parametrize(("tile", "halo", "blend"), [(8, 16, 5), (1, 0, 1), (16, 4, -1)])
def test_blends_that_do_not_fit(tile, halo, blend):
    with pytest.raises(ValueError, match="blend"):
        _tiles.transform(plan(), enlarging(1), slope(40, 40), tile, halo, blend)


def test_labels_are_never_clipped():
    asked = plan()
    assert asked.clips
    card = {
        "inputs": [{"name": "image", "dtype": "uint8", "shape": ["batch", "height", "width", 1], "high": 3}],
        "outputs": [{"name": "result", "dtype": "uint8", "shape": ["batch", "height", "width", 1]}],
        "labels": 4,
    }
    image = np.full((4, 4, 1), 9, np.uint8)
    np.testing.assert_array_equal(_tiles.transform(_tiles.plan(card), enlarging(1), image, None, 0), image)
