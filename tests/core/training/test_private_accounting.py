"""What noise costs: against Opacus, against closed forms, and that more noise never costs more."""

from __future__ import annotations

import math
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opacus.accountants import PRVAccountant, RDPAccountant
from scipy.stats import norm

from ganworks.errors import MissingExtraError
from ganworks.training.private import epsilon_of, gaussian_noise_for, noise_for

DELTA = 1e-5


def by_opacus(accountant, noise, rate, steps):
    accountant.history = [(noise, rate, steps)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return accountant.get_epsilon(delta=DELTA)


@pytest.mark.parametrize(("noise", "rate", "steps"), [(1.0, 0.05, 200), (4.0, 0.05, 5000), (10.0, 0.3, 1000)])
def test_it_is_the_smaller_bound_of_opacus(noise, rate, steps):
    bounds = [by_opacus(kind(), noise, rate, steps) for kind in (PRVAccountant, RDPAccountant)]
    assert epsilon_of(noise, DELTA, rate, steps) == pytest.approx(min(bounds))
    assert bounds[0] < bounds[1]


def test_tiny_noise_is_accounted_by_renyi_divergence():
    assert epsilon_of(0.3, DELTA, 0.05, 100) == pytest.approx(by_opacus(RDPAccountant(), 0.3, 0.05, 100))


def test_no_noise_protects_nothing_and_no_steps_cost_nothing():
    assert epsilon_of(0.0, DELTA, 0.1, 1) == math.inf
    assert epsilon_of(0.0, DELTA, 0.1, 0) == 0


@settings(max_examples=4, deadline=None)
@given(noise=st.floats(1.5, 20.0), rate=st.floats(0.001, 0.1), steps=st.integers(1, 500))
def test_more_noise_fewer_steps_and_rarer_rows_never_cost_more(noise, rate, steps):
    slack = 0.025  # both are upper bounds that may lie 0.01 above the truth
    cost = epsilon_of(noise, DELTA, rate, steps)
    assert epsilon_of(noise * 1.5, DELTA, rate, steps) <= cost + slack
    assert epsilon_of(noise, DELTA, rate / 2, steps) <= cost + slack
    assert epsilon_of(noise, DELTA, rate, steps // 2) <= cost + slack
    assert epsilon_of(noise, DELTA * 10, rate, steps) <= cost + slack


@pytest.mark.parametrize("epsilon", [0.5, 3.0])
def test_the_noise_found_is_enough_and_hardly_more(epsilon):
    noise = noise_for(epsilon, DELTA, 0.03, 100)
    assert epsilon_of(noise, DELTA, 0.03, 100) <= epsilon
    assert epsilon_of(noise * 0.97, DELTA, 0.03, 100) > epsilon


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 8.0])
def test_one_gaussian_mechanism_meets_its_delta_exactly(epsilon):
    noise = gaussian_noise_for(epsilon, DELTA)
    delta = norm.cdf(0.5 / noise - epsilon * noise) - math.exp(epsilon) * norm.cdf(
        -0.5 / noise - epsilon * noise
    )
    assert delta == pytest.approx(DELTA, rel=0.03)
    assert delta <= DELTA
    assert epsilon_of(noise, DELTA, 1.0, 1) == pytest.approx(epsilon, abs=0.03)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: epsilon_of(1.0, 0.0, 0.1, 1), "delta must lie between 0 and 1"),
        (lambda: epsilon_of(1.0, 0.1, 1.1, 1), "sampling rate must be above 0"),
        (lambda: epsilon_of(1.0, 0.1, 0.1, -1), "steps must be at least 0"),
        (lambda: epsilon_of(-1.0, 0.1, 0.1, 1), "noise must be at least 0"),
        (lambda: noise_for(0.0, 0.1, 0.1, 1), "epsilon must be above 0"),
        (lambda: gaussian_noise_for(math.nan, 0.1), "epsilon must be above 0"),
        (lambda: noise_for(1e-12, 1e-12, 1.0, 10**6), "no amount of noise"),
    ],
)
def test_values_out_of_range_are_named(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()


def test_without_opacus_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "opacus", None)
    with pytest.raises(MissingExtraError, match=r"ganworks\[private\]"):
        epsilon_of(1.0, DELTA, 0.1, 1)
