"""Kernel, Frechet, spectrum and intensity distances against closed forms and symmetries."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.metrics import (
    frechet_distance,
    frechet_distance_floor,
    intensity_emd,
    kernel_distance,
    kernel_distance_floor,
    spectrum_distance,
)

quick = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 10_000)
sizes = st.integers(4, 40)


def normal(rows, columns, seed, mean=0.0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) + mean


def mmd_by_loops(x, y):
    """Binkowski 2018, eq. 4, as written."""
    k = lambda a, b: (float(a @ b) / len(a) + 1) ** 3  # noqa: E731
    n, m = len(x), len(y)
    within_x = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


@quick
@given(seeds, sizes, sizes, st.integers(1, 6))
def test_kernel_distance_is_symmetric_and_blind_to_order(seed, n, m, d):
    x, y = normal(n, d, seed), normal(m, d, seed + 1, mean=0.5)
    value = kernel_distance(x, y, subsets=2).value
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    assert kernel_distance(y, x, subsets=2).value == pytest.approx(value, abs=1e-9)
    assert kernel_distance(x[order], y, subsets=2).value == pytest.approx(value, abs=1e-9)


def test_kernel_distance_is_the_formula():
    x, y = normal(7, 3, 0).double(), normal(9, 3, 1).double()
    assert kernel_distance(x, y).value == pytest.approx(mmd_by_loops(x, y), rel=1e-9)


def test_kernel_distance_does_not_depend_on_the_block_size():
    x, y = normal(1100, 4, 0), normal(600, 4, 1, mean=0.3)
    gram = lambda a, b: (a.double() @ b.double().T / 4 + 1) ** 3  # noqa: E731
    off_diagonal = lambda k: (k.sum() - k.trace()) / (len(k) * (len(k) - 1))  # noqa: E731
    whole = off_diagonal(gram(x, x)) + off_diagonal(gram(y, y)) - 2 * gram(x, y).mean()
    assert kernel_distance(x, y, subsets=2).value == pytest.approx(float(whole), rel=1e-9)


def test_kernel_distance_is_unbiased_and_its_interval_and_floor_are_calibrated():
    values, held, below = [], 0, 0
    for seed in range(60):
        x, y = normal(40, 8, 2 * seed), normal(40, 8, 2 * seed + 1)
        found = kernel_distance(x, y, subsets=60)
        values.append(found.value)
        held += found.low <= 0 <= found.high
        below += found.value <= kernel_distance_floor(x, 40, splits=60)
    assert np.mean(values) == pytest.approx(0, abs=3 * np.std(values) / 60**0.5)
    assert held >= 54
    assert below >= 50


def test_kernel_interval_holds_the_truth_where_the_sets_differ():
    truth = np.mean([kernel_distance(normal(400, 4, s), normal(400, 4, s + 50, 0.6)).value for s in range(5)])
    found = [kernel_distance(normal(80, 4, 100 + s), normal(80, 4, 200 + s, 0.6)) for s in range(40)]
    assert sum(one.low <= truth <= one.high for one in found) >= 33  # 95 % asked for


@quick
@given(seeds, st.integers(2, 30), st.integers(1, 40))
def test_frechet_distance_of_identical_sets_is_zero(seed, n, d):
    x = normal(n, d, seed)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


@quick
@given(seeds, st.integers(2, 30), st.integers(2, 30), st.integers(1, 8))
def test_frechet_distance_is_the_formula_with_the_matrix_root(seed, n, m, d):
    x, y = normal(n, d, seed).double().numpy(), normal(m, d, seed + 1, 1.0).double().numpy() * 2
    a, b = np.atleast_2d(np.cov(x, rowvar=False)), np.atleast_2d(np.cov(y, rowvar=False))
    eigenvalues = scipy.linalg.eigvals(a @ b).real.clip(0)
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b) - 2 * np.sqrt(eigenvalues).sum()
    found = frechet_distance(torch.from_numpy(x), torch.from_numpy(y))
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("n", [40, 150])
@pytest.mark.parametrize("m", [60, 300])
def test_frechet_floor_predicts_the_bias_at_other_sizes(n, m):
    pool = normal(3000, 60, 5)
    fresh = [frechet_distance(pool[s * 500 : s * 500 + n], normal(m, 60, 50 + s)) for s in range(5)]
    assert frechet_distance_floor(pool[:n], m) == pytest.approx(np.mean(fresh), rel=0.2)


def test_spectrum_distance_sees_a_checkerboard_that_intensities_hide():
    x = normal(20, 1 * 24 * 30, 0).view(20, 1, 24, 30) * 0.1
    board = ((torch.arange(24)[:, None] + torch.arange(30)) % 2 * 2 - 1) * 0.05
    assert spectrum_distance(x, x.flip(0)) == pytest.approx(0, abs=1e-9)
    assert spectrum_distance(x, x + board) > 0.5
    assert spectrum_distance(x, x * 0) > 20


@pytest.mark.parametrize("shift", [0.0, 0.25, 1.0])
def test_intensity_distance_of_a_shift_is_the_shift(shift):
    x = torch.rand(30, 2, 8, 8, generator=torch.Generator().manual_seed(0)) - 1
    assert intensity_emd(x, x + shift) == pytest.approx(shift, abs=0.005)


@pytest.mark.parametrize(("n", "m", "d", "e"), [(3, 9, 2, 2), (9, 9, 2, 3)])
def test_unusable_features_are_named(n, m, d, e):
    with pytest.raises(ValueError, match="got"):
        kernel_distance(normal(n, d, 0), normal(m, e, 1))
