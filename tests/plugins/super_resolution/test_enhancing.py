"""Pictures through real exported models: depths, channels, alpha, tiles, folders, bad files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from ganworks.errors import DataError, UsageError
from ganworks_cli.main import main
from ganworks_exports.onnx import export
from ganworks_exports.runtime import load
from ganworks_image.applying import Picture, read_picture, write_picture
from ganworks_image.image_to_image import image_to_image
from ganworks_image.intensity import IntensityMap
from ganworks_super_resolution.bands import bands
from ganworks_super_resolution.enhancing import enhance, enhanced
from ganworks_super_resolution.network import Network
from ganworks_super_resolution.options import Options

RNG = np.random.default_rng(0)
BYTES = IntensityMap(low=0, high=255, dtype="uint8")


class Sharpen(nn.Module):
    """Twice the size by nearest repetition, plus what a 5 x 5 mean leaves: it looks 2 pixels far."""

    multiple = 1

    def __init__(self, channels: tuple[int, int], scale: int) -> None:
        super().__init__()
        self.given, self.made, self.scale = *channels, scale
        self.mean = nn.AvgPool2d(5, 1, 2, count_include_pad=False)

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        x = source[:, [min(c, self.given - 1) for c in range(self.made)]]
        sharp = x + 0.5 * (x - self.mean(x))
        return nn.functional.interpolate(sharp, scale_factor=float(self.scale), mode="nearest")


class Average(Sharpen):
    """Looks at all of the picture: no halo is enough."""

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        whole: Tensor = super().forward(latent, source - 0.5 * source.mean((2, 3), keepdim=True))
        return whole


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Export a model once for each set of arguments."""
    folder = tmp_path_factory.mktemp("models")

    def made(
        channels: tuple[int, int] = (3, 3), scale: int = 2, view: str = "float", net: Any = Sharpen
    ) -> Path:
        path = folder / f"{net.__name__}-{channels[0]}-{channels[1]}-x{scale}-{view}" / "model.onnx"
        if not path.exists():
            module = net(channels, scale).eval()
            units = {"source": BYTES, "target": BYTES}
            card = {"title": "test"}
            export(image_to_image(module, channels=channels, size=None, card=card, view=view, **units), path)
        return path

    return made


def network(path: Path) -> Network:
    return Network(load(path), path.name)


def expected(pixels: Any, scale: int = 2, channels: tuple[int, int] = (3, 3)) -> Any:
    """The same by torch in float64, (height, width, channels) -> in the units of the picture."""
    most = np.iinfo(pixels.dtype).max
    x = torch.from_numpy(pixels.astype(np.float64) / most * 2 - 1).permute(2, 0, 1)[None]
    y = Sharpen(channels, scale)(torch.zeros(1, 1), x)[0].permute(1, 2, 0).numpy()
    return (y.clip(-1, 1) + 1) / 2 * most


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_every_depth_and_channel_count(models: Callable[..., Path], dtype: Any, channels: int) -> None:
    pixels = RNG.integers(0, np.iinfo(dtype).max, (9, 14, channels), dtype)
    made = network(models())(pixels)
    assert (made.shape, made.dtype) == ((18, 28, channels), dtype)
    wanted = expected(pixels, channels=(channels, channels))
    assert np.abs(made - wanted).max() <= 0.51  # rounded to the depth of the picture, not to 8 bits


def test_a_model_of_8_bits_refuses_16(models: Callable[..., Path]) -> None:
    eight = network(models(view="app"))
    pixels = RNG.integers(0, 255, (6, 5, 3), np.uint8)
    assert np.abs(eight(pixels) - expected(pixels)).max() <= 1
    with pytest.raises(DataError, match=r"16 bits a channel.*takes 8"):
        eight(pixels.astype(np.uint16))


class Brighter(nn.Module):
    """White where a pixel is brighter than half of the range, black elsewhere."""

    multiple = scale = 1

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        return (source > 0).float() * 2 - 1


