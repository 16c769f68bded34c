"""What protects a run: checkpoints, health checks, budgets, devices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ganworks.data import ArrayDataset
from ganworks.errors import RunError, UsageError
from ganworks.recipes.dcgan import dcgan
from ganworks.run import Run, sweep_leftovers
from ganworks.training import (
    Budget,
    Checkpoints,
    CheckpointWatch,
    EngineSettings,
    ProgressWatch,
    Stage,
    Term,
    TorchEngine,
    TrainingState,
    Validation,
    ValidationWatch,
    find_device,
    fit,
    read_tensors,
)
from ganworks.training.fit import PhaseRecord
from ganworks.training.health import Health, collapse


def setting():
    pixels = np.random.default_rng(0).integers(0, 256, (12, 1, 8, 8), dtype=np.uint8)
    data = ArrayDataset(pixels)
    return dcgan(data.space, batch=4, width=4, latent=8), data, TorchEngine(EngineSettings("cpu", 1, False))


def saved_run(tmp_path, steps=(1, 2)):
    recipe, data, engine = setting()
    checkpoints = Checkpoints(tmp_path)
    for step in steps:
        checkpoints.save(fit(recipe, data, engine, Budget(steps=step)))
    return recipe, engine, checkpoints


def test_a_damaged_checkpoint_is_passed_over(tmp_path):
    recipe, engine, checkpoints = saved_run(tmp_path)
    newest = checkpoints.complete()[-1]
    newest.write_bytes(newest.read_bytes()[:100])
    state = TrainingState(recipe, engine)
    assert checkpoints.load_latest(state) == checkpoints.complete()[0]
    assert state.step == 1


def test_only_the_newest_are_kept(tmp_path):
    _, _, checkpoints = saved_run(tmp_path, steps=(1, 2, 3))
    assert [path.name for path in checkpoints.complete()] == [
        "step-000000002.safetensors",
        "step-000000003.safetensors",
    ]


def test_a_checkpoint_of_another_recipe_is_refused_by_name(tmp_path):
    recipe, engine, checkpoints = saved_run(tmp_path)
    other = replace(recipe, draw=replace(recipe.draw, batch=6))
    with pytest.raises(RunError, match=r"does not fit this run: .* different recipe"):
        checkpoints.load_latest(TrainingState(other, engine))


def test_no_scratch_file_is_left_and_none_is_taken_for_whole(tmp_path):
    recipe, engine, checkpoints = saved_run(tmp_path)
    (tmp_path / ".step-000000009.safetensors.77.part").write_bytes(b"half")
    state = TrainingState(recipe, engine)
    assert checkpoints.load_latest(state) is not None
    assert state.step == 2
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".part") and "77" not in p.name]


def poisoned(recipe, at_step: int):
    """The recipe with a term that turns to NaN at one step."""
    seen = {"calls": 0}

    def poison(step):
        seen["calls"] += 1
        return step.fake.mean() * (float("nan") if seen["calls"] > at_step else 0.0)

    (stage,) = recipe.stages
    phases = tuple(replace(p, terms=(*p.terms, Term("poison", poison))) for p in stage.phases[1:])
    return replace(recipe, stages=(Stage((stage.phases[0], *phases)),))


def test_divergence_stops_with_step_term_and_last_good_checkpoint(tmp_path):
    recipe, data, engine = setting()
    run = Run(tmp_path)
    checkpoints = Checkpoints(run.checkpoints)
    budget = Budget(steps=6)
    progress = ProgressWatch(run, budget, checkpoints, seconds=1e9)
    saving = CheckpointWatch(run, checkpoints, progress.check, seconds=0.0)
    with pytest.raises(
        RunError, match="term 'poison' of phase 'generator' is not finite at step 3"
    ) as caught:
        fit(poisoned(recipe, 3), data, engine, budget, watches=[progress, saving])
    assert "step-000000003.safetensors" in str(caught.value)
    tensors, scalars = read_tensors(checkpoints.complete()[-1])
    assert scalars["step"] == 3
    assert all(value.isfinite().all() for value in tensors.values() if value.is_floating_point())


def record(real: float, fake: float, norm: float = 1.0) -> PhaseRecord:
    logits = [torch.full((8, 1), value) for value in (real, fake)]
    return PhaseRecord(
        "generator", {"generator": torch.tensor(0.5)}, torch.tensor(norm), *logits, torch.zeros(8).long()
    )


def test_a_discriminator_that_won_is_reported_once():
    health = Health()
    kinds = []
    for step in range(0, 250, 50):
        health.add(step, [record(5.0, -5.0)])
        kinds += [warned.kind for warned in health.close("none")[1]]
    assert kinds == ["discriminator-won"]


def test_a_few_slow_steps_are_not_called_won():
    health = Health()
    for step in range(10):
        health.add(step, [record(5.0, -5.0)])
        assert health.close("none")[1] == []


def test_an_even_game_is_not_reported():
    health = Health()
    for step in range(5):
        health.add(step, [record(0.1, 0.2)])
        assert health.close("none")[1] == []


def test_a_vanishing_gradient_is_reported_with_its_phase():
    health = Health()
    health.add(0, [record(0.0, 0.0, norm=1.0)])
    health.close("none")
    health.add(1, [record(0.0, 0.0, norm=1e-5)])
    assert [warned.kind for warned in health.close("none")[1]] == ["vanishing-gradient.generator"]


def test_collapse_is_judged_by_diversity():
    assert collapse(0.6) == []
    assert "0.10 times as much" in collapse(0.1)[0].text


def test_the_best_generator_is_kept_by_the_validation_score(tmp_path):
    recipe, data, engine = setting()
    run = Run(tmp_path)
    checkpoints = Checkpoints(run.checkpoints)
    scores = iter([3.0, 1.0, 2.0, 5.0])
    watch = ValidationWatch(run, checkpoints, lambda sampler: Validation(next(scores)), times=4)
    fit(recipe, data, engine, Budget(steps=4), watches=[watch])
    assert read_tensors(checkpoints.best)[1]["score"] == 1.0
    assert read_tensors(checkpoints.best)[1]["step"] == 2
    found = [event for event in run.events() if event["event"] == "validation"]
    assert [event["best"] for event in found] == [True, True, False, False]


def test_validation_does_not_touch_the_training(tmp_path):
    recipe, data, engine = setting()
    plain = fit(recipe, data, engine, Budget(steps=4)).tensors()

    def validate(sampler):
        torch.randn(100)
        sampler.balanced(4, 0)
        return Validation(0.0)

    watch = ValidationWatch(Run(tmp_path), Checkpoints(tmp_path), validate, times=4)
    watched = fit(recipe, data, engine, Budget(steps=4), watches=[watch]).tensors()
    assert all(plain[key].equal(watched[key]) for key in plain)


def test_fit_leaves_the_caller_s_random_state_alone():
    recipe, data, engine = setting()
    torch.manual_seed(1)
    expected = torch.randn(3)
    torch.manual_seed(1)
    fit(recipe, data, engine, Budget(steps=1))
    assert torch.randn(3).equal(expected)


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "tpu", "meta"])
def test_a_device_that_is_not_there_is_one_line(name):
    with pytest.raises(UsageError, match=f"device '{name}'"):
        find_device(name)


def test_a_budget_is_steps_or_seconds():
    for wrong in ({}, {"steps": 1, "seconds": 1.0}):
        with pytest.raises(ValueError, match="either steps or seconds"):
            Budget(**wrong)
    with suppress(ValueError):
        assert Budget(seconds=10.0).fraction is not None


def test_another_format_is_refused_by_name(tmp_path):
    recipe, engine, checkpoints = saved_run(tmp_path)
    path = checkpoints.complete()[-1]
    tensors, scalars = read_tensors(path)
    save_file(tensors, path, metadata={"ganworks": json.dumps({**scalars, "format": 99})})
    with pytest.raises(RunError, match="has checkpoint format 99, this version reads"):
        checkpoints.load_latest(TrainingState(recipe, engine))


def test_what_was_passed_over_is_remembered(tmp_path):
    recipe, engine, checkpoints = saved_run(tmp_path)
    newest = checkpoints.complete()[-1]
    newest.write_bytes(b"")
    checkpoints.load_latest(TrainingState(recipe, engine))
    assert checkpoints.skipped == [newest]


def changed(recipe, **of_generator_phase):
    (stage,) = recipe.stages
    return replace(recipe, stages=(Stage((stage.phases[0], replace(stage.phases[1], **of_generator_phase))),))


def test_impossible_recipes_cannot_be_built():
    recipe, _, _ = setting()
    term = recipe.stages[0].phases[1].terms[0]
    with pytest.raises(ValueError, match="two terms of one name"):
        changed(recipe, terms=(term, term))
    with pytest.raises(ValueError, match="moves unknown networks encoder"):
        changed(recipe, moves=("encoder",))
    with pytest.raises(ValueError, match="two phases are named discriminator, but"):
        changed(recipe, name="discriminator")
    with pytest.raises(ValueError, match="moves unknown networks discriminator"):
        replace(recipe, networks={"generator": recipe.networks["generator"]})
    with pytest.raises(ValueError, match="last stage must be open-ended"):
        replace(recipe, stages=(Stage(recipe.stages[0].phases, until_images=10),))


def test_no_step_draws_what_the_initial_weights_drew():
    class Noting(TorchEngine):
        def seed(self, *key):
            keys.append(tuple(np.random.SeedSequence(key).generate_state(2)))

    keys: list[tuple] = []
    recipe, data, _ = setting()
    state = TrainingState(recipe, Noting(EngineSettings()), seed=7)

    class Far:
        def begin(self, fitted):
            fitted.step = 0x1217  # the number in the key of the initial weights

        def end(self, fitted): ...
        def after_step(self, fitted, records, fraction): ...

    fit(recipe, data, Noting(EngineSettings()), Budget(steps=0x1217 + 1), seed=7, watches=[Far()])
    assert state.step == 0
    assert keys[0] == keys[1] != keys[2]


def test_a_phase_with_nothing_due_does_not_run():
    recipe, data, engine = setting()
    term = recipe.stages[0].phases[1].terms[0]
    lazy = changed(recipe, terms=(replace(term, every=2),))
    ran = []

    class Count:
        def begin(self, state): ...
        def end(self, state): ...
        def after_step(self, state, records, fraction):
            ran.append([record.phase for record in records])

    fit(lazy, data, engine, Budget(steps=3), watches=[Count()])
    assert ran == [["discriminator", "generator"], ["discriminator"], ["discriminator", "generator"]]


def test_scratch_of_a_killed_process_is_swept_and_that_of_a_living_one_is_not(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    gone, kept = tmp_path / f".a.{dead.pid}.part", tmp_path / "deep" / f".b.{os.getpid()}.part"
    kept.parent.mkdir()
    gone.mkdir()
    kept.write_text("half")
    sweep_leftovers(tmp_path)
    assert not gone.exists()
    assert kept.exists()
