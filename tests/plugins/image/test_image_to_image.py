"""Networks from image to image as exported models: units, sizes, labels, and no randomness."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.errors import UsageError
from ganworks.networks import CompactUpscaler
from ganworks.space import SampleSpace
from ganworks_exports import runtime
from ganworks_exports.onnx import export
from ganworks_image.image_to_image import continued, image_to_image
from ganworks_image.intensity import IntensityMap

U8 = IntensityMap(low=0, high=255, dtype="uint8")
U16 = IntensityMap(low=0, high=65535, dtype="uint16")
CT = IntensityMap(low=-1000, high=400, dtype="int16", unit="HU")


class Copy(nn.Module):
    """Hands its source on, so that what comes out tells what the network received."""

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        assert latent.abs().sum() == 0
        return source


class Strided(nn.Module):
    """Halves twice and enlarges to twice the size; dropout as the noise of training."""

    multiple, scale = 4, 2

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 4, 2, 1), nn.ReLU())
        self.noise = nn.Dropout(0.5)
        self.up = nn.Conv2d(8, 192, 3, 1, 1)

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        assert source.shape[2] % 4 == source.shape[3] % 4 == 0
        return torch.tanh(4 * F.pixel_shuffle(self.up(self.noise(self.down(source))), 8))


def run(deployable, image: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return deployable.module.eval()(torch.from_numpy(image)).numpy()


def simple(generator: nn.Module, source=U8, target=U8, channels=3, size=None, card=None, **options):
    return image_to_image(
        generator, source=source, target=target, channels=channels, size=size, card=card or {}, **options
    )


@given(
    units=st.sampled_from([U8, U16, CT]),
    sides=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_units_come_back_to_the_last_bit(units, sides, seed):
    kind = np.dtype(units.dtype)
    image = np.random.default_rng(seed).integers(units.low, units.high, (*sides, 3), kind, endpoint=True)
    made = run(simple(Copy(), units, units), image)
    assert made.dtype == kind
    np.testing.assert_array_equal(made, image)


def test_values_beyond_the_window_are_clipped_and_units_may_differ():
    image = np.array([-2000, -1000, -300, 400, 3000], np.int16).reshape(1, 1, 5, 1)
    made = run(simple(Copy(), CT, U8, 1), image)
    assert made.ravel().tolist() == [0, 0, 128, 255, 255]


def test_the_float_view_does_not_round():
    image = np.linspace(0, 1, 4097, dtype=np.float32).reshape(1, 1, -1, 1)
    deployable = simple(Copy(), U8, U8, 1, view="float")
    np.testing.assert_allclose(run(deployable, image), image, atol=2e-7)
    assert (deployable.inputs[0].dtype, deployable.inputs[0].low, deployable.inputs[0].high) == (
        "float32",
        0,
        1,
    )
    assert deployable.view == "float"


def test_labels_become_channels():
    labels = np.array([[[0], [2], [1]]], np.uint8)[None]

    class Seen(nn.Module):
        def forward(self, latent: Tensor, source: Tensor) -> Tensor:
            return source

    target = IntensityMap(low=-1, high=1, dtype="float32")
    deployable = simple(Seen(), U8, target, (1, 3), labels=3)
    assert (deployable.inputs[0].dtype, deployable.inputs[0].high) == ("uint8", 2)
    assert run(deployable, labels)[0, 0].tolist() == [[1, -1, -1], [-1, -1, 1], [-1, 1, -1]]
    assert deployable.card["labels"] == 3


@given(side=st.integers(1, 40), multiple=st.integers(1, 16))
def test_sides_are_continued_as_in_a_mirror(side, multiple):
    places = continued(side, multiple).tolist()
    missing = -side % multiple
    assert len(places) == side + missing
    if missing < side:
        assert places == np.pad(np.arange(side), (0, missing), mode="reflect").tolist()
    else:  # there is not enough to mirror
        assert places[:side] == list(range(side))
        assert set(places) <= set(range(side))


@pytest.fixture(scope="module")
def strided(tmp_path_factory):
    """The module, and the model exported from it; it was training a moment before."""
    torch.manual_seed(0)
    deployable = simple(Strided().train(), card={"title": "Twice"})
    file = export(deployable, tmp_path_factory.mktemp("model") / "model.onnx").file
    return deployable, runtime.load(file)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (17, 31), (40, 24), (53, 90)], ids=str)
def test_a_model_takes_any_size(strided, size):
    deployable, model = strided
    image = np.random.default_rng(1).integers(0, 256, (2, *size, 3), np.uint8)
    made = model.run(image=image)
    assert made.shape == (2, 2 * size[0], 2 * size[1], 3)
    expected = run(deployable, image)
    assert np.abs(made.astype(int) - expected).max() <= 1
    assert expected.std() > 20  # the network does something


def test_a_row_is_the_same_alone_and_each_time(strided):
    model = strided[1]
    image = np.random.default_rng(2).integers(0, 256, (3, 21, 18, 3), np.uint8)
    np.testing.assert_array_equal(model.run(image=image)[:1], model.run(image=image[:1]))


def test_the_card_says_how_to_cut_and_tiles_equal_the_whole(strided):
    model = strided[1]
    assert model.card["tiles"]["multiple"] == 4
    assert 4 <= model.card["tiles"]["halo"] <= 16
    assert model.card["title"] == "Twice"
    image = np.random.default_rng(3).integers(0, 256, (97, 131, 3), np.uint8)
    whole = model.run(image=image[None])[0]
    np.testing.assert_array_equal(model.transform(image), whole)
    assert np.abs(model.transform(image, tile=40).astype(int) - whole).max() <= 1


def test_an_upscaler_of_the_core_of_odd_sizes(tmp_path):
    torch.manual_seed(0)
    spaces = [SampleSpace(channels=3, size=(side, side)) for side in (8, 24)]
    deployable = simple(CompactUpscaler(*spaces, width=8, depth=2))
    model = runtime.load(export(deployable, tmp_path / "model.onnx").file)
    assert model.outputs["result"]["shape"] == ["batch", "3*height", "3*width", 3]
    assert model.card["tiles"]["halo"] <= 4  # four filters of 3x3
    image = np.random.default_rng(0).integers(0, 256, (23, 41, 3), np.uint8)
    assert np.abs(model.transform(image, tile=16).astype(int) - run(deployable, image[None])[0]).max() <= 1
    assert not (tmp_path / "sample.py").exists()  # there is no seed to draw from


def test_one_size_only(tmp_path):
    deployable = simple(Strided(), size=(10, 14))
    model = runtime.load(export(deployable, tmp_path / "model.onnx").file)
    assert model.transform(np.zeros((10, 14, 3), np.uint8)).shape == (20, 28, 3)
    assert "tiles" not in model.card


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match=r"no view 'flaot'; did you mean 'float'|no view 'flaot'.*float"):
        simple(Copy(), view="flaot")
    for options in ({"labels": 1}, {"labels": 257}, {"channels": 0}, {"latent": 0}):
        with pytest.raises(ValueError, match="labels"):
            simple(Copy(), **options)
