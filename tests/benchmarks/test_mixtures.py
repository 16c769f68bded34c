"""Measures of mode coverage against planted answers, and every compared method on a tiny plan."""

from __future__ import annotations

import pytest
import torch
from _mixtures import SPACE, grid, ring
from _mode_methods import METHODS, Plan

from ganworks.training import Budget, EngineSettings, Sampler, TorchEngine, fit

MIXTURES = [ring(), grid()]


def real(mixture, count: int = 2_500, seed: int = 1) -> torch.Tensor:
    return mixture.dataset(seed).rows(torch.arange(count))


@pytest.mark.parametrize("mixture", MIXTURES, ids=lambda mixture: mixture.name)
def test_real_points_score_what_theory_says(mixture):
    found = mixture.score(real(mixture))
    assert found.modes == len(mixture.means)
    assert found.near == pytest.approx(1 - torch.tensor(-4.5).exp().item(), abs=0.008)
    assert found.reverse_kl < 3 * (len(mixture.means) - 1) / (2 * 2_500)


@pytest.mark.parametrize("mixture", MIXTURES, ids=lambda mixture: mixture.name)
def test_a_dropped_mode_is_missed(mixture):
    points = real(mixture)
    far = torch.cdist(points * mixture.side, mixture.means).argmin(1) != 3
    found = mixture.score(points[far])
    modes = len(mixture.means)
    assert found.modes == modes - 1
    # 1/k more for each of the k - 1 others: log(k / (k - 1)), and the sampling floor
    assert found.reverse_kl == pytest.approx(torch.tensor(modes / (modes - 1)).log().item(), abs=0.01)


def test_points_between_modes_count_for_the_nearest_but_not_as_recovered():
    between = torch.full((10, 2), 0.9) / grid().side  # nearest to (0, 0), 25 deviations away
    found = grid().score(between)
    assert (found.modes, found.near) == (0, 0.0)
    assert found.reverse_kl == pytest.approx(torch.tensor(25.0).log().item())


def test_three_deviations_are_the_border():
    mixture = ring()
    at = torch.tensor([[1 + 2.99 * mixture.std, 0.0], [1 + 3.01 * mixture.std, 0.0]]) / mixture.side
    assert mixture.score(at).near == 0.5


def test_data_lie_in_the_range_of_the_generator():
    for mixture in MIXTURES:
        assert mixture.dataset().all_rows().abs().max() < 1


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_and_samples_points(name):
    data = ring().dataset()
    recipe = METHODS[name](SPACE, Plan(steps=2, batch=8, width=8))
    state = fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=2))
    points = Sampler.of(state).balanced(5, seed=0)[0]
    assert points.shape == (5, 2)
    assert points.isfinite().all()
