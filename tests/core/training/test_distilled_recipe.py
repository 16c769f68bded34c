"""The distilled recipe: a student of a trained run, which is named by its folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganworks import UsageError
from ganworks.data import ArrayDataset
from ganworks.recipes.distilled import distilled
from ganworks.session import Session
from ganworks.training import Budget, EngineSettings, TorchEngine, TrainingState, fit

DATA = ArrayDataset(np.random.default_rng(0).integers(0, 255, (24, 1, 16, 16), dtype=np.uint8))
OPTIONS = {"batch": 8, "width": 2}


def train(teacher: Path, steps: int, **options) -> TrainingState:
    recipe = distilled(DATA.space, teacher=teacher, **OPTIONS, lr=3e-3, **options)
    return fit(recipe, DATA, TorchEngine(EngineSettings()), Budget(steps=steps), seed=1)


def gap(state: TrainingState) -> float:
    """Mean distance between what teacher and student draw from equal latents."""
    torch.manual_seed(0)
    latent, labels = torch.randn(32, 6), torch.zeros(32, dtype=torch.int64)
    with torch.no_grad():
        pictures = [state.networks[name](latent, labels) for name in ("teacher", "generator")]
    return (pictures[0] - pictures[1]).abs().mean().item()


def test_the_student_comes_close_to_its_teacher_and_is_smaller(teachers):
    teacher = teachers.of(DATA)
    taught, alone = train(teacher, 60), train(teacher, 60, pixels=0.0, features=0.0)
    assert gap(taught) < 0.7 * gap(alone)
    sizes = [sum(p.numel() for p in taught.networks[n].parameters()) for n in ("generator", "teacher")]
    assert sizes[0] < sizes[1] / 2


def test_a_trained_teacher_gives_its_latent_and_stays_who_it_is(teachers, monkeypatch):
    folder = teachers.of(DATA)
    monkeypatch.chdir(folder.parent)
    monkeypatch.setattr(teachers.pipeline, "reads", 0)
    recipe = distilled(DATA.space, **OPTIONS, teacher=Path(folder.name))
    assert recipe.draw.latent == 6
    assert teachers.pipeline.reads == 0
    monkeypatch.chdir("/")  # the folder is found from anywhere
    before = Session.open(folder, teachers.registry).sampler().module().state_dict()
    state = fit(recipe, DATA, TorchEngine(EngineSettings()), Budget(steps=2))
    learned = dict(state.networks["teacher"].named_parameters())
    assert all(value.equal(before[name]) for name, value in learned.items())


def test_a_teacher_of_other_samples_is_refused(teachers):
    smaller = ArrayDataset(np.zeros((8, 1, 8, 8), np.uint8))
    recipe = distilled(smaller.space, batch=8, teacher=teachers.of(DATA))
    with pytest.raises(UsageError, match=r"draws \(1, 16, 16\) in 0 classes, the data are \(1, 8, 8\)"):
        recipe.networks["teacher"]()


def test_a_teacher_that_is_not_trained_is_refused(teachers, tmp_path):
    teachers.create(tmp_path / "fresh", DATA)
    with pytest.raises(UsageError, match="is not trained yet: continue it with `gan resume"):
        distilled(DATA.space, teacher=tmp_path / "fresh")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs a trained teacher: name its run, --set recipe_options.teacher=RUN"),
        ({"teacher": "nowhere"}, r"teacher: .*nowhere is not a run folder"),
        ({"teacher": __file__}, r"teacher: .*\.py is a file; name the folder of a run"),
        ({"teacher": 3}, r"recipe_options\.teacher: 3 is no path"),
    ],
)
def test_no_teacher_is_refused_before_anything_is_read(teachers, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(teachers.pipeline, "reads", 0)
    with pytest.raises(UsageError, match=message):
        teachers.create(tmp_path / "student", DATA, recipe="distilled", recipe_options=options)
    assert not (tmp_path / "student").exists()
    assert teachers.pipeline.reads == 0


def test_a_student_is_resumed_from_another_directory(teachers, trained, tmp_path, monkeypatch):
    folder = teachers.of(DATA)
    monkeypatch.chdir(folder.parent)
    options = {**OPTIONS, "teacher": folder.name}
    trained(teachers.create(tmp_path / "student", DATA, recipe="distilled", recipe_options=options))
    monkeypatch.chdir("/")
    student = Session.open(tmp_path / "student", teachers.registry)
    assert student.run_folder.settings()["options"]["recipe_options"]["teacher"] == str(folder)
    trained(student)
    assert student.sampler().latent == 6


def test_a_student_may_begin_as_the_teacher_without_its_weakest_channels(teachers, trained, tmp_path):
    pytest.importorskip("torch_pruning", reason="needs ganworks[prune]")
    folder = teachers.of(DATA)
    options = {"batch": 8, "teacher": str(folder), "keep": 0.6}
    session = teachers.create(tmp_path / "student", DATA, recipe="distilled", recipe_options=options)
    whole = Session.open(folder, teachers.registry).sampler().generator
    begun = session.recipe().networks["generator"]()
    sizes = [sum(weight.numel() for weight in net.parameters()) for net in (begun, whole)]
    assert sizes[0] < sizes[1]
    trained(session)
    drawn, labels = Session.open(tmp_path / "student", teachers.registry).sampler().balanced(3, seed=0)
    assert drawn.shape == (3, *DATA.space.shape)
    assert len(labels) == 3


@pytest.mark.parametrize("keep", [0, 1, -0.5, 3])
def test_a_share_of_channels_outside_of_0_to_1_is_refused(teachers, keep):
    with pytest.raises(UsageError, match="keep must lie between 0 and 1"):
        distilled(DATA.space, teacher=teachers.of(DATA), keep=keep)
