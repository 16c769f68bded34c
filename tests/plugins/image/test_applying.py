"""Pictures of every kind in and out, and where results go."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, features

from ganworks.errors import DataError, UsageError
from ganworks_image.applying import Picture, planned, read_picture, write_picture

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RNG = np.random.default_rng(0)
GRADIENT = np.add.outer(np.arange(20) * 5, np.arange(30) * 4).astype(
    np.uint8
)  # (20, 30), smooth: JPEG keeps it


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    height, width, channels = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.sampled_from([1, 3]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    most = draw(st.sampled_from([3, 200, np.iinfo(dtype).max]))  # a dark picture of 16 bits is one of 16 bits
    pixels = rng.integers(0, most, (height, width, channels), dtype, endpoint=True)
    alpha = rng.integers(1, np.iinfo(dtype).max, (height, width), dtype, endpoint=True)
    return Picture(
        pixels=pixels,
        alpha=alpha if draw(st.booleans()) else None,
        icc=SRGB if draw(st.booleans()) else None,
        dpi=(300.0, 150.0) if draw(st.booleans()) else None,
    )


@given(picture=pictures(), suffix=st.sampled_from([".png", ".tif", ".TIFF"]))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_lossless_file_gives_back_what_was_written(picture: Picture, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"picture{suffix}"
        write_picture(path, picture)
        found = read_picture(path)
        assert [other.name for other in Path(folder).iterdir()] == [path.name]  # no scratch file is left
    assert found.pixels.dtype == picture.pixels.dtype
    np.testing.assert_array_equal(found.pixels, picture.pixels)
    assert (found.alpha is None) == (picture.alpha is None)
    if picture.alpha is not None:
        np.testing.assert_array_equal(found.alpha, picture.alpha)
    assert found.icc == picture.icc
    assert found.dpi == (None if picture.dpi is None else pytest.approx(picture.dpi, abs=0.02))


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".webp", ".bmp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_formats_keep_a_smooth_picture(tmp_path: Path, suffix: str, channels: int) -> None:
    picture = Picture(pixels=GRADIENT[..., None].repeat(channels, 2))
    write_picture(tmp_path / f"a{suffix}", picture)
    found = read_picture(tmp_path / f"a{suffix}").pixels
    assert np.abs(found.astype(int) - GRADIENT[..., None]).max() <= 4


def test_tiff_keeps_any_number_of_channels(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 65_535, (6, 7, 5), np.uint16)
    write_picture(tmp_path / "a.tif", Picture(pixels=pixels))
    found = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.alpha is None
    tifffile.imwrite(
        tmp_path / "planes.tif", np.moveaxis(pixels, 2, 0), planarconfig="separate", metadata=None
    )
    np.testing.assert_array_equal(read_picture(tmp_path / "planes.tif").pixels, pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_the_orientation_of_a_camera_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    path, image = tmp_path / f"turned{suffix}", Image.fromarray(GRADIENT)
    exif = image.getexif()
    exif[0x0112] = orientation
    if suffix == ".tif":
        tifffile.imwrite(path, GRADIENT, extratags=[(274, "H", 1, orientation, True)], metadata=None)
    else:
        image.save(path, exif=exif, quality=100)
    # known answers by numpy, from what the tag says of the first row and column (TIFF 6.0, page 36)
    expected = {
        1: GRADIENT,
        2: np.fliplr(GRADIENT),
        3: np.rot90(GRADIENT, 2),
        4: np.flipud(GRADIENT),
        5: GRADIENT.T,
        6: np.rot90(GRADIENT, -1),
        7: np.rot90(GRADIENT.T, 2),
        8: np.rot90(GRADIENT, 1),
    }[orientation]
    found = read_picture(path).pixels[..., 0]
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_palettes_inks_bits_and_16_bit_greys(tmp_path: Path) -> None:
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[:, 4:] = (255, 0, 0)
    Image.fromarray(colours).quantize(2).save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "palette.png").pixels, colours)
    Image.fromarray(colours).quantize(2).save(tmp_path / "one-frame.gif")
    np.testing.assert_array_equal(read_picture(tmp_path / "one-frame.gif").pixels, colours)
    Image.fromarray(colours).convert("CMYK").save(tmp_path / "inks.jpg", quality=100)
    inks = read_picture(tmp_path / "inks.jpg")
    assert inks.notes == ("CMYK is read as RGB",)
    assert np.abs(inks.pixels.astype(int) - colours).max() < 40
    Image.fromarray(colours[..., 0] > 0).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "bits.png").pixels, colours[..., :1])
    dark = RNG.integers(0, 200, (4, 4), np.uint16)
    Image.fromarray(dark).save(tmp_path / "dark.png")  # no value above 255, and still of 16 bits
    assert read_picture(tmp_path / "dark.png").pixels.dtype == np.uint16


def test_a_transparent_palette_has_alpha(tmp_path: Path) -> None:
    image = Image.fromarray(np.tile(np.arange(2, dtype=np.uint8), (4, 4)), mode=None).convert("P")
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.save(tmp_path / "clear.png", transparency=0)
    found = read_picture(tmp_path / "clear.png")
    assert found.alpha is not None
    np.testing.assert_array_equal(found.alpha[0], [0, 255] * 4)
    assert (found.pixels == (200, 100, 50)).all()  # the hidden colour is that of its neighbour


@given(seed=st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_hidden_colours_are_replaced_and_visible_ones_kept(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (7, 8, 3), np.uint8)
    alpha = rng.choice(np.array([0, 0, 0, 1, 255], np.uint8), (7, 8))
    alpha[0, 0] = 9
    with tempfile.TemporaryDirectory() as folder:
        write_picture(Path(folder) / "a.png", Picture(pixels=pixels, alpha=alpha))
        found = read_picture(Path(folder) / "a.png")
    np.testing.assert_array_equal(found.pixels[alpha > 0], pixels[alpha > 0])
    seen = {tuple(colour) for colour in pixels[alpha > 0]}
    assert {tuple(colour) for colour in found.pixels[alpha == 0]} <= seen


def test_alpha_multiplied_into_a_tiff_is_taken_out(tmp_path: Path) -> None:
    straight, alpha = np.full((3, 3, 3), 200, np.uint8), np.full((3, 3), 128, np.uint8)
    multiplied = np.dstack([(straight * (alpha[..., None] / 255)).round().astype(np.uint8), alpha])
    tifffile.imwrite(tmp_path / "a.tif", multiplied, photometric="rgb", extrasamples=["assocalpha"])
    found = read_picture(tmp_path / "a.tif")
    assert np.abs(found.pixels.astype(int) - 200).max() <= 1
    np.testing.assert_array_equal(found.alpha, alpha)


def spoil(folder: Path) -> dict[str, Path]:
    """Write one file of each kind that must be refused."""
    paths = {name: folder / name for name in ("empty.png", "text.jpg", "short.jpg", "tail.png", "moving.gif")}
    paths["empty.png"].write_bytes(b"")
    paths["text.jpg"].write_text("no picture\n" * 9)
    noise = Image.fromarray(RNG.integers(0, 255, (64, 64, 3), np.uint8))
    for name in ("short.jpg", "tail.png"):
        noise.save(paths[name])
        paths[name].write_bytes(paths[name].read_bytes()[:-2000])
    noise.save(paths["moving.gif"], save_all=True, append_images=[noise.rotate(90)])
    paths["float.tif"], paths["pages.tif"] = folder / "float.tif", folder / "pages.tif"
    tifffile.imwrite(paths["float.tif"], np.zeros((4, 4), np.float32))
    tifffile.imwrite(paths["pages.tif"], np.zeros((3, 40, 40), np.uint8), photometric="minisblack")
    return paths


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("empty.png", "empty"),
        ("text.jpg", "no picture"),
        ("short.jpg", "cannot be read"),
        ("tail.png", "cannot be read"),
        ("moving.gif", "animation of 2 frames"),
        ("float.tif", "float32"),
        ("pages.tif", "3 pages"),
    ],
)
def test_what_is_no_such_picture_is_refused_in_one_line(tmp_path: Path, name: str, word: str) -> None:
    path = spoil(tmp_path)[name]
    with pytest.raises(DataError, match=word) as caught:
        read_picture(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    Image.new("L", (200, 200)).save(tmp_path / "large.png")
    Image.new("L", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert read_picture(tmp_path / "large.png", most_pixels=40_000).pixels.shape == (200, 200, 1)
    for path, most in ((tmp_path / "large.png", 39_999), (tmp_path / "bomb.png", 178_956_970)):
        with pytest.raises(DataError, match="million pixels"):
            read_picture(path, most_pixels=most)


def test_a_format_that_cannot_hold_the_picture_is_refused(tmp_path: Path) -> None:
    plain = Picture(pixels=np.zeros((4, 4, 3), np.uint8))
    clear = replace(plain, alpha=np.zeros((4, 4), np.uint8))
    deep = Picture(pixels=np.zeros((4, 4, 3), np.uint16))
    many = Picture(pixels=np.zeros((4, 4, 5), np.uint8))
    wide = Picture(pixels=np.zeros((1, 16_384, 1), np.uint8))
    cases = [
        (clear, ".jpg"),
        (clear, ".bmp"),
        (deep, ".webp"),
        (deep, ".jpg"),
        (many, ".png"),
        (wide, ".webp"),
    ]
    for picture, suffix in [*cases, (plain, ".gif")]:
        with pytest.raises(UsageError):
            write_picture(tmp_path / f"a{suffix}", picture)
    assert not list(tmp_path.iterdir())


def test_the_whole_list_is_planned(tmp_path: Path) -> None:
    assert features.check("webp")
    photos = tmp_path / "photos"
    for name in ("a.PNG", "sub/b.jpg", "sub/c.gif", "notes.txt", ".hidden/d.png"):
        path = photos / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    beside = planned([photos / "a.PNG"], None, suffix="-x2", force=False)
    assert [job.target for job in beside] == [photos / "a-x2.PNG"]
    jobs = planned([photos], None, suffix="-x2", force=False)
    assert [job.target.relative_to(tmp_path).as_posix() for job in jobs] == [
        "photos-x2/a-x2.PNG",
        "photos-x2/sub/b-x2.jpg",
        "photos-x2/sub/c-x2.png",  # a GIF holds too few colours
    ]
    (photos / "out").mkdir()
    (photos / "out" / "old-x2.png").write_bytes(b"x")
    inside = planned([photos], photos / "out", suffix="-x2", force=False)
    assert [job.source.name for job in inside] == ["a.PNG", "b.jpg", "c.gif"]  # not the results of last time
    for above in (photos, tmp_path):  # results beside the pictures, or above their folder
        jobs = planned([photos / "sub"], above, suffix="-x2", force=False)
        assert [job.target for job in jobs] == [above / "b-x2.jpg", above / "c-x2.png"]
    within = planned([photos / "sub"], photos / "sub", suffix="-x2", force=False)
    assert [job.target.name for job in within] == ["b-x2.jpg", "c-x2.png"]
    named = planned([photos / "a.PNG"], tmp_path / "large.webp", suffix="-x2", force=False)
    assert [job.target for job in named] == [tmp_path / "large.webp"]


def test_nothing_is_replaced_by_accident(tmp_path: Path) -> None:
    a, b, result = tmp_path / "a.png", tmp_path / "b" / "a.png", tmp_path / "a-x2.png"
    b.parent.mkdir()
    for path in (a, b, result):
        path.write_bytes(b"x")
    cases = [
        (([a], None), "already: --force"),
        (([a, tmp_path / "aa.png"], None), "no such file.*did you mean 'a.png'"),
        (([a, b], tmp_path / "out"), "both become a-x2.png"),
        (([a], tmp_path / "a.gif"), "results are written as"),
        (([a, b], tmp_path / "one.png"), "name a folder"),
        (([tmp_path / "b", a], tmp_path / "one.png"), "name a folder"),
        (([], None), "no pictures"),
    ]
    for (given_files, out), word in cases:
        with pytest.raises(UsageError, match=word):
            planned(given_files, out, suffix="-x2", force=False)
    assert planned([a], None, suffix="-x2", force=True)[0].target == result
    with pytest.raises(UsageError, match="one of the pictures given"):
        planned([a], a, suffix="-x2", force=True)
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match="holds no pictures"):
        planned([tmp_path / "none"], None, suffix="-x2", force=False)
