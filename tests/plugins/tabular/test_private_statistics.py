"""Private statistics: near the exact ones where the budget is large, blind to the data where it must be."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from ganworks.errors import UsageError
from ganworks_tabular.columns.number_parts import NumberParts
from ganworks_tabular.private_budget import PrivacyBudget
from ganworks_tabular.private_statistics import CELLS, Bounds, PrivateStatistics


def statistics(bounds=None, categories=None, epsilon=1.0, share=1.0, seed=0, budget=None):
    budget = budget or PrivacyBudget(epsilon, 1e-5)
    return PrivateStatistics(budget, bounds or {}, categories or {}, seed, share=share)


def values(rows=5000):
    return np.random.default_rng(1).normal(2, 1, rows)


def test_a_large_budget_gives_the_quantiles_of_the_data():
    x = values()
    found = statistics({"x": Bounds(-10, 10)}, epsilon=20).numbers("x", x)
    drawn = np.repeat(found.values, found.counts)
    levels = np.linspace(0.05, 0.95, 19)
    assert np.abs(np.quantile(drawn, levels) - np.quantile(x, levels)).max() < 0.1
    assert found.rows == pytest.approx(len(x), abs=100)
    assert found.missing == 0
    assert (np.diff(found.values) > 0).all()


def test_noise_does_not_fill_the_empty_cells():
    found = statistics({"x": Bounds(-1000, 1000)}, epsilon=0.5).numbers("x", values(20_000))
    far = np.abs(found.values) > 200
    assert found.counts[far].sum() < 0.03 * found.rows


def test_noise_makes_no_heavy_tails():
    """Without the floor the share of rows far from all real ones is .010 here."""
    x, bounds = values(3000), Bounds(-100, 100, log=True)
    far = []
    for seed in range(10):
        found = statistics({"x": bounds}, epsilon=0.5, seed=seed).numbers("x", x)
        far.append(found.counts[np.abs(found.values) > 20].sum() / found.rows)
    assert np.mean(far) < 0.007


@settings(max_examples=30, deadline=None)
@given(
    low=st.floats(-1e4, 0),
    width=st.floats(1, 1e5),
    log=st.booleans(),
    data=st.lists(st.floats(allow_infinity=True), max_size=30),
    seed=st.integers(0, 99),
)
def test_all_values_lie_in_the_bounds_whatever_the_data_hold(low, width, log, data, seed):
    bounds = Bounds(low, low + width, log=log, missing=True)
    found = statistics({"x": bounds}, seed=seed).numbers("x", np.array(data, dtype=np.float64))
    assert (found.values > low - 1e-6 * width).all()
    assert (found.values < low + width * (1 + 1e-6)).all()
    assert (found.counts > 0).all()
    assert found.counts.dtype == np.int64
    assert found.missing >= 1


def test_few_values_have_a_cell_each_and_become_choices():
    x = np.random.default_rng(0).choice([0.0, 1.0, 5.0], 9000, p=[0.6, 0.3, 0.1])
    found = statistics({"x": Bounds(0, 10, decimals=0)}, epsilon=5).numbers("x", x)
    counted = dict(zip(found.values, found.counts, strict=True))
    assert set(counted) <= set(range(11))
    assert counted[0] == pytest.approx(5400, abs=150)
    assert counted[5] == pytest.approx(900, abs=150)
    assert NumberParts.fit(found, None, 20).map is None


def test_special_values_are_atoms_and_others_are_not():
    x = np.concatenate([np.zeros(4000), np.random.default_rng(0).uniform(1, 100, 6000)])
    found = statistics({"x": Bounds(-1, 100, special=(0.0,))}, epsilon=5).numbers("x", x)
    parts = NumberParts.fit(found, None, 1)
    assert parts.atoms.tolist() == [0.0]
    assert found.counts[found.values == 0] == pytest.approx(4000, abs=100)


def test_wide_cells_of_decimals_hold_rounded_values():
    found = statistics({"x": Bounds(0, 5000, decimals=1)}, epsilon=5).numbers("x", np.abs(values()) * 100)
    assert np.array_equal(found.values, np.round(found.values, 1))
    assert len(np.unique(found.values)) == len(found.values)


def test_log_cells_are_finer_near_zero_and_end_at_the_bounds():
    edges = Bounds(-5, 30_000, log=True).edges()
    assert len(edges) == CELLS + 1
    assert edges[[0, -1]] == pytest.approx([-5, 30_000])
    widths = np.diff(edges)
    assert widths[np.searchsorted(edges, 1.0)] < 1 < widths[-1]


def test_missing_values_are_counted_where_they_may_be():
    x = values()
    x[:1000] = np.nan
    found = statistics({"x": Bounds(-10, 10, missing=True)}, epsilon=5).numbers("x", x)
    assert found.missing == pytest.approx(1000, abs=60)


def test_listed_categories_are_all_there_and_only_they():
    series = pd.Series(["a"] * 3000 + ["b"] * 500 + ["secret"] * 900 + [None] * 100)
    found = statistics(categories={"x": ["b", "a", "never", None]}, epsilon=5).categories("x", series)
    assert found.values == ["b", "a", "never"]
    assert found.counts[:2] == pytest.approx([500, 3000], abs=40)
    assert 1 <= found.counts[2] < 40
    assert found.missing == pytest.approx(100, abs=40)


def test_found_categories_must_pass_the_threshold():
    series = pd.Series(["often"] * 4000 + ["rare"] * 2 + [f"once {i}" for i in range(500)])
    one = statistics(categories={"x": None}, seed=3)
    assert one.threshold > 10
    found = one.categories("x", series)
    assert found.values == ["often"]
    assert found.missing == 0


def test_a_value_of_one_row_is_shown_with_the_delta_at_most():
    """Exactly: a lone row passes the threshold with probability delta / 2; the other half is noise."""
    budget = PrivacyBudget(1.0, 0.2)  # a delta that can be counted
    series, shown = pd.Series(["often"] * 200 + ["lone"]), 0
    for seed in range(400):
        one = statistics(categories={"x": None}, budget=PrivacyBudget(1.0, 0.2), seed=seed)
        shown += "lone" in one.categories("x", series).values
    assert shown / 400 == pytest.approx(budget.delta / 2, abs=4 * math.sqrt(0.1 * 0.9 / 400))


def test_the_noise_is_that_of_the_gaussian_mechanism_over_all_columns():
    names = [f"c{i}" for i in range(4)]
    one = statistics({name: Bounds(0, 1) for name in names}, epsilon=2.0)
    ratio = one.noise / 2  # sqrt of 4 columns
    delta = norm.cdf(0.5 / ratio - 2 * ratio) - math.exp(2) * norm.cdf(-0.5 / ratio - 2 * ratio)
    assert 0.9e-5 < delta <= 1e-5
    one = [statistics(categories={"x": ["a", "b", "c"]}, epsilon=2.0, seed=seed) for seed in range(300)]
    series = pd.Series(["a"] * 900 + ["b"] * 500 + ["c"] * 600)
    sums = [each.categories("x", series).rows for each in one]
    assert np.mean(sums) == pytest.approx(2000, abs=2)
    assert np.std(sums) == pytest.approx(math.sqrt(3) * one[0].noise, rel=0.2)


def test_the_same_seed_gives_the_same_statistics_and_none_gives_others():
    def found(seed):
        return statistics({"x": Bounds(-10, 10)}, seed=seed).numbers("x", values()).counts.tolist()

    assert found(1) == found(1)
    assert found(1) != found(2)
    assert found(None) != found(None)


def test_spends_add_up_and_are_listed():
    budget = PrivacyBudget(2.0, 1e-5)
    statistics({"x": Bounds(0, 1)}, share=0.25, budget=budget)
    assert budget.spend_rest("training").epsilon == pytest.approx(1.5)
    assert budget.left == pytest.approx((0, 0), abs=1e-12)
    listed = budget.as_dict()
    assert [spend["what"] for spend in listed["spends"]] == ["statistics of 1 column", "training"]
    assert math.fsum(spend["delta"] for spend in listed["spends"]) == pytest.approx(1e-5)
    with pytest.raises(UsageError, match="are left"):
        budget.spend("more", 0.1)


def test_a_column_is_released_once():
    one = statistics({"x": Bounds(-10, 10)})
    one.numbers("x", values())
    with pytest.raises(UsageError, match="released once"):
        one.numbers("x", values())


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: PrivacyBudget(0.0, 1e-5), "epsilon must be above 0"),
        (lambda: PrivacyBudget(1.0, 1.0), "delta must lie between 0 and 1"),
        (lambda: Bounds(1, 1), "low < high"),
        (lambda: Bounds(0, math.inf), "must be finite"),
        (lambda: statistics(), "need bounds or categories"),
        (lambda: statistics({"x": Bounds(0, 1)}, {"x": None}), "both bounds and categories"),
        (lambda: statistics({"x": Bounds(0, 1)}).numbers("y", values()), "'y' need bounds"),
        (lambda: statistics({"x": Bounds(0, 1)}).categories("x", pd.Series(["a"])), "'x' need categories"),
        (lambda: statistics(categories={"x": None}).categories("x", pd.Series(["a"])), "list its categories"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(call, reason):
    with pytest.raises(UsageError, match=reason) as caught:
        call()
    assert "\n" not in str(caught.value)
