"""Beginning with the weights of another run: what is taken over, what begins anew, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save

from ganworks._fitting import StartWatch, from_start
from ganworks.data import ArrayDataset
from ganworks.errors import UsageError
from ganworks.recipes.dcgan import dcgan
from ganworks.recipes.progressive import progressive
from ganworks.run import Run
from ganworks.training import (
    Budget,
    Checkpoints,
    CheckpointWatch,
    EngineSettings,
    Recipe,
    TorchEngine,
    TrainingState,
    fit,
    read_scalars,
    read_tensors,
    with_technique,
)

DATA = ArrayDataset(np.random.default_rng(0).integers(0, 256, (12, 1, 16, 16), dtype=np.uint8))
ENGINE = TorchEngine(EngineSettings())


def small(width: int = 4, *techniques: str) -> Recipe:
    recipe = dcgan(DATA.space, batch=4, latent=8, width=width)
    for name in techniques:
        recipe = with_technique(recipe, name)
    return recipe


def trained(recipe: Recipe, steps: int = 2) -> TrainingState:
    return fit(recipe, DATA, ENGINE, Budget(steps=steps), seed=1)


def test_weights_are_taken_over_and_memories_begin_anew():
    recipe = small(4, "lecam", "replay", "historical-averaging")
    other, state = trained(recipe), TrainingState(recipe, ENGINE)
    taken = state.start_from(other.tensors())
    assert taken.fitting == taken.of > 20
    for name in ("generator", "discriminator"):
        pairs = zip(state.networks[name].parameters(), other.networks[name].parameters(), strict=True)
        assert all(own.equal(there) for own, there in pairs)
    assert other.networks["replay"].kept.any()
    assert not state.networks["replay"].kept.any()
    assert state.networks["lecam"].weight == 0
    assert state.networks["generator_history"].states == 0


def test_a_growing_network_keeps_to_the_schedule_of_its_own_run():
    recipe = progressive(DATA.space, batch=4, latent=8, width=4)
    other, state = TrainingState(recipe, ENGINE), TrainingState(recipe, ENGINE)
    other.images = 10**9
    other.follow_schedules()
    assert other.networks["generator"].level > state.networks["generator"].level == 0
    state.start_from(other.tensors())
    assert state.networks["generator"].level == state.averages["generator"].level == 0
    torch.testing.assert_close(
        state.networks["generator"].seed.state_dict(), other.networks["generator"].seed.state_dict()
    )


def test_a_network_that_does_not_learn_stays_who_it_is():
    teaching = replace(small(), networks={**small().networks, "teacher": small().networks["generator"]})
    other, state = TrainingState(teaching, ENGINE, seed=1), TrainingState(teaching, ENGINE, seed=2)
    before = next(state.networks["teacher"].parameters()).clone()
    state.start_from(other.tensors())
    assert next(state.networks["teacher"].parameters()).equal(before)
    assert not next(other.networks["teacher"].parameters()).equal(before)


def test_a_generator_of_which_hardly_anything_fits_is_refused():
    with pytest.raises(ValueError, match=r"\d+ of the generator's \d+ tensors fit"):
        TrainingState(small(8), ENGINE).start_from(trained(small(4)).tensors())


def a_run(folder, steps: int = 2, recipe: Recipe | None = None, start=None) -> Run:
    """Train in a folder, with the watches that matter here in the order of a real run."""
    run = Run(folder)
    saving = CheckpointWatch(run, Checkpoints(run.checkpoints), check=lambda: None, seconds=1e9)
    fit(
        recipe or small(), DATA, ENGINE, Budget(steps=steps), seed=1, watches=[saving, StartWatch(run, start)]
    )
    return run


def started(run: Run) -> list[tuple[int, int]]:
    return [(e["tensors"], e["of"]) for e in run.events() if e["event"] == "started-from"]


def test_a_run_says_what_it_took_over_and_takes_it_once(tmp_path):
    other = a_run(tmp_path / "other")
    run = a_run(tmp_path / "new", start=other.folder)
    ((taken, of),) = started(run)
    assert taken == of
    assert len(started(a_run(tmp_path / "new", steps=4, start=other.folder))) == 1


def test_a_run_whose_checkpoints_are_all_damaged_starts_from_the_other_run_again(tmp_path):
    other = a_run(tmp_path / "other")
    run = a_run(tmp_path / "new", start=other.folder)
    for path in Checkpoints(run.checkpoints).complete():
        path.write_bytes(b"half")
    assert len(started(a_run(tmp_path / "new", start=other.folder))) == 2


def test_another_architecture_is_one_line(tmp_path):
    other = a_run(tmp_path / "other")
    with pytest.raises(UsageError, match=r"--start-from .*other: \d+ of the generator's"):
        a_run(tmp_path / "new", recipe=small(8), start=other.folder)


def test_the_check_of_a_start_reads_no_tensors_and_notices_what_is_damaged(tmp_path):
    run = a_run(tmp_path / "other")
    (path,) = Checkpoints(run.checkpoints).complete()
    assert from_start(run.folder, read_scalars) == read_tensors(path)[1]
    assert from_start(run.folder, read_scalars)["step"] == 2
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:100], b"", save({"a": torch.zeros(1)})):
        path.write_bytes(damaged)
        for read in (read_scalars, read_tensors):
            with pytest.raises(UsageError, match=r"--start-from: .*step-000000002.* cannot be read"):
                from_start(run.folder, read)
    path.unlink()
    with pytest.raises(UsageError, match="no checkpoint there; name the folder of a finished run"):
        from_start(run.folder, read_scalars)
