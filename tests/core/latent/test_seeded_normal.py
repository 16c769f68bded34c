"""Normal numbers from seeds: distribution, independence, and that nothing else has a say."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ganworks.latent.normal import normal_quantile, seeded_normal, seeded_uniform

SEEDS = st.integers(0, 2**63 - 1)
FAMILIES = {  # seeds as programs choose them
    "consecutive": torch.arange(4000),
    "far apart": torch.arange(4000) << 32,
    "multiples": torch.arange(4000) * 65_536,
    "large": 2**62 + torch.arange(4000),
}


@given(st.lists(SEEDS, min_size=1, max_size=5), st.integers(1, 70), st.integers(0, 30))
def test_a_number_depends_on_its_seed_and_place_only(seeds, size, more):
    whole = seeded_normal(torch.tensor(seeds), size + more)
    for row, seed in enumerate(seeds):
        assert seeded_normal(torch.tensor([seed]), size)[0].equal(whole[row, :size])


def test_the_numbers_stay_what_they_are():
    # exported models and manifests out there name these seeds
    found = seeded_normal(torch.tensor([0, 1, 2**31, 2**62 + 5]), 3)
    expected = [
        [2.5268791, -0.1490521, 1.1660368],
        [0.5346808, 1.5835637, 0.1983345],
        [-1.3406112, -1.0936424, 0.0296826],
        [0.4643023, 0.6753631, -2.3210917],
    ]
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-6, rtol=0)


@pytest.mark.parametrize("seeds", FAMILIES.values(), ids=FAMILIES)
def test_they_are_standard_normal(seeds):
    drawn = seeded_normal(seeds, 32).numpy()
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 1e-3
    assert abs(drawn.mean()) < 4 / drawn.size**0.5
    assert abs(drawn.var() - 1) < 4 * (2 / drawn.size) ** 0.5


@pytest.mark.parametrize("seeds", FAMILIES.values(), ids=FAMILIES)
def test_neighbours_know_nothing_of_each_other(seeds):
    drawn = seeded_normal(seeds, 32).double().numpy()
    for one, other in (
        (drawn[:-1], drawn[1:]),
        (drawn[:, :-1], drawn[:, 1:]),
        (drawn[:-1, :-1], drawn[1:, 1:]),
    ):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4.5 / one.size**0.5
    places = np.corrcoef(drawn.T) - np.eye(32)
    assert np.abs(places).max() < 5 / len(drawn) ** 0.5


@pytest.mark.parametrize("seeds", FAMILIES.values(), ids=FAMILIES)
def test_uniform_numbers_fill_the_square(seeds):
    drawn = seeded_uniform(seeds, 2).numpy()
    for pairs in (drawn, np.stack([drawn[:-1, 0], drawn[1:, 0]], 1)):
        counts, _, _ = np.histogram2d(*pairs.T, bins=12, range=[[-0.5, 0.5]] * 2)
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4


@given(st.floats(-0.5, 0.5, width=32))
def test_the_quantile_is_that_of_the_normal_distribution(centred):
    found = float(normal_quantile(torch.tensor(centred)))
    exact = float(stats.norm.ppf(0.5 + np.clip(np.float64(centred), -0.5 + 2**-25, 0.5 - 2**-25)))
    assert found == pytest.approx(exact, abs=3e-6)
