"""Label maps keep their labels: through files, sizes and one-hot; what is none is refused by name."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganworks.errors import DataError
from ganworks_image.frames import BadFileError, Frame, Rejects
from ganworks_image.geometry import Geometry, conform
from ganworks_translation.label_maps import (
    LabelFrame,
    Labels,
    checked_labels,
    conform_labels,
    find_labels,
    one_hot,
    read_labels,
)

RED, BLUE, GREEN = (200, 0, 0), (0, 0, 200), (0, 200, 0)


def frame(pixels: object, palette: tuple[tuple[int, int, int], ...] = ()) -> LabelFrame:
    array = np.asarray(pixels, dtype=np.uint8)
    return LabelFrame(pixels=array.reshape(1, *array.shape[-2:]), dtype="uint8", palette=palette)


def test_a_palette_gives_indices_and_colours_not_rgb(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette([*RED, *BLUE, *GREEN])
    image.save(tmp_path / "map.png")
    (found,) = read_labels(tmp_path / "map.png")
    assert isinstance(found, LabelFrame)
    assert found.pixels.tolist() == [[[0, 1], [2, 1]]]
    assert found.palette[:3] == (RED, BLUE, GREEN)
    labels = find_labels([checked_labels(found, None)], None)
    assert (labels.values, labels.colours) == ((0, 1, 2), (RED, BLUE, GREEN))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_values_are_labels(dtype: type[np.generic], tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 255], [7, 0]], dtype)).save(tmp_path / "map.png")
    found = checked_labels(read_labels(tmp_path / "map.png")[0], None)
    labels = find_labels([found], None)
    assert labels.values == (0, 7, 255)
    assert labels.places(found.pixels).tolist() == [[[0, 2], [1, 0]]]
    assert len(set(labels.colours)) == 3


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_grey_values_of_few_bits_are_what_the_file_holds(bits: int, tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    side, row = 8, np.arange(8) % 2 ** min(bits, 3)
    packed = np.packbits(row[:, None].astype(np.uint8) >> np.arange(bits - 1, -1, -1, dtype=np.uint8) & 1)
    (tmp_path / "map.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, bits, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress((b"\0" + packed.tobytes()) * side))
        + chunk(b"IEND", b"")
    )
    assert (read_labels(tmp_path / "map.png")[0].pixels == row).all()


def test_colours_and_jpegs_are_no_label_maps(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "colour.png")
    Image.new("L", (8, 8)).save(tmp_path / "grey.jpg")
    with pytest.raises(BadFileError, match="holds RGB colours"):
        read_labels(tmp_path / "colour.png")
    with pytest.raises(BadFileError, match="JPEG"):
        read_labels(tmp_path / "grey.jpg")


def test_an_index_beyond_its_palette_is_refused(tmp_path: Path) -> None:
    image = Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4))
    image.putpalette([*RED, *BLUE] * 8)
    image.save(tmp_path / "map.png")
    file = bytearray((tmp_path / "map.png").read_bytes())
    place = file.index(b"PLTE")  # the same chunk with three colours: length, name, data, checksum
    body = bytes(file[place + 4 : place + 13])
    chunk = struct.pack(">I", 9) + b"PLTE" + body + struct.pack(">I", zlib.crc32(b"PLTE" + body))
    end = place + 8 + struct.unpack(">I", file[place - 4 : place])[0]
    (tmp_path / "map.png").write_bytes(bytes(file[: place - 4]) + chunk + bytes(file[end:]))
    with pytest.raises(BadFileError, match="palette index 15 is not in its palette of 3 colours"):
        read_labels(tmp_path / "map.png")


@pytest.mark.parametrize(
    ("pixels", "count", "told"),
    [
        (np.full((1, 2, 2), 4.0), 4, "label 4 is too large for 4 labels, 0 to 3"),
        (np.full((1, 2, 2), 0.5), None, "0.5 is no label"),
        (np.full((1, 2, 2), -1), None, "-1 is no label"),
        (np.full((1, 2, 2), 256), None, "256 is no label"),
        (np.full((1, 2, 2), np.nan), None, "nan is no label"),
        (np.zeros((3, 2, 2)), None, "3 channels"),
    ],
)
def test_numbers_that_are_no_labels_are_refused(pixels: np.ndarray, count: int | None, told: str) -> None:
    with pytest.raises(BadFileError, match=told):
        checked_labels(Frame(pixels=pixels, dtype=str(pixels.dtype)), count)


def test_a_photograph_is_hardly_a_label_map() -> None:
    with pytest.raises(DataError, match="100 values occur; say how many"):
        find_labels([frame(np.arange(100).reshape(10, 10))], None)
    with pytest.raises(DataError, match="only the value 3 occurs"):
        find_labels([frame(np.full((4, 4), 3))], None)
    assert find_labels([frame(np.arange(100).reshape(10, 10))], 100).count == 100


def test_a_label_that_was_not_trained_on_is_named() -> None:
    with pytest.raises(BadFileError, match=r"label 3 is none of the 3 labels \(0, 7, 255\)"):
        Labels(values=(0, 7, 255), colours=(RED, BLUE, GREEN)).places(np.array([0, 3]))


@given(st.integers(2, 6), st.integers(1, 3), st.data())
def test_one_hot_is_undone_by_its_largest_channel(count: int, rows: int, data: st.DataObject) -> None:
    places = torch.tensor(
        data.draw(st.lists(st.integers(0, count - 1), min_size=4 * rows, max_size=4 * rows))
    )
    hot = one_hot(places.view(rows, 1, 2, 2), count)
    assert hot.shape == (rows, count, 2, 2)
    assert torch.equal(hot.argmax(1).flatten(), places)
    assert torch.equal(hot.sum(1), torch.full((rows, 2, 2), 2.0 - count))  # one 1, the others -1


@settings(max_examples=40, deadline=None)
@given(*(st.integers(8, 40) for _ in range(4)), st.integers(0, 99))
def test_maps_and_pictures_are_conformed_alike(h: int, w: int, height: int, width: int, seed: int) -> None:
    """A map of one large block ends where the picture of it ends, to a pixel, padded and cropped alike."""
    block = np.zeros((1, h, w), np.uint8)
    top, left = np.random.default_rng(seed).integers(0, 4, 2)
    block[:, top : top + h // 2, left : left + w // 2] = 1
    shape = Geometry(height=height, width=width)
    picture = Frame(pixels=block * np.uint8(200), dtype="uint8")
    made = conform_labels(block, shape, Frame(pixels=block, dtype="uint8"))
    conform([picture], shape, Rejects())
    assert made.shape == (1, height, width)
    assert set(np.unique(made)) <= {0, 1}
    surely = (picture.pixels > 190) * 1 + (picture.pixels < 10) * 2  # off the blurred edge
    assert (made[surely == 1] == 1).all()
    assert (made[surely == 2] == 0).all()