def test_white_is_what_it_was_in_training(tmp_path: Path) -> None:
    """12 bits in files of 16: white is 4,095 for the network that was trained on such pictures."""
    units = IntensityMap(low=0, high=4_095, dtype="uint16")
    card = {"title": "test", "intensity": units.as_dict()}
    path = tmp_path / "model.onnx"
    made = image_to_image(
        Brighter(), source=units, target=units, channels=1, size=None, card=card, view="float"
    )
    export(made, path)
    deep = np.array([[[1_000], [3_000]]], np.uint16)
    np.testing.assert_array_equal(network(path)(deep), [[[0], [4_095]]])
    shallow = np.array([[[100], [200]]], np.uint8)
    np.testing.assert_array_equal(network(path)(shallow), [[[0], [255]]])


def test_grey_pictures_get_colours_and_holes_are_filled(models: Callable[..., Path]) -> None:
    colours = RNG.integers(0, 255, (6, 7, 3), np.uint8)
    colourise = network(models(channels=(1, 3), scale=1))
    assert colourise(colours[..., :1]).shape == (6, 7, 3)
    grey = (colours @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8)[..., None]
    wanted = expected(grey, scale=1, channels=(1, 3))
    assert np.abs(colourise(colours) - wanted).max() <= 2  # colours are made grey first
    fill = network(models(channels=(4, 3), scale=1))
    with pytest.raises(DataError, match="transparent"):
        fill(colours)
    alpha = np.full((6, 7), 255, np.uint8)
    alpha[2, 3] = 0
    filled = enhanced(Picture(pixels=colours, alpha=alpha), fill)
    holed = np.dstack([np.where(alpha[..., None] > 0, colours, 0).astype(np.uint8), 255 - alpha])
    assert np.abs(filled.pixels - expected(holed, scale=1, channels=(4, 3))).max() <= 0.51
    assert filled.alpha is None
    with pytest.raises(DataError, match="5 channels"):
        fill(np.zeros((4, 4, 5), np.uint8), alpha[:4, :4])


@pytest.mark.parametrize(
    ("shapes", "card"),
    [
        ((["batch", "height", "width", "channels"], ["batch", "height", "width", 3]), {}),
        ((["batch", "height", "width", 3], ["batch", "x*height", "x*width", 3]), {}),
        ((["batch", "height", "width", 3], ["batch", "2*height", "3*width", 3]), {}),
        ((["batch", "height", "width", 3], ["batch", "0*height", "0*width", 3]), {}),
        ((["batch", "height", "width", 1], ["batch", "height", "width", 3]), {"labels": 4}),
    ],
)
def test_a_card_that_describes_no_enlargement_is_refused(shapes: Any, card: dict[str, Any]) -> None:
    source, result = ({"port": {"shape": shape, "dtype": "float32"}} for shape in shapes)
    model: Any = SimpleNamespace(inputs=source, outputs=result, card=card)
    with pytest.raises(UsageError, match=r"^mine\.onnx "):
        Network(model, "mine.onnx")


