"""Sheets of what a generator has learned, on disk and for any generator of images."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
import torch
from PIL import Image

from ganworks import plugin
from ganworks.data import PairedDataset
from ganworks.errors import DataError, UsageError
from ganworks.exploration import STRENGTHS, explore, read_target
from ganworks.options import RunOptions
from ganworks.pipeline import Pipeline
from ganworks.registry import discover, from_modules
from ganworks.session import Session
from ganworks.space import SampleSpace
from ganworks.training import EngineSettings, Sampler, TorchEngine, TrainingState

SPACE = SampleSpace(channels=1, size=(16, 20), classes=("a", "b"))


def sampler_of(name: str, space: SampleSpace = SPACE, **options: int) -> Sampler:
    registry = discover(third_party=False)
    recipe = registry.load(registry.find(plugin.Recipe, name))(space, batch=4, width=8, **options)
    return Sampler.of(TrainingState(recipe, TorchEngine(EngineSettings())))


def tiles(path, columns: int) -> list[np.ndarray]:
    """The pictures of a sheet of 16 x 20 tiles, 2 pixels apart, row by row."""
    grid = np.asarray(Image.open(path))
    lines = (grid.shape[0] + 2) // 18
    return [grid[y * 18 : y * 18 + 16, x * 22 : x * 22 + 20] for y in range(lines) for x in range(columns)]


def test_every_generator_has_truncation_interpolation_and_directions(tmp_path):
    files = explore(sampler_of("dcgan"), SPACE, tmp_path / "out", label=1)
    assert sorted(files) == ["directions", "interpolation", "truncation"]
    shown = tiles(files["truncation"], 5)
    assert all(np.array_equal(shown[0], other) for other in shown[::5])  # no truncation left: one picture
    assert not np.array_equal(shown[4], shown[9])
    assert len(tiles(files["directions"], len(STRENGTHS))) == 6 * len(STRENGTHS)


def test_style_based_generators_also_mix(tmp_path):
    torch.manual_seed(0)
    files = explore(sampler_of("stylegan2"), SPACE, tmp_path)
    mixed = tiles(files["mixing"], 6)
    assert not np.array_equal(mixed[0], mixed[7])  # two seeds, unmixed


@pytest.mark.parametrize("name", ["sagan", "biggan"])
def test_directions_of_residual_generators_change_the_picture(tmp_path, name):
    torch.manual_seed(0)
    shown = tiles(explore(sampler_of(name), SPACE, tmp_path)["directions"], len(STRENGTHS))
    rows = [shown[start : start + len(STRENGTHS)] for start in range(0, len(shown), len(STRENGTHS))]
    assert len(rows) == 6
    assert not any(np.array_equal(row[0], row[-1]) for row in rows)


def test_a_latent_of_few_numbers_has_as_many_directions(tmp_path):
    files = explore(sampler_of("dcgan", latent=2), SPACE, tmp_path)
    assert len(tiles(files["directions"], len(STRENGTHS))) == 2 * len(STRENGTHS)


def test_a_picture_is_looked_for_in_the_latent_space(tmp_path):
    Image.fromarray(np.full((40, 40, 3), 200, np.uint8)).save(tmp_path / "grey.png")
    files = explore(sampler_of("dcgan"), SPACE, tmp_path / "out", target=tmp_path / "grey.png")
    target, found = tiles(files["projection"], 2)
    assert np.abs(target.astype(int) - 200).max() <= 1
    start = tiles(files["truncation"], 5)[0]
    assert np.abs(found - 200.0).mean() < np.abs(start - 200.0).mean()


@pytest.mark.parametrize(("channels", "value"), [(1, 0.0), (3, 0.0)])
def test_a_16_bit_target_keeps_its_range(tmp_path, channels, value):
    Image.fromarray(np.full((8, 8), 32768, np.uint16)).save(tmp_path / "deep.png")
    target = read_target(tmp_path / "deep.png", SampleSpace(channels=channels, size=(16, 20)))
    assert target.shape == (1, channels, 16, 20)
    assert target.mean().item() == pytest.approx(value, abs=1e-3)


def test_a_target_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"bomb\.png cannot be read as a picture"):
        read_target(tmp_path / "bomb.png", SPACE)


def test_what_cannot_be_explored_is_said(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(DataError, match=r"text\.png cannot be read as a picture"):
        explore(sampler_of("dcgan"), SPACE, tmp_path / "out", target=tmp_path / "text.png")
    assert not (tmp_path / "out").exists()
    volume = SampleSpace(channels=1, size=(8, 8, 8))
    with pytest.raises(UsageError, match="only generators of images"):
        explore(sampler_of("gan3d", volume), volume, tmp_path / "out")


class PairsPipeline(Pipeline[RunOptions]):
    """A domain whose generators translate."""

    def read(self):
        images = np.zeros((4, 1, 16, 20), np.uint8)
        return PairedDataset(images, images)


PairsPipeline.__abstractmethods__ = frozenset()  # the other stages are not asked for


@plugin.hookimpl
def ganworks_declare():
    target = "pairs_for_tests:PairsPipeline"
    yield plugin.Domain(name="pairs", summary="t", options="ganworks.options:RunOptions", pipeline=target)
    yield plugin.Exporter(name="onnx", summary="t", target=target, suffix=".onnx")


def test_a_generator_that_translates_is_not_explored(tmp_path, monkeypatch):
    module = types.ModuleType("pairs_for_tests")
    module.PairsPipeline, module.ganworks_declare = PairsPipeline, ganworks_declare
    monkeypatch.setitem(sys.modules, module.__name__, module)
    registry = from_modules(module)
    session = Session.create(
        registry.find(plugin.Domain, "pairs"), RunOptions(threads=1), tmp_path / "run", registry
    )
    with pytest.raises(UsageError, match="the generator translates"):
        session.explore(tmp_path / "out", None, 0, None)
    assert not (tmp_path / "out").exists()
