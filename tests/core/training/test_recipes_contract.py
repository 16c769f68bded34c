"""Every recipe that is registered: it trains, samples, saves, resumes to the same bits, at any shape."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganworks import plugin
from ganworks.data import ArrayDataset
from ganworks.registry import discover
from ganworks.run import Run
from ganworks.training import (
    Budget,
    Checkpoints,
    CheckpointWatch,
    EngineSettings,
    Recipe,
    Sampler,
    TorchEngine,
    fit,
)

RECIPES = [d.name for d in discover(third_party=False).all(plugin.Recipe)]
SHAPES = [(1, 28, 28, 2), (3, 20, 36, 0), (2, 16, 16, 3)]  # channels, height, width, classes
SMALL = {"batch": 8, "width": 8}


def some_data(channels: int = 1, height: int = 16, width: int = 16, classes: int = 2) -> ArrayDataset:
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (24, channels, height, width), dtype=np.uint8)
    labels = np.arange(24) % classes if classes else None
    return ArrayDataset(pixels, labels, [f"class {i}" for i in range(classes)])


def build(name: str, data: ArrayDataset) -> Recipe:
    registry = discover(third_party=False)
    return registry.load(registry.find(plugin.Recipe, name))(data.space, **SMALL)


def engine(bf16: bool = False) -> TorchEngine:
    return TorchEngine(EngineSettings("cpu", 1, bf16))


def weights(state) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in state.tensors().items()}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_trains_and_samples_any_shape(name, shape):
    data = some_data(*shape)
    before = weights(fit(build(name, data), data, engine(), Budget(steps=1)))
    state = fit(build(name, data), data, engine(), Budget(steps=2))
    after = weights(state)
    for network in ("generator", "discriminator"):
        keys = [k for k in after if k.startswith(f"network/{network}/") and after[k].is_floating_point()]
        assert any(not after[k].equal(before[k]) for k in keys), f"{network} did not move"
    images, _ = Sampler.of(state).balanced(5, seed=3)
    assert images.shape == (5, *data.space.shape)
    assert images.abs().max() <= 1
    assert images.isfinite().all()


@pytest.mark.parametrize("name", RECIPES)
def test_n_steps_resume_n_steps_equals_2n_steps_bit_for_bit(name, tmp_path):
    data = some_data()

    def train(folder: str, steps: int) -> dict[str, torch.Tensor]:
        run = Run(tmp_path / folder)
        watch = CheckpointWatch(run, Checkpoints(run.checkpoints), check=lambda: None, seconds=1e9)
        return weights(fit(build(name, data), data, engine(), Budget(steps=steps), seed=5, watches=[watch]))

    whole = train("whole", 4)
    train("parts", 2)
    resumed = train("parts", 4)
    assert whole.keys() == resumed.keys()
    different = [key for key in whole if not whole[key].equal(resumed[key])]
    assert different == []


@pytest.mark.parametrize("name", RECIPES)
def test_bfloat16_trains_to_finite_weights(name):
    data = some_data()
    state = fit(build(name, data), data, engine(bf16=True), Budget(steps=2))
    assert all(value.isfinite().all() for value in state.tensors().values() if value.is_floating_point())


@pytest.mark.parametrize("name", RECIPES)
def test_a_sample_depends_on_its_own_seed_only(name):
    data = some_data()
    sampler = Sampler.of(fit(build(name, data), data, engine(), Budget(steps=1)))
    labels, seeds = torch.tensor([0, 1, 1]), torch.tensor([7, 8, 9])
    together = sampler.sample(labels, seeds)
    alone = sampler.sample(labels[1:2], seeds[1:2])
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", RECIPES)
def test_labels_change_the_picture(name):
    data = some_data()
    sampler = Sampler.of(fit(build(name, data), data, engine(), Budget(steps=2)))
    a, b = sampler.sample(torch.tensor([0, 1]), torch.tensor([4, 4]))
    assert not a.equal(b)


def test_a_recipe_is_a_value_with_a_fingerprint():
    data = some_data()
    registry = discover(third_party=False)
    wgan_gp = registry.load(registry.find(plugin.Recipe, "wgan-gp"))
    assert wgan_gp(data.space).fingerprint() == wgan_gp(data.space).fingerprint()
    assert wgan_gp(data.space).fingerprint() != wgan_gp(data.space, critic_steps=4).fingerprint()


def test_sampling_leaves_a_network_without_average_in_training_mode():
    data = some_data()
    state = fit(build("dcgan", data), data, engine(), Budget(steps=1))
    Sampler.of(state)
    assert state.networks["generator"].training


def test_wgan_gp_steps_its_critic_five_times():
    data = some_data()
    counted: list[str] = []

    class Count:
        def begin(self, state): ...
        def end(self, state): ...
        def after_step(self, state, records, fraction):
            counted.extend(record.phase for record in records)

    fit(build("wgan-gp", data), data, engine(), Budget(steps=1), watches=[Count()])
    assert counted == ["discriminator"] * 5 + ["generator"]
