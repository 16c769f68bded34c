"""Every recipe that is registered: it trains, samples, saves, resumes to the same bits, at any shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from ganworks import plugin
from ganworks.data import ArrayDataset, PairedDataset, PartlyGiven, SourcedDataset, UnpairedDataset
from ganworks.deploy import Deployable, Port
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
    TrainingState,
    fit,
    no_augmentation,
)
from ganworks.views import generator_view
from ganworks_exports.onnx import export

DECLARED = {d.name: d for d in discover().all(plugin.Recipe)}  # those of installed third parties too
RECIPES = list(DECLARED)
SOURCED = ("pairs", "unpaired", "restored", "tables")
LABELLED = [d.name for d in DECLARED.values() if d.labels and d.data not in SOURCED]
UNTRANSLATED = [d.name for d in DECLARED.values() if d.data not in SOURCED]
SMALL = {"batch": 8, "width": 8}
# the second step plays the game; a dense block takes seconds to export
SMALLER = {"srgan": {"warm_images": 8}, "esrgan": {"warm_images": 8, "depth": 1}}
SHAPES = {  # by kind of data: shape of a sample, classes, type of the values
    "images": [((1, 20, 28), 2, np.uint8), ((3, 32, 32), 0, np.uint16), ((2, 16, 16), 3, np.uint8)],
    "sequences": [((2, 12), 2, np.uint8), ((1, 7), 0, np.float32)],
    "volumes": [((1, 16, 16, 16), 2, np.uint8), ((2, 8, 12, 16), 0, np.uint8)],
    "rows": [((3,), 2, np.float32)],
    "tables": [((3,), 2, np.float32)],
}
SHAPES["pairs"] = SHAPES["unpaired"] = [((1, 20, 28), 0, np.uint8), ((3, 32, 32), 0, np.uint16)]
CLEANED = (2, 16, 24)  # restored without being enlarged; others become twice as large
SHAPES["restored"] = [((1, 20, 28), 0, np.uint8), ((3, 32, 32), 0, np.uint16), (CLEANED, 0, np.uint8)]
# an export takes seconds: one shape by default, and of generators that are the same one; the others are slow
LIKE_DCGAN = ("acgan", "cgan", "dragan", "lsgan", "pacgan", "unrolled", "wgan")
EXPORTED = [
    pytest.param(name, shape, marks=[pytest.mark.slow] if number or name in LIKE_DCGAN else [])
    for name, declared in DECLARED.items()
    for number, shape in enumerate(SHAPES[declared.data][:2])
]
CASES = [(name, shape) for name, declared in DECLARED.items() for shape in SHAPES[declared.data]]


def some_array(shape: tuple[int, ...], dtype: type, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    if dtype is np.float32:
        return draw.uniform(-1, 1, (24, *shape)).astype(np.float32)
    return draw.integers(0, np.iinfo(dtype).max, (24, *shape), dtype=dtype, endpoint=True)


def some_data(name: str, shape=None) -> ArrayDataset:
    """Noise of the kind that the recipe trains on, with the sample shape, classes and type of ``shape``."""
    kind = DECLARED[name].data
    size, classes, dtype = shape or SHAPES[kind][0]
    samples = some_array(size, dtype)
    if kind == "tables":
        return some_table(size[0])
    if kind in ("pairs", "unpaired", "restored"):
        paired = UnpairedDataset if kind == "unpaired" else PairedDataset
        times = 2 if kind == "restored" and size != CLEANED else 1
        return paired(samples, some_array((2, *(side // times for side in size[1:])), np.uint8, seed=1))
    labels = np.arange(24) % classes if classes else None
    return ArrayDataset(samples, labels, [f"class {i}" for i in range(classes)])


def some_table(numbers: int) -> PartlyGiven:
    """Numbers, a choice of three, and the class as the last choice."""
    draw = np.random.default_rng(0)
    labels = np.arange(24) % 2
    values = draw.uniform(-1, 1, (24, numbers)).astype(np.float32)
    choices = [np.eye(width, dtype=np.float32)[draw.integers(0, width, 24)] for width in (3,)]
    rows = np.concatenate([values, *choices, np.eye(2, dtype=np.float32)[labels]], 1)
    table = ArrayDataset(rows, labels, ["class 0", "class 1"])
    table.space = replace(table.space, parts=(*(1,) * numbers, 3, 2))
    return PartlyGiven(table, (1,) * (numbers + 2))


@pytest.fixture
def build(teachers):
    """Build a small recipe for some data, with a trained teacher where it is to learn from one."""
    registry = discover()

    def built(name: str, data: ArrayDataset) -> Recipe:
        sourced = {"source": data.source_space} if isinstance(data, SourcedDataset) else {}
        taught = {"teacher": teachers.of(data)} if name == "distilled" else {}
        sized = {**SMALL, **SMALLER.get(name, {})}
        return registry.load(registry.find(plugin.Recipe, name))(data.space, **sourced, **taught, **sized)

    return built


def draw_samples(state: TrainingState, data: ArrayDataset, count: int) -> torch.Tensor:
    sampler = Sampler.of(state)
    if isinstance(data, SourcedDataset):
        sources = data.sources(torch.arange(count))
        return sampler.from_latents(sampler.latents(torch.arange(count)), sources)
    return sampler.balanced(count, seed=3)[0]


def engine(bf16: bool = False) -> TorchEngine:
    return TorchEngine(EngineSettings("cpu", 1, bf16))


def weights(state) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in state.tensors().items()}


@pytest.mark.parametrize(("name", "shape"), CASES, ids=lambda value: str(value).replace(" ", ""))
def test_it_trains_and_samples_any_shape(name, shape, build):
    data = some_data(name, shape)
    recipe = build(name, data)
    before = weights(fit(recipe, data, engine(), Budget(steps=1)))
    state = fit(recipe, data, engine(), Budget(steps=2))
    after = weights(state)
    for network in {name for phase in recipe.phases() for name in phase.moves}:
        keys = [k for k in after if k.startswith(f"network/{network}/") and after[k].is_floating_point()]
        assert any(not after[k].equal(before[k]) for k in keys), f"{network} did not move"
    images = draw_samples(state, data, 5)
    assert images.shape == (5, *data.space.shape)
    assert images.abs().max() <= 1
    assert images.isfinite().all()


@pytest.mark.parametrize("name", RECIPES)
def test_n_steps_resume_n_steps_equals_2n_steps_bit_for_bit(name, tmp_path, build):
    data = some_data(name)

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
def test_bfloat16_trains_to_finite_weights(name, build):
    data = some_data(name)
    state = fit(build(name, data), data, engine(bf16=True), Budget(steps=2))
    assert all(value.isfinite().all() for value in state.tensors().values() if value.is_floating_point())


@pytest.mark.parametrize("name", UNTRANSLATED)
def test_a_sample_depends_on_its_own_seed_only(name, build):
    data = some_data(name)
    sampler = Sampler.of(fit(build(name, data), data, engine(), Budget(steps=1)))
    labels, seeds = torch.tensor([0, 1, 1]), torch.tensor([7, 8, 9])
    together = sampler.sample(labels, seeds)
    alone = sampler.sample(labels[1:2], seeds[1:2])
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", LABELLED)
def test_labels_change_the_picture(name, build):
    data = some_data(name)
    sampler = Sampler.of(fit(build(name, data), data, engine(), Budget(steps=2)))
    a, b = sampler.sample(torch.tensor([0, 1]), torch.tensor([4, 4]))
    assert not a.equal(b)


@pytest.mark.parametrize("name", LIKE_DCGAN)
def test_a_generator_that_is_not_exported_here_is_that_of_dcgan(name, build):
    same, own = (build(one, some_data(one)).networks["generator"]() for one in ("dcgan", name))
    assert str(own) == str(same)
    assert [(key, value.shape) for key, value in own.state_dict().items()] == [
        (key, value.shape) for key, value in same.state_dict().items()
    ]


@pytest.mark.parametrize(("name", "shape"), EXPORTED, ids=lambda value: str(value).replace(" ", ""))
def test_the_trained_generator_exports_with_parity(name, shape, tmp_path, build):
    data = some_data(name, shape)
    sampler = Sampler.of(fit(build(name, data), data, engine(), Budget(steps=2)))
    sample = Port(
        name="sample", dtype="float32", shape=("batch", *data.space.shape), meaning="one", low=-1, high=1
    )
    if isinstance(data, SourcedDataset):
        export(translating(sampler, data, sample), tmp_path / "generator.onnx")
        return
    classes = data.space.classes
    seen = generator_view(sampler, "app", finish=nn.Identity(), outputs=[sample], classes=classes, card={})
    session = onnxruntime.InferenceSession(export(seen, tmp_path / "generator.onnx").file)
    seeds, labels = np.array([5, 2**62]), np.array([0, max(len(classes) - 1, 0)])
    feed = {"seed": seeds, "truncation": np.array(0.7, np.float32)}
    (got,) = session.run(None, {**feed, "label": labels} if classes else feed)
    expected = sampler.sample(torch.from_numpy(labels), torch.from_numpy(seeds), truncation=0.7)
    torch.testing.assert_close(torch.from_numpy(got).clamp(-1, 1), expected, atol=2e-4, rtol=0)


def translating(sampler: Sampler, data: ArrayDataset, sample: Port) -> Deployable:
    size = ("batch", *data.source_space.shape)
    latent = Port(name="latent", dtype="float32", shape=("batch", sampler.latent), meaning="noise")
    source = Port(name="source", dtype="float32", shape=size, meaning="image", low=-1, high=1)
    return Deployable(module=sampler.module(), inputs=(latent, source), outputs=(sample,))


def test_a_recipe_is_a_value_with_a_fingerprint():
    data = some_data("wgan-gp")
    registry = discover(third_party=False)
    wgan_gp = registry.load(registry.find(plugin.Recipe, "wgan-gp"))
    assert wgan_gp(data.space).fingerprint() == wgan_gp(data.space).fingerprint()
    assert wgan_gp(data.space).fingerprint() != wgan_gp(data.space, critic_steps=4).fingerprint()


def test_cyclegan_s_translators_minimise_the_square_without_its_half(build):
    data = some_data("cyclegan")
    makers = next(phase for phase in build("cyclegan", data).phases() if phase.name == "generator")
    games = [term for term in makers.terms if term.name.startswith("generator")]
    assert len(games) == 2
    for term in games:
        assert term.weight * term.value.keywords["loss"].generator(torch.zeros(()), torch.zeros(())) == 1


@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_r3gan_augments_only_where_asked(strength):
    data = some_data("r3gan")
    registry = discover(third_party=False)
    recipe = registry.load(registry.find(plugin.Recipe, "r3gan"))(data.space, augment=strength, most=8)
    assert (recipe.augment is not no_augmentation) == (recipe.strength is not None) == bool(strength)
    assert recipe.networks["generator"]().basis.shape[0] == 8


def test_sampling_leaves_a_network_without_average_in_training_mode(build):
    data = some_data("dcgan")
    state = fit(build("dcgan", data), data, engine(), Budget(steps=1))
    Sampler.of(state)
    assert state.networks["generator"].training


def test_wgan_gp_steps_its_critic_five_times(build):
    data = some_data("wgan-gp")
    counted: list[str] = []

    class Count:
        def begin(self, state): ...
        def end(self, state): ...
        def after_step(self, state, records, fraction):
            counted.extend(record.phase for record in records)

    fit(build("wgan-gp", data), data, engine(), Budget(steps=1), watches=[Count()])
    assert counted == ["discriminator"] * 5 + ["generator"]
