"""The distilled recipe with a teacher that learns along; one that is trained comes from a run folder."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
import torch

from ganworks import UsageError, plugin
from ganworks.data import ArrayDataset
from ganworks.options import RunOptions
from ganworks.pipeline import Pipeline
from ganworks.recipes.dcgan import dcgan
from ganworks.recipes.distilled import distilled
from ganworks.registry import from_modules
from ganworks.session import Session
from ganworks.training import Budget, EngineSettings, TorchEngine, TrainingState, Validation, fit

ARRAY = np.random.default_rng(0).integers(0, 255, (24, 1, 16, 16), dtype=np.uint8)


def train(steps: int, **options) -> TrainingState:
    data = ArrayDataset(ARRAY)
    recipe = distilled(data.space, batch=8, latent=8, width=4, teacher_width=8, lr=3e-3, **options)
    return fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=steps), seed=1)


def gap(state: TrainingState) -> float:
    """Mean distance between what teacher and student draw from equal latents."""
    torch.manual_seed(0)
    latent, labels = torch.randn(32, 8), torch.zeros(32, dtype=torch.int64)
    with torch.no_grad():
        pictures = [state.networks[name](latent, labels) for name in ("teacher", "generator")]
    return (pictures[0] - pictures[1]).abs().mean().item()


def test_the_student_comes_close_to_its_teacher_and_is_smaller():
    taught, alone = train(60), train(60, pixels=0.0, features=0.0)
    assert gap(taught) < 0.7 * gap(alone)
    sizes = [sum(p.numel() for p in taught.networks[n].parameters()) for n in ("generator", "teacher")]
    assert sizes[0] < sizes[1] / 2


def test_a_teacher_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"teacher: .* is not a run folder"):
        distilled(ArrayDataset(ARRAY).space, teacher=str(tmp_path))


class Digits(Pipeline[RunOptions]):
    """A domain of random pictures, for the run of a teacher; ``reads`` counts how often its data are read."""

    reads = 0

    def read(self):
        type(self).reads += 1
        return ArrayDataset(ARRAY)

    def default_recipe(self, data):
        return "small"

    def validate(self, sampler):
        return Validation(1.0)

    def sample(self, sampler, request):
        raise NotImplementedError

    evaluate = deployable = report = sample


def small(space):
    return dcgan(space, batch=8, latent=6, width=4)


@plugin.hookimpl
def ganworks_declare():
    here = "digits_for_tests"
    yield plugin.Domain(
        name="digits", summary="t", options="ganworks.options:RunOptions", pipeline=f"{here}:Digits"
    )
    yield plugin.Recipe(name="small", summary="t", target=f"{here}:small")
    yield plugin.Exporter(name="onnx", summary="t", target=f"{here}:small", suffix=".onnx")


@pytest.fixture
def teacher(tmp_path, monkeypatch) -> Session:
    """A run that is trained, and no more than that."""
    module = types.ModuleType("digits_for_tests")
    module.Digits, module.small, module.ganworks_declare = Digits, small, ganworks_declare
    monkeypatch.setitem(sys.modules, module.__name__, module)
    registry = from_modules(module)
    monkeypatch.setattr("ganworks.registry.discover", lambda: registry)
    options = RunOptions(steps=2, threads=1)
    session = Session.create(registry.find(plugin.Domain, "digits"), options, tmp_path / "teacher", registry)
    with pytest.raises(NotImplementedError):  # what follows the training
        session.run()
    return session


def test_a_trained_teacher_gives_its_latent_and_stays_who_it_is(teacher, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Digits, "reads", 0)
    recipe = distilled(ArrayDataset(ARRAY).space, batch=8, width=4, teacher="teacher")
    assert recipe.draw.latent == 6
    assert Digits.reads == 0
    monkeypatch.chdir("/")  # the folder is found from anywhere
    before = teacher.sampler().module().state_dict()
    state = fit(recipe, ArrayDataset(ARRAY), TorchEngine(EngineSettings()), Budget(steps=2))
    learned = dict(state.networks["teacher"].named_parameters())
    assert all(value.equal(before[name]) for name, value in learned.items())


def test_a_teacher_of_other_samples_is_refused(teacher):
    recipe = distilled(
        ArrayDataset(ARRAY[:, :, :8, :8]).space, batch=8, teacher=str(teacher.run_folder.folder)
    )
    with pytest.raises(UsageError, match=r"draws \(1, 16, 16\) in 0 classes, the data are \(1, 8, 8\)"):
        recipe.networks["teacher"]()


def test_a_teacher_that_is_not_trained_is_refused(teacher, tmp_path):
    registry = teacher.registry
    fresh = Session.create(teacher.domain, teacher.options, tmp_path / "fresh", registry)
    with pytest.raises(ValueError, match="is not trained yet: continue it with `gan resume"):
        distilled(ArrayDataset(ARRAY).space, teacher=str(fresh.run_folder.folder))
