"""Scores of columns and pairs: closed forms, reference values, and what they must notice."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from scipy.stats.contingency import association

from ganworks_tabular.evaluation import TableFacts, fidelity
from ganworks_tabular.evaluation.coding import code, fingerprints, shared_codes
from ganworks_tabular.evaluation.gower import distances, points
from ganworks_tabular.evaluation.pairs import contingency_pairs, correlation_pairs, cramers_v, pair_tv
from ganworks_tabular.evaluation.shapes import column_shapes, ks_complement, tv_complement

FACTS = TableFacts(target="y", positive=1, numeric=("a", "b"), discrete=("c", "y"))
floats = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


def table(rows, seed, slope=1.0):
    draw = np.random.default_rng(seed)
    a = draw.normal(size=rows)
    c = np.where(a > 0, "high", "low")
    b = slope * a + draw.normal(size=rows) / 3
    return pd.DataFrame({"a": a, "b": b, "c": c, "y": (b > 1).astype(int)})


@given(floats, floats)
def test_ks_complement_is_that_of_scipy(a, b):
    expected = 1 - ks_2samp(a, b, method="asymp").statistic
    assert ks_complement(np.array(a), np.array(b)) == pytest.approx(expected, abs=1e-12)


def test_a_wrong_share_of_missing_values_lowers_the_score_of_a_number():
    real, made = np.arange(100.0), np.arange(100.0)
    made[::4] = np.nan
    assert ks_complement(real, made) == pytest.approx(0.75)
    real[::4] = np.nan
    assert ks_complement(real, made) == pytest.approx(1.0)


def test_tv_complement_by_hand():
    real, made = np.array([0, 0, 0, 1]), np.array([0, 1, 2, 2])
    assert tv_complement(real, made, 3) == pytest.approx(0.5)


def test_a_table_fits_itself():
    real = table(500, 0)
    found = fidelity(FACTS, real, table(300, 1), real)
    assert found["quality"] == found["shapes"] == found["pairs"] == found["pair_tv"] == 1
    assert 0.8 < found["ceiling"]["quality"] < 1


def test_reversed_relation_is_seen_in_pairs_only():
    real, made = table(3_000, 0), table(3_000, 1, slope=-1.0)
    made["y"] = table(3_000, 2)["y"]
    found = fidelity(FACTS, real, table(2_000, 3), made)
    assert found["shapes"] > 0.95
    assert found["pairs"] < 0.7
    assert found["worst_pairs"][0]["columns"] == ["a", "b"]
    assert found["worst_pairs"][0]["score"] < 0.1
    assert found["pair_tv"] < found["ceiling"]["pair_tv"] - 0.1
    assert found["floor"]["pairs"] < found["ceiling"]["pairs"] - 0.05


def test_columns_are_listed_worst_first_with_their_missing_shares():
    made = table(800, 1).assign(b=lambda t: t.b.where(t.index % 2 == 0))
    found = fidelity(FACTS, table(800, 0), table(400, 2), made)["columns"]
    assert found[0]["column"] == "b"
    assert found[0]["missing_train"] == 0
    assert found[0]["missing_synthetic"] == 0.5
    assert [block["score"] for block in found] == sorted(block["score"] for block in found)


def test_correlations_by_definition():
    real, made = code(FACTS, table(200, 0), table(200, 1, slope=0.1))
    (pair,) = correlation_pairs(real, made)
    r, s = (np.corrcoef(one.numbers.T)[0, 1] for one in (real, made))
    assert pair.score == pytest.approx(1 - abs(r - s) / 2)
    assert pair.counts


def test_a_constant_synthetic_column_counts_as_unrelated():
    real, made = code(FACTS, table(200, 0), table(200, 1).assign(b=1.0))
    (pair,) = correlation_pairs(real, made)
    assert pair.score == pytest.approx(1 - abs(np.corrcoef(real.numbers.T)[0, 1]) / 2)


def test_contingency_of_categories_by_hand():
    facts = TableFacts(target="y", positive=1, numeric=(), discrete=("c", "y"))
    real = pd.DataFrame({"c": list("aabb"), "y": [0, 0, 1, 1]})
    made = pd.DataFrame({"c": list("aabb"), "y": [0, 1, 1, 1]})
    (pair,) = contingency_pairs(*code(facts, real, made))
    assert pair.score == pytest.approx(0.75)
    assert pair.counts


@given(st.integers(0, 10_000))
def test_cramers_v_is_that_of_scipy(seed):
    draw = np.random.default_rng(seed)
    a = draw.integers(0, 4, 200)
    b = np.where(draw.random(200) < 0.5, a, draw.integers(0, 3, 200))
    expected = association(pd.crosstab(a, b).to_numpy(), method="cramer")
    assert cramers_v(np.stack([a, b], 1), (4, 4))[0, 1] == pytest.approx(expected)


def test_pair_tv_does_not_heed_one_outlier():
    real, made = table(4_000, 0), table(4_000, 1)
    plain = pair_tv(*code(FACTS, real, made), 1)
    far = made.assign(b=made.b.where(made.index > 0, 1e9))
    assert pair_tv(*code(FACTS, real, far), 1) == pytest.approx(plain, abs=1e-3)


def test_pair_tv_against_a_plain_count():
    facts = TableFacts(target="y", positive=1, numeric=("a",), discrete=("y",))
    real, made = table(300, 0)[["a", "y"]], table(200, 1)[["a", "y"]]
    edges = np.unique(np.quantile(real.a, np.linspace(0, 1, 11)[1:-1]))
    shares = [
        pd.crosstab(np.searchsorted(edges, one.a, side="right"), one.y, normalize="all")
        for one in (real, made)
    ]
    gap = shares[0].subtract(shares[1], fill_value=0).fillna(0).abs().to_numpy().sum()
    assert pair_tv(*code(facts, real, made), 0) == pytest.approx((1 - gap / 2, 1 - gap / 2))


def test_equal_values_have_equal_codes_whatever_their_type():
    columns = [
        pd.Series([1, 2, 2, 2]),
        pd.Series([1.0, np.nan, 2.0]),
        pd.Series([2, None, 3], dtype="Int64"),
        pd.Series([1, 2], dtype="category"),
    ]
    codes, levels = shared_codes(columns)
    assert levels == 4
    assert [part.tolist() for part in codes] == [[1, 0, 0, 0], [1, 3, 0], [0, 3, 2], [1, 0]]


def test_equal_rows_have_equal_fingerprints():
    first = pd.DataFrame({"a": [0.5, np.nan], "b": [0.0, 1.0], "c": ["x", None], "y": [0, 1]})
    second = first.assign(b=[-0.0, 1.0], y=[0.0, 2.0])
    one, other = (fingerprints(part) for part in code(FACTS, first, second))
    assert one[0] == other[0]
    assert one[1] != other[1]


def test_gower_distance_by_hand():
    """|a - b| over the training range, 1 for a missing against a known value, 0 or 1 for categories."""
    train = pd.DataFrame(
        {"a": [0.0, 10.0, np.nan], "b": [1.0, 1.0, 3.0], "c": ["x", "z", None], "y": [0, 1, 1]}
    )
    other = pd.DataFrame({"a": [5.0, np.nan], "b": [2.0, 1.0], "c": ["x", None], "y": [0, 1]})
    found = distances(*points(FACTS, train, other)).numpy() * 4
    expected = [[0.5 + 0.5, 1 + 0 + 1 + 1], [0.5 + 0.5 + 1 + 1, 1 + 0 + 1], [1 + 0.5 + 1 + 1, 0 + 1 + 0]]
    assert found == pytest.approx(np.array(expected), abs=1e-6)


def test_column_scores_are_in_the_order_of_the_columns():
    real = table(400, 0)
    scores = list(column_shapes(*code(FACTS, real, real.assign(c="new"))))
    assert scores == pytest.approx([1, 1, 0, 1])
