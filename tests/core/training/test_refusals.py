"""What cannot be trained is refused in one line: options, data, and techniques on every recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from inspect import signature

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks import plugin
from ganworks.data import ArrayDataset, PairedDataset
from ganworks.errors import DataError, UsageError
from ganworks.networks import StyleGAN2Generator
from ganworks.recipes.biggan import biggan
from ganworks.recipes.ctgan import ctgan
from ganworks.recipes.cut import cut
from ganworks.recipes.dcgan import dcgan
from ganworks.recipes.pix2pix import pix2pix
from ganworks.recipes.r3gan import r3gan
from ganworks.recipes.rbm import rbm
from ganworks.recipes.spade import spade
from ganworks.recipes.stylegan2 import stylegan2
from ganworks.recipes.tabular import tabular
from ganworks.recipes.vanilla import vanilla
from ganworks.recipes.wgan import wgan
from ganworks.recipes.wgan_gp import wgan_gp
from ganworks.registry import discover
from ganworks.space import SampleSpace, made_up_spaces
from ganworks.training import (
    HINGE,
    TECHNIQUES,
    AdaController,
    Adam,
    Budget,
    Draw,
    EngineSettings,
    PathLengths,
    Ramp,
    Recipe,
    RMSprop,
    Sampler,
    Stage,
    Term,
    TorchEngine,
    TrainingState,
    calibrate_for,
    fit,
    paired_l1,
    path_length,
    two_player,
    with_technique,
)
from ganworks.training.building import built_networks

SPACE = SampleSpace(channels=1, size=(16, 16), classes=("a", "b"))
PICTURES = SampleSpace(channels=1, size=(16, 16))
TABLE, GIVENS = made_up_spaces("tables", 4, classes=("a", "b"))
SMALL = {"batch": 8, "width": 8, "warm_images": 0, "critic_width": 8}
ENGINE = TorchEngine(EngineSettings())


def some_data(space: SampleSpace = SPACE, rows: int = 16) -> ArrayDataset:
    labels = np.arange(rows) % len(space.classes) if space.classes else None
    samples = np.random.default_rng(0).uniform(-1, 1, (rows, *space.shape)).astype(np.float32)
    return ArrayDataset(samples, labels, space.classes)


def pairs() -> PairedDataset:
    return PairedDataset(some_data(PICTURES).array, some_data(PICTURES).array)


def with_stages(*stages: Stage) -> Recipe:
    return replace(dcgan(SPACE, batch=8, width=4), stages=stages)


def stage(until: int | None = None, **changed: object) -> Stage:
    critic, maker = two_player(HINGE, discriminator=Adam(), generator=Adam())[0].phases
    return Stage((critic, replace(maker, **changed)), until_images=until)


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda: biggan(SPACE, critic_steps=0), "phase discriminator has repeat=0, and would never run"),
        (lambda: with_stages(stage(every=0)), "phase generator has every=0"),
        (lambda: with_stages(stage(moves=())), "phase generator moves no network"),
        (lambda: stylegan2(SPACE, penalty_every=0), "term r1 has every=0"),
        (lambda: wgan_gp(SPACE, penalty="much"), "weight of term gradient_penalty must be a finite number"),
        (lambda: wgan_gp(SPACE, penalty=float("nan")), "must be a finite number, got nan"),
        (lambda: with_stages(stage(), stage()), "only the last stage is open-ended"),
        (lambda: with_stages(stage(20), stage(10), stage()), r"but end after \[20, 10\] images"),
        (lambda: with_stages(), "the last stage must be open-ended"),
        (lambda: with_stages(stage(20)), "the last stage must be open-ended"),
        (lambda: biggan(SPACE, standing_batches=-1), "standing_batches must be at least 0"),
        (lambda: dcgan(SPACE, latent=0), "got latent=0"),
        (lambda: tabular(TABLE, source=GIVENS, oversampling=0), "max_repeat must be above 0"),
        (lambda: dcgan(SPACE, lr="fast"), "a learning rate must be a finite number above 0, got 'fast'"),
        (lambda: ctgan(TABLE, source=GIVENS, pack=0), "pack must be at least 1"),
        (lambda: cut(PICTURES, source=PICTURES, temperature=0), "temperature must be above 0"),
        (lambda: cut(PICTURES, source=PICTURES, patches=1), "patches must be at least 2"),
        (lambda: wgan(SPACE, clip=0), "clip must be above 0"),
        (lambda: rbm(SPACE, gibbs=0), "gibbs must be at least 1"),
        (
            lambda: replace(r3gan(SPACE, augment=0.3), strength=None, controller=AdaController()),
            "which a relativistic loss leaves free",
        ),
        (lambda: Budget(steps=0), "a budget must be above 0"),
        (lambda: Budget(seconds=-1.0), "a budget must be above 0"),
        (
            lambda: Recipe(
                name="mine",
                space=SPACE,
                networks={**dcgan(SPACE).networks, PathLengths.name: PathLengths},
                stages=two_player(
                    HINGE,
                    discriminator=Adam(),
                    generator=Adam(),
                    generator_terms=[Term("path_length", path_length)],
                ),
                draw=Draw(latent=100),
            ),
            "path length is defined on styles",
        ),
    ],
)
def test_what_would_train_nothing_or_stop_later_cannot_be_built(build, why):
    with pytest.raises(ValueError, match=why):
        build()


@settings(deadline=None, max_examples=30)
@given(
    st.floats(max_value=0) | st.sampled_from([float("nan"), float("inf")]), st.sampled_from([Adam, RMSprop])
)
def test_a_rate_that_moves_nothing_or_backwards_is_no_rate(rate, rule):
    for lr in (rate, Ramp(rate, rate, images=10)):
        with pytest.raises(ValueError, match="learning rate"):
            rule(lr)


def test_numbers_of_numpy_are_numbers():
    halved = Term("half", paired_l1, weight=np.float32(0.5))
    assert with_stages(stage(terms=(halved,))).stages[0].phases[1].terms == (halved,)
    assert Adam(np.float32(1e-3)).build([torch.nn.Linear(1, 1)])


def test_a_rate_may_warm_up_from_nothing_and_end_in_nothing():
    for lr in (Ramp(0.0, 1e-3, images=10), Ramp(1e-3, 0.0, images=10), lambda images: 1e-9 * images):
        assert Adam(lr).build([torch.nn.Linear(1, 1)])


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (partial(dcgan, SPACE, width=0), "the generator cannot be built: .* would hold no values"),
        (partial(dcgan, SPACE, width=-1), r"cannot be built \(RuntimeError: .*whole numbers"),
        (partial(r3gan, SPACE, group=0), "generator cannot be built: group must be at least 1"),
        (partial(r3gan, SPACE, depth=-1), "depth must be at least 1"),
        (partial(stylegan2, SPACE, style=0), "style must be at least 1"),
        (partial(stylegan2, SPACE, most=0), "the generator cannot be built"),
        (partial(vanilla, SPACE, depth=0), "depth must be at least 1"),
        (partial(vanilla, SPACE, pieces=0), "the discriminator cannot be built: pieces must be at least 1"),
        (partial(spade, PICTURES, source=PICTURES, scales=0), "scales must be at least 1"),
        (partial(pix2pix, PICTURES, source=PICTURES, levels=0), "levels must be at least 1"),
        (partial(rbm, SPACE, chains=0), "chains must be at least 1"),
        (partial(biggan, SPACE, latent=2), "cannot be built: a latent of 2 cannot be split"),
    ],
)
def test_sizes_that_make_no_network_are_one_line(build, why):
    recipe = build()
    with pytest.raises(UsageError, match=f"recipe {recipe.name}: .*{why}"):
        TrainingState(recipe, ENGINE)


class WithTable(torch.nn.Module):
    """A network with a table of its classes, as many as there are."""

    def __init__(self, classes: int, width: int = 4) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(classes, width)
        self.layer = torch.nn.Linear(width, 1)


def with_generator(build: Callable[[], torch.nn.Module]) -> Recipe:
    recipe = dcgan(PICTURES, batch=8, width=4)
    return replace(recipe, networks={**recipe.networks, "generator": build})


def test_a_table_of_no_classes_is_no_mistake_but_one_of_no_width_is():
    networks = dict(built_networks(with_generator(partial(WithTable, 0))))
    assert isinstance(networks["generator"], WithTable)
    with pytest.raises(UsageError, match=r"'table.weight' would hold no values"):
        list(built_networks(with_generator(partial(WithTable, 3, width=0))))


def unlike_sizes() -> torch.nn.Module:
    raise RuntimeError("sizes do not match\nat line 3\nof a library")


def unlike_names() -> torch.nn.Module:
    raise KeyError("colour")


def test_why_a_network_cannot_be_built_is_one_line_and_a_bug_is_not_called_a_size():
    with pytest.raises(UsageError) as refused:
        list(built_networks(with_generator(unlike_sizes)))
    assert "(RuntimeError: sizes do not match)" in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(KeyError):
        list(built_networks(with_generator(unlike_names)))


def trained(recipe: Recipe, data: ArrayDataset) -> None:
    fit(recipe, data, ENGINE, Budget(steps=1))


def measured(recipe: Recipe, data: ArrayDataset) -> None:
    calibrate_for(recipe, data, torch.device("cpu"), None, False)


@pytest.mark.parametrize("start", [trained, measured])
@pytest.mark.parametrize(
    ("data", "error", "why"),
    [
        (some_data(SPACE, rows=0), DataError, "no rows"),
        (
            some_data(PICTURES),
            UsageError,
            r"built for samples of \(1, 16, 16\) in 2 classes, .* in 0 classes",
        ),
        (some_data(replace(SPACE, size=(16, 20))), UsageError, r"but the data are \(1, 16, 20\) in 2"),
    ],
)
def test_data_that_the_recipe_was_not_built_for_are_one_line(start, data, error, why, monkeypatch):
    monkeypatch.setattr("ganworks.training.engine.usable_cores", lambda: 2)  # of one there is nothing to time
    with pytest.raises(error, match=why):
        start(dcgan(SPACE, batch=8, width=4), data)


@pytest.mark.parametrize("name", ["mode-seeking", "replay"])
def test_a_technique_that_compares_labels_is_refused_in_one_line_on_translation(name):
    recipe = with_technique(pix2pix(PICTURES, source=PICTURES, batch=4, width=4), name)
    with pytest.raises(UsageError, match="translation"):
        fit(recipe, pairs(), ENGINE, Budget(steps=1))


def test_a_feature_is_missed_in_one_line_where_a_critic_names_its_layers_by_scale():
    recipe = with_technique(spade(PICTURES, source=PICTURES, batch=4, width=4, hidden=4), "feature-matching")
    with pytest.raises(UsageError, match="offers no feature 'hidden'"):
        fit(recipe, pairs(), ENGINE, Budget(steps=1))


def test_a_technique_that_reads_features_can_be_added_to_a_table():
    recipe = with_technique(tabular(TABLE, source=GIVENS), "feature-matching")
    assert "feature_matching" in {term.name for phase in recipe.phases() for term in phase.terms}


def test_a_term_that_asks_for_sources_says_that_there_are_none():
    recipe = with_stages(stage(terms=(Term("l1", paired_source),)))
    with pytest.raises(UsageError, match="use a SourcedDataset"):
        fit(recipe, some_data(), ENGINE, Budget(steps=1))


def paired_source(step):
    return paired_l1(step) + step.source.mean()


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ([0, 2], "there is no class 2: labels lie between 0 and 1"),
        ([-1, 0], "no class -1"),
        ([0], "2 latents"),
    ],
)
def test_a_sampler_says_which_label_is_no_class(labels, why):
    sampler = Sampler.of(TrainingState(dcgan(SPACE, batch=8, width=4), ENGINE))
    with pytest.raises(ValueError, match=why):
        sampler.sample(torch.tensor(labels), torch.arange(2))


def test_a_path_length_recipe_with_styles_is_built():
    assert isinstance(stylegan2(SPACE, width=4, most=8).networks["generator"](), StyleGAN2Generator)


class Rows:
    """Noise of any kind of data, with sources where the recipe starts from them."""

    def __init__(self, space: SampleSpace, rows: int = 24) -> None:
        self.space = space
        self.labels = torch.arange(rows) % max(len(space.classes), 1)
        self.samples = torch.rand(rows, *space.shape) * 2 - 1

    def __len__(self) -> int:
        return len(self.samples)

    def rows(self, index: torch.Tensor) -> torch.Tensor:
        return self.samples[index]


class SourcedRows(Rows):
    def __init__(self, space: SampleSpace, source: SampleSpace) -> None:
        super().__init__(space)
        self.source_space = source

    def sources(self, index: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(index), *self.source_space.shape)


DECLARED = {d.name: d for d in discover(third_party=False).all(plugin.Recipe) if d.name != "distilled"}


@pytest.mark.slow
@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("name", DECLARED)
def test_every_technique_on_every_recipe_trains_or_says_why_not(name, technique, bf16):
    declared = DECLARED[name]
    classes = ("a", "b") if declared.labels else ()
    space, source = made_up_spaces(declared.data, 8 if declared.data == "volumes" else 16, classes=classes)
    build = discover(third_party=False).load(declared)
    given = {key: value for key, value in SMALL.items() if key in signature(build).parameters}
    given |= {"batch": 20} if name == "ctgan" else {}
    given |= {} if source is None else {"source": source}
    data = Rows(space) if source is None else SourcedRows(space, source)
    outcome = None
    try:
        recipe = with_technique(build(space, **given), technique)
        outcome = fit(recipe, data, TorchEngine(EngineSettings("cpu", 1, bf16)), Budget(steps=2))
    except UsageError:
        late = True  # what only the data tell is found at the first step
    except ValueError:
        late = False
    if outcome is None:
        assert not late or source is not None
        return
    values = [tensor for tensor in outcome.tensors().values() if tensor.is_floating_point()]
    assert all(tensor.isfinite().all() for tensor in values)
