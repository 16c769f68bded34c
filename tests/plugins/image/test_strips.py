"""Strips: every picture is where it should be, whatever the sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ganworks_image.strips import GAP, HEAD, strip

LONG = "the picture as it came in"


def filled(height: int, width: int, value: int, channels: int = 3) -> NDArray[np.uint8]:
    shape = (height, width, channels) if channels else (height, width)
    return np.full(shape, value, np.uint8)


@given(
    st.integers(1, 4), st.integers(1, 4), st.integers(40, 60), st.integers(1, 4), st.sampled_from([0, 1, 3])
)
def test_every_picture_stands_in_its_row_and_column(
    rows: int, columns: int, side: int, scale: int, channels: int
) -> None:
    """The first column holds pictures smaller by ``scale``."""
    small = side // scale
    whole = {
        f"k{place}": [
            filled(small * (1 if place == 0 else scale), small * scale, 10 * row + 50 * place, channels)
            for row in range(rows)
        ]
        for place in range(columns)
    }
    sheet = np.asarray(strip(whole))
    height, width = (small if columns == 1 else small * scale), small * scale
    assert sheet.shape == (HEAD + rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3)
    for row in range(rows):
        for place in range(columns):
            top, left = HEAD + row * (height + GAP), place * (width + GAP)
            assert (sheet[top : top + height, left : left + width] == 10 * row + 50 * place).all()


def test_small_pictures_are_enlarged_by_whole_pixels() -> None:
    small = np.array([[0, 255], [255, 0]], np.uint8)
    sheet = np.asarray(strip({"a": [small], "b": [filled(64, 64, 9)]}))[HEAD:, :64, 0]
    np.testing.assert_array_equal(sheet, small.repeat(32, axis=0).repeat(32, axis=1))


def test_heads_are_written_and_have_room() -> None:
    sheet = np.asarray(strip({LONG: [filled(20, 20, 0)], "b": [filled(20, 20, 0)]}))
    assert sheet.shape[1] > 100  # wider than the two pictures
    head = sheet[:HEAD]
    assert (head == 255).any()
    assert not (sheet[HEAD:, :20] == 255).any()


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"a": []},
        {"a": [filled(4, 4, 0)], "b": []},
        {"a": [filled(4, 4, 0).astype(np.float32)]},
        {"a": [filled(4, 4, 0, channels=2)]},
        {"a": [np.zeros((0, 4), np.uint8)]},
    ],
)
def test_what_is_no_strip_is_refused(columns: dict[str, list[NDArray[np.uint8]]]) -> None:
    with pytest.raises(ValueError, match="expected"):
        strip(columns)
