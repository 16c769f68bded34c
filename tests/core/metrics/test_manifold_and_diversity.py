"""Precision, recall, density, coverage, diversity and class score against brute force and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.metrics import class_score, diversity, diversity_ratio, expected_coverage, manifold

quick = settings(deadline=None, max_examples=25)


def normal(*shape, seed=0, mean=0.0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) + mean


@quick
@given(st.integers(0, 10_000), st.integers(6, 60), st.integers(2, 8))
def test_identical_sets_overlap_fully(seed, n, d):
    x = normal(n, d, seed=seed)
    found = manifold(x, x)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    assert found.density == pytest.approx(1)


@quick
@given(st.integers(0, 10_000), st.integers(6, 30), st.integers(6, 30))
def test_manifold_is_the_definition(seed, n, m):
    real, fake = normal(n, 3, seed=seed).double(), normal(m, 3, seed=seed + 1, mean=0.5).double()
    radius = lambda x: torch.cdist(x, x).sort(1).values[:, 5]  # noqa: E731
    between = torch.cdist(real, fake)
    in_real, in_fake = between < radius(real)[:, None], between < radius(fake)
    found = manifold(real, fake)
    assert found.precision == pytest.approx(float(in_real.any(0).double().mean()))
    assert found.recall == pytest.approx(float(in_fake.any(1).double().mean()))
    assert found.density == pytest.approx(float(in_real.sum(0).double().mean()) / 5)
    assert found.coverage == pytest.approx(float(in_real.any(1).double().mean()))


def test_manifold_does_not_depend_on_the_block_size():
    real, fake = normal(700, 4), normal(600, 4, seed=1)
    order = torch.randperm(700, generator=torch.Generator().manual_seed(0))
    assert manifold(real[order], fake) == manifold(real, fake)


def test_sets_far_apart_do_not_overlap():
    found = manifold(normal(20, 4), normal(20, 4, mean=100.0))
    assert (found.precision, found.recall, found.density, found.coverage) == (0, 0, 0, 0)


@pytest.mark.parametrize(("n", "m"), [(60, 60), (60, 200), (200, 60)])
def test_expected_coverage_is_what_equal_distributions_reach(n, m):
    found = [manifold(normal(n, 5, seed=s), normal(m, 5, seed=s + 99)).coverage for s in range(30)]
    assert np.mean(found) == pytest.approx(expected_coverage(n, m), abs=0.03)


def test_manifold_needs_more_rows_than_neighbours():
    with pytest.raises(ValueError, match="more than 5 rows"):
        manifold(normal(5, 2), normal(9, 2))


@quick
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(0, 3))
def test_diversity_is_the_mean_over_pairs(seed, n, flat):
    images = torch.cat([normal(n, 2, 4, 5, seed=seed), torch.ones(flat, 2, 4, 5) * 0.3])
    with np.errstate(invalid="ignore", divide="ignore"):
        ncc = np.corrcoef(images.flatten(1).double().numpy())
    ncc[np.isnan(ncc)] = 0
    ncc[n:, n:] = 1  # constant images are alike
    expected = 1 - (ncc.sum() - np.trace(ncc)) / (len(ncc) * (len(ncc) - 1))
    assert diversity(images) == pytest.approx(expected, abs=1e-5)


def test_collapse_within_a_class_shows_despite_two_classes():
    labels = torch.arange(40) % 2
    real = normal(40, 1, 8, 8) + labels.view(-1, 1, 1, 1) * normal(1, 1, 8, 8, seed=5) * 3
    collapsed = real[labels]  # one image a class
    assert diversity_ratio(real, real, labels, labels) == pytest.approx(1)
    assert diversity_ratio(real, collapsed, labels, labels) == pytest.approx(0, abs=1e-6)
    assert diversity_ratio(real, collapsed) > 0.2  # unlabelled, the two classes look like variety


def test_another_class_balance_does_not_change_the_ratio():
    labels = (torch.arange(200) < 100).long()
    images = normal(200, 1, 6, 6) * (1 + labels.view(-1, 1, 1, 1)) + normal(1, 1, 6, 6, seed=1) * labels.view(
        -1, 1, 1, 1
    )
    fewer = torch.arange(200) >= 70
    assert diversity_ratio(images, images[fewer], labels, labels[fewer]) == pytest.approx(1, abs=0.06)


def test_class_score_runs_from_one_to_the_number_of_classes():
    sure = torch.eye(4).repeat(5, 1)
    assert class_score(sure) == pytest.approx(4)
    assert class_score(sure[:1].repeat(9, 1)) == pytest.approx(1)
    assert class_score(torch.full((9, 4), 0.25)) == pytest.approx(1)
    with pytest.raises(ValueError, match="sum to 1"):
        class_score(torch.ones(3, 3))