@pytest.mark.parametrize("tile", [32, 40, 512])
def test_tiles_equal_the_whole_picture(models: Callable[..., Path], tile: int) -> None:
    pixels = RNG.integers(0, 255, (101, 77, 3), np.uint8)
    done: list[tuple[int, int]] = []
    made = network(models())(pixels, tile=tile, tell=lambda *rows: done.append(rows))
    assert np.abs(made - expected(pixels)).max() <= 0.51
    assert done[-1] == (101, 101)
    assert len(done) == -(-101 // tile)


def test_a_model_that_sees_everything_leaves_no_step_at_a_seam(models: Callable[..., Path]) -> None:
    ramp = np.linspace(0, 255, 300)[:, None, None] + np.zeros((1, 40, 3))
    made = network(models(net=Average))(ramp.astype(np.uint8), tile=96).astype(int)
    steps = np.abs(np.diff(made[:, 40, 0]))
    hard = network(models(net=Average))
    hard._reach = 64  # the same tiles, not blended
    cut = np.abs(np.diff(hard(ramp.astype(np.uint8), tile=96)[:, 40, 0].astype(int)))
    assert cut.max() >= 10  # without blending the bands differ visibly
    assert steps.max() <= 4


@given(
    height=st.integers(1, 90),
    rows=st.integers(1, 40),
    fade=st.integers(0, 9),
    multiple=st.sampled_from([1, 4]),
    scale=st.sampled_from([1, 3]),
)
@settings(deadline=None)
def test_bands_cover_every_row_once(height: int, rows: int, fade: int, multiple: int, scale: int) -> None:
    image = np.arange(height, dtype=np.float32)[:, None, None]
    starts = []

    def run(band: Any) -> Any:
        starts.append(int(band[0, 0, 0]))
        return band.repeat(scale, 0)

    parts = list(bands(run, image, rows=rows, halo=3, fade=fade, scale=scale, multiple=multiple))
    np.testing.assert_allclose(np.concatenate(parts), image.repeat(scale, 0), atol=1e-4)
    assert all(start % multiple == 0 for start in starts)


def test_alpha_profile_and_resolution_go_along(models: Callable[..., Path], tmp_path: Path) -> None:
    alpha = np.zeros((8, 8), np.uint8)
    alpha[:, 4:] = 255
    pixels = np.full((8, 8, 3), 90, np.uint8)
    pixels[:, :4] = 255  # hidden: must not bleed into the visible half
    write_picture(tmp_path / "a.png", Picture(pixels=pixels, alpha=alpha, dpi=(300, 300)))
    enhance([tmp_path / "a.png"], Options(from_run=models()))
    found = read_picture(tmp_path / "a-x2.png")
    assert found.alpha is not None
    assert (found.alpha[:, :4] == 0).all()
    assert (found.alpha[:, 12:] == 255).all()
    assert np.abs(found.pixels[:, 8:].astype(int) - 90).max() <= 1
    assert found.dpi == pytest.approx((300, 300), abs=0.1)


def test_a_folder_goes_on_past_a_bad_file(models: Callable[..., Path], tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    Image.new("RGB", (5, 4)).save(folder / "a.jpg")
    (folder / "b.png").write_bytes(b"no picture")
    Image.new("L", (1, 1)).save(folder / "sub" / "c.png")
    events: list[Any] = []
    with pytest.raises(DataError, match=r"1 of 3 pictures were left out.*b\.png"):
        enhance([folder], Options(from_run=models()), None, False, events.append)
    made = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("in-x2/**/*.*"))
    assert made == ["in-x2/a-x2.jpg", "in-x2/sub/c-x2.png"]
    assert read_picture(tmp_path / "in-x2/sub/c-x2.png").pixels.shape == (2, 2, 1)
    assert [event["event"] for event in events].count("result") == 2
    assert any(event["event"] == "warning" and "b.png" in event["text"] for event in events)
    with pytest.raises(UsageError, match="already: --force"):
        enhance([folder], Options(from_run=models()))


def test_nothing_is_computed_for_a_file_that_could_not_hold_it(
    models: Callable[..., Path], tmp_path: Path
) -> None:
    Image.new("L", (9_000, 2)).save(tmp_path / "long.webp")
    with pytest.raises(UsageError, match="18,000 x 4"):
        enhance([tmp_path / "long.webp"], Options(from_run=models()))
    tifffile.imwrite(tmp_path / "deep.tif", np.zeros((3, 4), np.uint16))
    with pytest.raises(UsageError, match="16 bits"):
        enhance([tmp_path / "deep.tif"], Options(from_run=models()), tmp_path / "deep.jpg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep.tif", "long.webp"]


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["--scale", "4"], "enlarges 2 times"),
        (["--train", "photos"], "--data is for training"),
        (["--recipe", "esrgan"], "--recipe is for training"),
        (["--pixel-run", "other"], "is no run"),
        (["--out", "x.mp4"], "results are written as"),
        (["film.mp4"], "ffmpeg"),
        (["missing.png"], "no such file"),
    ],
)
def test_wrong_usage_is_one_line(
    models: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    word: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (5, 4)).save("a.png")
    code = main(["run", "super-resolution", "a.png", "--from", str(models()), *words])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert word in err
    assert len(err.strip().splitlines()) <= 2  # the stage, perhaps, and the error
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_from_the_command_line(
    models: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (5, 4)).save("a.png")
    arguments = ["run", "super-resolution", "a.png", "--from", str(models())]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "a.png -> a-x2.png  (10 x 8 pixels)\n"
    assert main([*arguments, "--force", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["target"] for line in lines if line["event"] == "result"] == ["a-x2.png"]
    assert lines[-1] == {"event": "outcome", "outcome": "done", "exit_code": 0, "results": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-x2.png", "a.png"]  # no run folder
