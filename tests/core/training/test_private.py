"""Private training: what one row can change, what the generator is told, and that draws are Poisson."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ganworks.data import ArrayDataset, PartlyGiven
from ganworks.errors import MissingExtraError
from ganworks.networks.rows import RowDiscriminator
from ganworks.recipes.tabular_private import tabular_private
from ganworks.training import (
    RELATIVISTIC,
    Adam,
    Budget,
    Draw,
    EngineSettings,
    Stage,
    Term,
    TorchEngine,
    TrainingState,
    fit,
    game,
    moment_matching,
    r1,
)
from ganworks.training.draw import Batch
from ganworks.training.fit import update
from ganworks.training.private import PoissonDraw, PrivateAdam, draw, entropy, limit_slopes
from ganworks.training.private.draw import poisson_sample, told_classes

CLIP = 0.3


def table(rows: int = 40, seed: int = 0) -> PartlyGiven:
    """Three numbers, a choice of three, and two classes of which the second is rare."""
    random = np.random.default_rng(seed)
    labels = (np.arange(rows) % 8 == 0).astype(np.int64)
    parts = [
        np.eye(width, dtype=np.float32)[place]
        for width, place in ((3, random.integers(0, 3, rows)), (2, labels))
    ]
    values = random.uniform(-1, 1, (rows, 3)).astype(np.float32)
    data = ArrayDataset(np.concatenate([values, *parts], 1), labels, ["no", "yes"])
    data.space = replace(data.space, parts=(1, 1, 1, 3, 2))
    return PartlyGiven(data, (1,) * 5)


DATA = table()


def recipe(**options):
    small = {"batch": 8, "width": 8, "latent": 4, **options}
    return tabular_private(DATA.space, source=DATA.source_space, **small)


def engine() -> TorchEngine:
    return TorchEngine(EngineSettings("cpu", 1, False))


def critic_gradient(real: torch.Tensor, clip: float = CLIP) -> torch.Tensor:
    """The sum of clipped gradients of a fresh discriminator over these rows and always the same fakes."""
    made = recipe(noise=0.0, clip=clip)
    state = TrainingState(made, engine(), seed=1)
    latent = torch.randn(8, made.draw.latent, generator=torch.Generator().manual_seed(2))
    labels = torch.arange(8) % 2
    told = told_classes(DATA.space, labels)
    engine().seed(3)  # of the relaxed choices
    update(state, made.phases()[0], lambda: Batch(labels, latent, lambda: real, lambda: told), engine())
    return 8 * torch.cat([p.grad.flatten() for p in state.networks["discriminator"].parameters()])


@settings(max_examples=15, deadline=None)
@given(others=st.integers(0, 20), scale=st.sampled_from([0.1, 1.0, 1e3]), seed=st.integers(0, 1000))
def test_a_row_more_moves_the_sum_by_the_clip_at_most(others, scale, seed):
    rows = torch.randn(others + 1, 8, generator=torch.Generator().manual_seed(seed)) * scale
    assert (critic_gradient(rows) - critic_gradient(rows[:-1])).norm() <= CLIP * (1 + 1e-3)


def test_a_long_gradient_is_cut_to_the_clip():
    rows = 3 * torch.ones(1, 8)
    free, cut = (critic_gradient(rows, clip) - critic_gradient(rows[:0], clip) for clip in (1e6, CLIP))
    assert free.norm() > 2 * CLIP
    torch.testing.assert_close(cut, free * (CLIP / free.norm()), atol=1e-4, rtol=1e-3)


def test_the_gradient_is_the_sum_of_those_of_single_rows_each_clipped():
    rows = DATA.rows(torch.arange(5))
    nothing = critic_gradient(rows[:0])
    singly = sum(critic_gradient(rows[i : i + 1]) - nothing for i in range(5))
    torch.testing.assert_close(critic_gradient(rows) - nothing, singly, atol=1e-6, rtol=1e-4)


def test_noise_has_the_deviation_that_was_asked_for():
    made = recipe(noise=50.0, clip=0.2, width=64)
    state = TrainingState(made, engine(), seed=1)
    engine().seed(4)
    update(state, made.phases()[0], made.draw.prepare(DATA, torch.device("cpu")), engine())
    noise = torch.cat([p.grad.flatten() for p in state.networks["discriminator"].parameters()])
    assert noise.std().item() == pytest.approx(50.0 * 0.2 / 8, rel=0.05)


def test_the_generator_s_phase_leaves_no_gradients_of_rows_behind():
    made = recipe()
    state = fit(made, DATA, engine(), Budget(steps=2))
    kept = [getattr(module, "activations", []) for module in state.networks["discriminator"].modules()]
    assert any(isinstance(found, list) for found in kept)
    assert not any(kept)
    before = state.networks["discriminator"].head.linear.weight.clone()
    update(state, made.phases()[1], made.draw.prepare(DATA, torch.device("cpu")), engine())
    assert state.networks["discriminator"].head.linear.weight.equal(before)


def test_steps_without_any_real_row_are_trained_too():
    made = recipe(rows=10**9)
    assert len(made.draw.prepare(DATA, torch.device("cpu"))().real()) == 0
    state = fit(made, DATA, engine(), Budget(steps=3))
    assert all(value.isfinite().all() for value in state.tensors().values() if value.is_floating_point())


def test_the_generator_is_told_classes_by_the_shares_and_nothing_of_the_rows():
    def told(data, shares):
        torch.manual_seed(0)
        batch = PoissonDraw(batch=30, latent=4, shares=shares).prepare(data, torch.device("cpu"))()
        return batch.labels, batch.source()

    labels, source = told(DATA, (0.2, 0.8))
    again, same = told(table(seed=9), (0.2, 0.8))
    assert labels.equal(again)
    assert source.equal(same)
    assert source.count_nonzero() == 2 * 30  # the class, and that it is given
    assert source[:, 6:8].argmax(1).equal(labels)
    assert source[:, -1].eq(1).all()
    assert told(DATA, (1.0, 0.0))[0].eq(0).all()


def test_shares_must_fit_the_classes_and_the_batch_the_rows():
    with pytest.raises(ValueError, match="3 shares for 2 classes"):
        PoissonDraw(batch=4, shares=(1.0, 1.0, 1.0)).prepare(DATA, torch.device("cpu"))
    with pytest.raises(ValueError, match="batch=41 is more than the 40 rows"):
        PoissonDraw(batch=41).prepare(DATA, torch.device("cpu"))
    assert PoissonDraw(batch=10, rows=400).rate(40) == 0.025


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(1, 3000), rate=st.floats(1e-6, 1.0), seed=st.integers(0, 2**31))
def test_a_poisson_sample_holds_rows_once_and_in_order(rows, rate, seed):
    torch.manual_seed(seed)
    drawn = poisson_sample(rows, rate)
    assert drawn.dtype == torch.int64
    assert (drawn.diff() > 0).all()
    assert ((drawn >= 0) & (drawn < rows)).all()


@pytest.mark.parametrize("secure", [False, True])
def test_every_row_is_drawn_at_the_rate_independently_of_its_neighbours(secure):
    torch.manual_seed(0)
    draws, rate = 4000, 0.2
    seen = torch.zeros(draws, 20)
    for one in seen:
        one[poisson_sample(20, rate, secure=secure)] = 1
    deviation = (rate * (1 - rate) / draws) ** 0.5
    assert ((seen.mean(0) - rate).abs() < 5 * deviation).all()
    both = (seen[:, 1:] * seen[:, :-1]).mean(0)
    assert ((both - rate**2).abs() < 5 * (rate**2 / draws) ** 0.5).all()


@pytest.mark.parametrize("secure", [False, True])
def test_noise_is_standard_normal(secure):
    torch.manual_seed(0)
    noise = entropy.normal_like(torch.zeros(100, 400), secure=secure)
    assert noise.dtype == torch.float32
    assert abs(noise.mean().item()) < 0.03
    assert noise.std().item() == pytest.approx(1, abs=0.02)
    assert (noise.abs() > 1.96).float().mean().item() == pytest.approx(0.05, abs=0.01)


def test_secure_runs_are_not_decided_by_the_seed_and_others_are():
    def weights(secure):
        state = fit(recipe(secure=secure), DATA, engine(), Budget(steps=1), seed=5)
        return state.networks["discriminator"].head.linear.weight

    assert weights(False).equal(weights(False))
    assert not weights(True).equal(weights(True))


def test_packs_of_rows_are_refused():
    made = recipe()
    packed = partial(RowDiscriminator, DATA.space, width=8, pack=2)
    with pytest.raises(ValueError, match="compares neighbouring rows"):
        replace(made, networks={**made.networks, "discriminator": packed})


def with_terms(made, which, terms, **changes):
    phases = list(made.stages[0].phases)
    phases[which] = replace(phases[which], terms=terms(phases[which].terms), **changes)
    return replace(made, stages=(Stage(tuple(phases)),))


@pytest.mark.parametrize(
    "change",
    [
        lambda made: with_terms(made, 0, lambda terms: (*terms, Term("r1", r1, slopes=("real",)))),
        lambda made: with_terms(made, 0, lambda terms: terms, optimizer=Adam()),
        lambda made: with_terms(made, 1, lambda terms: (*terms, Term("moments", moment_matching))),
        lambda made: with_terms(made, 1, lambda terms: (game(RELATIVISTIC)[1],)),
        lambda made: replace(made, draw=Draw(batch=8, latent=made.draw.latent)),
        lambda made: replace(made, accumulate=2),
        lambda made: replace(made, bf16=frozenset({"discriminator"})),
    ],
    ids=["penalty", "optimizer", "moments", "relativistic", "draw", "accumulate", "bf16"],
)
def test_a_change_that_would_break_privacy_is_refused(change):
    with pytest.raises(ValueError, match="privacy holds only where"):
        change(recipe())


def test_a_network_with_batch_norm_is_refused():
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    with pytest.raises(ValueError, match="no private gradients"):
        PrivateAdam(lr=1e-3, noise=1.0, clip=1.0, batch=8).build([network])


@pytest.mark.parametrize(("noise", "clip"), [(-1.0, 1.0), (1.0, 0.0)])
def test_noise_and_clip_have_ranges(noise, clip):
    with pytest.raises(ValueError, match="noise must be at least 0 and clip above 0"):
        recipe(noise=noise, clip=clip)


def test_without_opacus_the_extra_is_named(monkeypatch):
    for name in ("opacus", "opacus.grad_sample", "opacus.optimizers"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "ganworks.training.private._opacus", raising=False)
    monkeypatch.delattr("ganworks.training.private._opacus", raising=False)
    with pytest.raises(MissingExtraError, match=r"ganworks\[private\]"):
        TrainingState(recipe(), engine())


def test_the_cost_of_a_draw_is_that_of_the_rows_drawn(monkeypatch):
    asked = []
    monkeypatch.setattr(
        draw, "uniform", lambda count, **_: asked.append(count) or entropy.uniform(count, secure=False)
    )
    torch.manual_seed(0)
    poisson_sample(10**9, 1e-6)
    assert sum(asked) < 5000


@settings(max_examples=20, deadline=None)
@given(limit=st.floats(0.1, 3.0), scale=st.floats(0.01, 100.0), seed=st.integers(0, 99))
def test_slopes_are_limited_and_small_weights_stay(limit, scale, seed):
    torch.manual_seed(seed)
    network = RowDiscriminator(DATA.space, width=6)
    for weights in network.parameters():
        weights.data.mul_(scale)
    before = {name: weights.clone() for name, weights in network.named_parameters()}
    limit_slopes({"discriminator": network}, limit)
    for name, weights in network.named_parameters():
        if weights.dim() == 2:
            norm = torch.linalg.matrix_norm(before[name], 2)
            wanted = before[name] * (limit / norm if norm > limit else 1.0)
            torch.testing.assert_close(weights.detach(), wanted.detach())
        else:
            assert weights.equal(before[name])


def test_training_keeps_the_slopes_limited():
    state = fit(recipe(limit=0.5, lr=0.1), DATA, engine(), Budget(steps=3))
    layers = [m for m in state.networks["discriminator"].modules() if isinstance(m, nn.Linear)]
    norms = [torch.linalg.matrix_norm(layer.weight, 2).item() for layer in layers]
    assert max(norms) == pytest.approx(0.5, rel=1e-4)
