"""Every technique: it trains, it changes the loss, it resumes to the same bits; impossible combinations."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from ganworks import UsageError
from ganworks.data import ArrayDataset
from ganworks.networks import ConvDiscriminator, DCGANGenerator, MLPDiscriminator, PackedDiscriminator
from ganworks.options import RunOptions
from ganworks.pipeline import Pipeline
from ganworks.recipes.acgan import acgan
from ganworks.recipes.cyclegan import cyclegan
from ganworks.recipes.dcgan import dcgan
from ganworks.recipes.pacgan import pacgan
from ganworks.recipes.pix2pix import pix2pix
from ganworks.recipes.r3gan import r3gan
from ganworks.recipes.rbm import rbm
from ganworks.recipes.sngan import sngan
from ganworks.recipes.vae import vae
from ganworks.recipes.wgan import wgan
from ganworks.recipes.wgan_gp import wgan_gp
from ganworks.registry import discover
from ganworks.run import Run
from ganworks.space import SampleSpace
from ganworks.training import (
    HINGE,
    NON_SATURATING,
    RELATIVISTIC,
    TECHNIQUES,
    AdaAugment,
    Adam,
    AdversarialLoss,
    Budget,
    Checkpoints,
    CheckpointWatch,
    DiffAugment,
    Draw,
    EngineSettings,
    Judgement,
    Ramp,
    Recipe,
    RMSprop,
    Stage,
    Term,
    TorchEngine,
    TrainingState,
    dragan_penalty,
    feature_matching,
    fit,
    gradient_penalty,
    lecam,
    mode_seeking,
    r1,
    two_player,
    unrolled_game,
    with_technique,
)

SPACE = SampleSpace(channels=1, size=(16, 16), classes=("a", "b"))


def plain(
    loss: AdversarialLoss = NON_SATURATING, *, norm: str = "none", space: SampleSpace = SPACE, **rest
) -> Recipe:
    options = {"discriminator": Adam(), "generator": Adam(), **rest}
    return Recipe(
        name="plain",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, 8, width=4),
            "discriminator": partial(ConvDiscriminator, space, width=4, norm=norm),
        },
        stages=two_player(loss, **options),
        draw=Draw(batch=8, latent=8),
    )


class LogitsOnly(nn.Module):
    """A discriminator that offers no feature."""

    rows_per_group = 1

    def __init__(self) -> None:
        super().__init__()
        self.judge = nn.Linear(256, 1)

    def forward(self, x, labels) -> Judgement:
        return Judgement(self.judge(x.flatten(1)))


GENERATOR = {"generator": partial(DCGANGenerator, SPACE, 8, width=4)}
SILENT = {**GENERATOR, "discriminator": LogitsOnly}
DROPPING = {**GENERATOR, "discriminator": partial(MLPDiscriminator, SPACE, width=8, dropout=0.3)}
PICTURES = SampleSpace(channels=1, size=(16, 16))


def with_phase(place: int, **changes) -> Recipe:
    """The plain recipe with another first or last phase."""
    recipe = plain()
    phases = list(recipe.phases())
    phases[place] = replace(phases[place], **changes)
    return replace(recipe, stages=(Stage(tuple(phases)),))


def train(recipe: Recipe, steps: int, watches=()) -> TrainingState:
    array = np.random.default_rng(0).integers(0, 255, (24, *recipe.space.shape), dtype=np.uint8)
    labels = np.arange(24) % max(len(recipe.space.classes), 1)
    data = ArrayDataset(array, labels, recipe.space.classes)
    return fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=steps), seed=3, watches=watches)


def weights(state: TrainingState) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in state.tensors().items()}


@pytest.mark.parametrize("name", sorted(set(TECHNIQUES) - {"top-k"}))  # which begins with the whole batch
def test_a_technique_trains_and_changes_what_is_learned(name):
    without, changed = weights(train(plain(), 3)), weights(train(with_technique(plain(), name), 3))
    assert all(value.isfinite().all() for value in changed.values() if value.is_floating_point())
    parts = [key for key in without if key.startswith("network/")]
    same = [key in changed and changed[key].shape == without[key].shape for key in parts]
    assert not all(same) or any(not changed[key].equal(without[key]) for key in parts)
    assert with_technique(plain(), name).fingerprint() != plain().fingerprint()


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_technique_resumes_to_the_same_bits(name, tmp_path):
    recipe = with_technique(plain(), name)

    def train_in(folder: str, steps: int) -> dict[str, torch.Tensor]:
        run = Run(tmp_path / folder)
        watch = CheckpointWatch(run, Checkpoints(run.checkpoints), check=lambda: None, seconds=1e9)
        return weights(train(recipe, steps, [watch]))

    whole = train_in("whole", 4)
    train_in("parts", 2)
    resumed = train_in("parts", 4)
    assert [key for key in whole if not whole[key].equal(resumed[key])] == []


def test_techniques_add_up():
    recipe = plain()
    asked = ("lecam=0.1", "replay", "label-smoothing=0.2", "top-k", "instance-noise", "historical-averaging")
    for name in asked:
        recipe = with_technique(recipe, name)
    terms = {term.name: term for phase in recipe.phases() for term in phase.terms}
    assert terms["lecam"].weight == 0.1
    assert terms["discriminator"].value.keywords["loss"].name == "non-saturating, real target 0.8"
    assert set(recipe.networks) >= {"lecam", "replay", "generator_history", "discriminator_history"}
    tensors = train(recipe, 2).tensors()
    assert tensors["network/generator_history/states"] == 2
    assert tensors["network/replay/kept"].sum() == 16


@pytest.mark.parametrize("after", ["spectral-norm", "weight-norm", "minibatch-discrimination"])
def test_a_history_follows_a_discriminator_that_changes_after_it(after):
    recipe = with_technique(with_technique(plain(), "historical-averaging"), after)
    state = train(recipe, 2)
    weights = sum(p.numel() for p in state.networks["discriminator"].parameters())
    assert state.networks["discriminator_history"].mean.shape == (weights,)


@pytest.mark.parametrize("name", ["r1", "dragan", "approximate-r1"])
def test_a_normalisation_makes_room_for_a_penalty(name):
    recipe = dcgan(SPACE, batch=8, width=4)
    with pytest.raises(ValueError, match="name the technique spectral-norm before"):
        with_technique(recipe, name)
    assert train(with_technique(with_technique(recipe, "spectral-norm"), name), 1).step == 1


def test_top_k_finds_the_loss_in_a_smoothed_game_and_smoothing_in_a_replayed_one():
    one = with_technique(with_technique(plain(), "label-smoothing"), "top-k")
    other = with_technique(with_technique(plain(), "replay"), "label-smoothing")
    for recipe in (one, other):
        losses = [t.value.keywords["loss"].name for p in recipe.phases() for t in p.terms]
        assert "non-saturating, real target 0.9" in losses


def test_a_technique_keeps_what_already_happens_after_a_phase():
    recipe = with_technique(wgan(SPACE, batch=8, width=8, clip=0.01), "historical-averaging")
    state = train(recipe, 1)
    assert max(p.abs().max() for p in state.networks["discriminator"].parameters()) <= 0.01
    assert state.networks["discriminator_history"].states == 5


@pytest.mark.parametrize("name", ["r1", "dragan", "approximate-r1"])
def test_a_penalty_is_computed_in_float32(name):
    reduced = replace(plain(), bf16=frozenset({"generator", "discriminator"}))
    assert with_technique(reduced, name).bf16 == {"generator"}


def test_a_history_leaves_frozen_weights_out():
    recipe = with_technique(replace(plain(), networks=PARTLY_FROZEN), "historical-averaging")
    history = train(recipe, 2).networks["discriminator_history"]
    assert history.mean.shape == (1,)
    assert history.mean != 0


class PartlyFrozen(LogitsOnly):
    def __init__(self) -> None:
        super().__init__()
        self.judge.weight.requires_grad_(False)


PARTLY_FROZEN = {**GENERATOR, "discriminator": PartlyFrozen}


def test_a_critic_of_pairs_is_not_asked_for_features_before_it_knows_its_sources():
    recipe = with_technique(pix2pix(PICTURES, source=PICTURES, width=4), "feature-matching")
    assert recipe.phases()[1].terms[-1].name == "feature_matching"


def test_the_noise_anneals_to_nothing():
    recipe = replace(with_technique(plain(), "instance-noise"), strength=Ramp(1.0, 0.0, images=24))
    assert train(recipe, 1).strengths == pytest.approx([2 / 3] * 2)
    assert train(recipe, 4).strengths == [0.0, 0.0]


def test_rmsprop_moves_every_weight_by_the_rate_over_the_root_of_its_share():
    line = nn.Linear(3, 1, bias=False)
    before, rule = line.weight.detach().clone(), RMSprop(Ramp(0.1, 0.0, images=10), alpha=0.99)
    optimizer = rule.build([line])
    rule.schedule(optimizer, 5)
    line.weight.grad = torch.tensor([[1.0, -2.0, 4.0]])
    optimizer.step()
    # the mean square after one step is a hundredth of the square: its root a tenth of the gradient
    torch.testing.assert_close(line.weight, before - 0.05 * 10 * line.weight.grad.sign())


@pytest.mark.parametrize(
    ("build", "name", "why"),
    [
        (lambda: plain(HINGE), "label-smoothing", "hinge loss has none"),
        (lambda: wgan_gp(SPACE), "label-smoothing", "wasserstein loss has none"),
        (lambda: plain(RELATIVISTIC), "top-k", "compares every fake with a real sample"),
        (lambda: dcgan(SPACE), "r1", "BatchNorm lets the rows"),
        (lambda: dcgan(SPACE), "dragan", "BatchNorm lets the rows"),
        (lambda: pacgan(SPACE), "r1", "BatchNorm lets the rows"),
        (lambda: acgan(SPACE), "approximate-r1", "BatchNorm lets the rows"),
        (lambda: acgan(SPACE), "weight-norm", "has no option norm"),
        (lambda: sngan(SPACE), "approximate-r1", "the augmentation would draw anew"),
        (lambda: sngan(SPACE), "instance-noise", "one strength serves both"),
        (lambda: sngan(SPACE), "mode-seeking", "two terms of one name"),
        (lambda: with_technique(plain(), "lecam"), "lecam", "a network 'lecam' already"),
        (plain, "lecan", r"unknown \(did you mean 'lecam'\?\)"),
        (plain, "lecam=much", r"the amount \(weight\) must be a number, got 'much'"),
        (plain, "lecam=", "must be a number, got ''"),
        (plain, "spectral-norm=2", "takes no amount"),
        (lambda: vae(SPACE), "instance-noise", "plays no game: none of its phases moves a discriminator"),
        (lambda: rbm(SPACE), "mode-seeking", "plays no game"),
        (plain, "top-k=2", "share must be above 0 and at most 1"),
        (lambda: replace(plain(), draw=Draw(batch=9)), "mode-seeking", "even with pairs"),
        (lambda: replace(plain(), networks=DROPPING), "approximate-r1", "dropout draws anew"),
        (lambda: replace(plain(), networks=SILENT), "feature-matching", "reads the feature 'hidden', which"),
        (lambda: cyclegan(PICTURES, source=PICTURES), "r1", "discriminator_back beside the discriminator"),
        (lambda: pacgan(SPACE), "replay", "compares neighbouring rows"),
        (lambda: sngan(SPACE, augment="none"), "replay", "compares neighbouring rows"),
        (plain, "replay=0.5", r"the amount \(samples kept\) must be at least 1"),
        (plain, "replay=1.5", "must be a whole number"),
        (plain, "minibatch-discrimination=0", "must be at least 1"),
        (plain, "lecam=-1", r"the amount \(weight\) must be at least 0"),
        (plain, "r1=nan", "must be at least 0"),
        (plain, "instance-noise=inf", "must be at least 0"),
    ],
)
def test_a_technique_that_does_not_fit_says_why(build, name, why):
    with pytest.raises(ValueError, match=why):
        with_technique(build(), name)


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (
            lambda: plain(norm="batch", discriminator_terms=[Term("r1", r1, slopes=("real",))]),
            "term r1: it looks at each row's own judgement",
        ),
        (
            lambda: plain(norm="batch", discriminator_terms=[Term("gp", gradient_penalty)]),
            "term gp: it looks at each row's own judgement",
        ),
        (
            lambda: plain(
                norm="batch", discriminator_terms=[Term("gp", partial(dragan_penalty, spread=1.0))]
            ),
            "use norm='none'",
        ),
        (lambda: plain(unrolled_game(HINGE, steps=2, lr=0.1), norm="batch"), "term generator: .* BatchNorm"),
        (lambda: plain(generator_terms=[Term("seek", mode_seeking)]), r"Draw\(pairs=True\)"),
        (lambda: plain(discriminator_terms=[Term("lecam", lecam)]), "needs a network named 'lecam'"),
        (lambda: replace(plain(), strength=Ramp(1.0, 0.0, images=9)), "but there is none"),
        (
            lambda: replace(plain(space=SampleSpace(channels=1, size=(16,))), augment=DiffAugment()),
            "DiffAugment is made for images, not for sequences",
        ),
        (
            lambda: replace(plain(space=SampleSpace(channels=1, size=(8, 8, 8))), augment=AdaAugment()),
            "AdaAugment is made for images, not for volumes",
        ),
        (lambda: pacgan(SPACE, batch=9), "does not make whole packs"),
        (lambda: pacgan(SPACE, pack=0), "a pack holds 1 sample or more"),
        (lambda: r3gan(SampleSpace(channels=1, size=(8, 8, 8))), "images"),
        *((partial(build, SampleSpace(channels=3, size=())), "with 0 axes") for build in (acgan, pacgan)),
        (lambda: r3gan(SPACE, augment=2), r"a strength from 0 \(none\) to 1"),
        (
            lambda: plain(generator_terms=[Term("match", partial(feature_matching, feature="texture"))]),
            "term match: it reads the feature 'texture'",
        ),
        (lambda: with_phase(-1, reuses_fakes=True, repeat=2), "phase generator can reuse fakes once only"),
        (lambda: with_phase(0, reuses_fakes=True), "phase discriminator .* is the first of its stage"),
        (
            lambda: with_phase(0, every=2, terms=(Term("lazy", gradient_penalty, every=4),)),
            "term lazy and its phase discriminator are both lazy",
        ),
    ],
)
def test_an_impossible_combination_cannot_be_built(build, why):
    with pytest.raises(ValueError, match=why):
        build()


def test_a_penalty_of_a_packed_critic_is_taken_over_the_pack():
    networks = {
        "generator": partial(DCGANGenerator, SPACE, 8, width=4),
        "discriminator": partial(
            PackedDiscriminator, SPACE, partial(ConvDiscriminator, width=4, norm="none"), pack=4
        ),
    }
    penalised = plain(discriminator_terms=[Term("gradient_penalty", gradient_penalty)])
    shapes = []

    def watched(step):
        shapes.append(gradient_penalty(step).shape)
        return gradient_penalty(step)

    train(replace(penalised, networks=networks), 1)
    watching = plain(discriminator_terms=[Term("watched", watched)])
    train(replace(watching, networks=networks), 1)
    assert shapes == [(2,)]


def from_options(recipe: str, *techniques: str, **options) -> Recipe:
    settings = RunOptions(recipe=recipe, techniques=list(techniques), recipe_options=options)
    run = SimpleNamespace(options=settings, registry=discover(third_party=False))
    data = ArrayDataset(np.zeros((4, *SPACE.shape), np.uint8), np.arange(4) % 2, SPACE.classes)
    return Pipeline.build_recipe(run, recipe, data)


def test_a_run_adds_the_techniques_of_its_options():
    recipe = from_options("wgan-gp", "lecam=0.5", "feature-matching", batch=8)
    names = {term.name: term.weight for phase in recipe.phases() for term in phase.terms}
    assert names["lecam"] == 0.5
    assert names["feature_matching"] == 1
    assert recipe.draw.batch == 8


def test_a_run_refuses_a_technique_that_does_not_fit():
    with pytest.raises(UsageError, match="recipe 'wgan-gp' cannot take on the technique label-smoothing"):
        from_options("wgan-gp", "label-smoothing")
