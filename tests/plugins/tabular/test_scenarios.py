"""Conditions of a scenario keep to its plan; drift finds what was planted and nothing else."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import DataError, RunError, UsageError
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.scenarios import Marginals, Scenario, drift, oversample, read_scenario
from ganworks_tabular.scenarios.counting import whole_counts, whole_table

FACTS = TableFacts(target="fraud", positive=1, numeric=("amount", "age"), discrete=("channel", "fraud"))


def payments(rows=2_000, seed=0):
    rng = np.random.default_rng(seed)
    fraud = (rng.random(rows) < 0.1).astype(int)
    channel = np.where(fraud & (rng.random(rows) < 0.7), "web", rng.choice(["web", "shop", "phone"], rows))
    amount = np.round(np.exp(rng.normal(3 + fraud, 1, rows)), 2)
    amount[rng.random(rows) < 0.1] = np.nan
    age = pd.array(rng.integers(18, 90, rows), dtype="Int64")
    return pd.DataFrame({"amount": amount, "age": age, "channel": channel, "fraud": fraud})


PAYMENTS = payments()
MARGINALS = Marginals.from_dict(json.loads(json.dumps(Marginals.of(PAYMENTS, FACTS).as_dict())))


def plan(**raw):
    return read_scenario(raw, MARGINALS)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 400),
    st.none() | st.floats(0, 1),
    st.floats(0, 0.6),
    st.floats(0, 0.4),
    st.integers(0, 2**32 - 1),
)
def test_rate_and_mix_are_exact_up_to_rounding(n, rate, web, phone, seed):
    knobs = {"mix": {"channel": {"web": web, "phone": phone}}} | ({} if rate is None else {"rate": rate})
    made = plan(**knobs).conditions(n, seed, MARGINALS)
    assert len(made) == n
    share = PAYMENTS["fraud"].mean() if rate is None else rate
    assert abs((made["fraud"] == 1).sum() - share * n) < 1
    for value, wanted in {"web": web, "phone": phone, "shop": 1 - web - phone}.items():
        assert abs((made["channel"] == value).sum() - wanted * n) < 1 + 1e-6
    pd.testing.assert_frame_equal(made, plan(**knobs).conditions(n, seed, MARGINALS))


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.floats(0, 1), st.floats(0, 1)).filter(lambda ends: ends[0] < ends[1]), st.integers(0, 99))
def test_tails_lie_between_their_quantiles(ends, seed):
    made = plan(rate=0.5, tail={"amount": list(ends), "age": ["0.9", "1"]}).conditions(200, seed, MARGINALS)
    low, high = MARGINALS.numbers["amount"].at(-1, np.array(ends))
    assert made["amount"].between(low - 0.005, high + 0.005).all()
    assert made["age"].between(*MARGINALS.numbers["age"].at(-1, np.array([0.9, 1]))).all()
    assert made["age"].dtype == "Int64"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=5), st.integers(1, 6), st.integers(0, 99))
def test_whole_tables_have_their_margins(rows, width, seed):
    rng = np.random.default_rng(seed)
    known = rng.random((len(rows), width)) * 100 + 0.5
    columns = whole_counts(rng.random(width) + 1e-3, sum(rows))
    table = whole_table(known, np.array(rows), columns)
    assert (table >= 0).all()
    assert table.sum(axis=1).tolist() == rows
    assert table.sum(axis=0).tolist() == columns.tolist()


def test_another_mix_keeps_the_odds_between_classes():
    made = plan(rate=0.3, mix={"channel": {"web": 0.5}}).conditions(20_000, 0, MARGINALS)

    def odds(frame):
        table = pd.crosstab(frame["fraud"], frame["channel"])
        return table.loc[1, "web"] * table.loc[0, "shop"] / (table.loc[0, "web"] * table.loc[1, "shop"])

    assert odds(made) == pytest.approx(odds(PAYMENTS), rel=0.1)


def test_scaled_amounts_follow_the_scaled_quantiles_of_their_class():
    scenario = plan(rate=0.5, scale={"amount": 1.5})
    made = scenario.conditions(20_000, 0, MARGINALS)
    for fraud in (0, 1):
        own = made.loc[made["fraud"] == fraud, "amount"]
        train = PAYMENTS.loc[PAYMENTS["fraud"] == fraud, "amount"]
        assert own.median() == pytest.approx(1.5 * train.median(), rel=0.02)
        assert own.isna().mean() == pytest.approx(train.isna().mean(), abs=1e-3)
    low, high = MARGINALS.numbers["amount"].quantiles[-1, [0, -1]]
    assert made["amount"].min() >= low
    assert made["amount"].max() <= high
    assert (made["amount"].dropna() == made["amount"].dropna().round(2)).all()
    share = float(scenario.notes(MARGINALS)[0].split("class by class; ")[1].split("%")[0]) / 100
    at_ends = made["amount"].isin([round(low, 2), round(high, 2)]).mean()
    assert share == pytest.approx(at_ends, abs=0.01)


def test_a_scenario_can_be_stored_and_one_knob_does_not_change_the_draws_of_another():
    one = plan(tail={"amount": [0.9, 1.0]})
    two = plan(tail={"amount": [0.9, 1.0]}, mix={"channel": {"web": 1}})
    assert read_scenario(json.loads(json.dumps(two.as_dict())), MARGINALS) == two
    first, second = (plan.conditions(50, 3, MARGINALS) for plan in (one, two))
    assert first["amount"].tolist() == second["amount"].tolist()
    assert list(Scenario().conditions(5, 0, MARGINALS)) == ["fraud"]


def test_no_single_record_is_stored():
    frame = payments()
    frame.loc[0, "amount"], frame.loc[1, "channel"] = 9e6, "fax"
    found = Marginals.of(frame, FACTS)
    assert "fax" not in json.dumps(found.as_dict())
    assert found.numbers["amount"].quantiles.max() == frame["amount"].nlargest(5).iloc[-1]
    assert MARGINALS.numbers["amount"].quantiles[-1, -1] == PAYMENTS["amount"].nlargest(5).iloc[-1]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"rat": 0.5}, r"unknown knob 'rat' \(did you mean 'rate'"),
        ({"rate": 1.5}, "from 0 to 1"),
        ({"rate": "much"}, "give a number"),
        ({"mix": {"chanel": {"web": 1}}}, "did you mean 'channel'"),
        ({"mix": {"amount": {"1": 1}}}, "use scale or tail"),
        ({"mix": {"fraud": {"1": 1}}}, "set its share with rate"),
        ({"mix": {"channel": {"wb": 1}}}, "did you mean 'web'"),
        ({"mix": {"channel": {"web": 0.8, "shop": 0.3}}}, "sum to 1.1"),
        ({"mix": {"channel": {"web": 0.5, "shop": 0.3, "phone": 0.1}}}, "all values are given"),
        ({"mix": {"channel": 0.5}}, "column by column"),
        ({"scale": {"channel": 2}}, "use mix"),
        ({"scale": {"amount": 0}}, "factor above 0"),
        ({"scale": {"amount": float("nan")}}, "factor above 0"),
        ({"tail": {"amount": [0.9]}}, "two quantiles"),
        ({"tail": {"amount": "0.9..0.5"}}, "lower quantile first"),
        ({"tail": {"amount": [0.9, 1]}, "scale": {"amount": 2}}, "two knobs"),
    ],
)
def test_plans_that_make_no_sense(raw, said):
    with pytest.raises(UsageError, match=said):
        read_scenario(raw, MARGINALS)


def test_no_positives_no_scenario():
    with pytest.raises(DataError, match="no row has fraud=1"):
        Marginals.of(PAYMENTS.assign(fraud=0), FACTS)


def test_drift_finds_what_changed_and_only_that():
    now = payments(seed=1)
    now["amount"] *= 2
    now.loc[:300, "channel"] = "app"
    found = json.loads(json.dumps(drift(PAYMENTS, now, FACTS)))
    columns = found["columns"]
    assert columns["age"]["psi"] < 0.1
    assert columns["age"]["p_adjusted"] > 0.05
    assert "stable" in found["verdicts"]["age"]
    assert columns["amount"]["psi"] > 0.25
    assert "strong drift" in found["verdicts"]["amount"]
    scaled = np.nanmean(PAYMENTS["amount"]) / np.nanstd(PAYMENTS["amount"])
    assert columns["amount"]["wasserstein"] == pytest.approx(scaled, rel=0.15)
    assert columns["channel"]["new"] == ["app"]
    assert columns["channel"]["tv"] == pytest.approx(0.15, abs=0.04)
    assert found["two_sample"]["auc"] > 0.6
    assert set(found["positives"]) == {"amount", "age", "channel"}


def test_no_drift_between_two_draws():
    found = drift(PAYMENTS, payments(seed=5), FACTS)
    assert all("stable" in verdict for verdict in found["verdicts"].values())
    assert abs(found["two_sample"]["auc"] - 0.5) < 0.05


def test_missing_values_are_drift_too_and_few_positives_are_not_looked_at():
    now = payments(seed=2).assign(amount=np.nan)
    now = now[(now["fraud"] == 0) | (now.index < 60)]
    found = drift(PAYMENTS, now, FACTS)
    assert found["columns"]["amount"]["missing"][1] == 1
    assert "strong drift" in found["verdicts"]["amount"]
    assert found["positives"] is None


def test_oversampling_marks_what_is_made():
    def draw(count, label, seed):
        rows = PAYMENTS[PAYMENTS["fraud"] == label]
        return rows.sample(count, replace=True, random_state=seed)

    found = oversample(PAYMENTS, draw, "fraud", 1, 0.5, 0)
    others = (PAYMENTS["fraud"] == 0).sum()
    assert (found["fraud"] == 1).sum() == round(0.5 * others)
    pd.testing.assert_frame_equal(found[~found["synthetic"]].drop(columns="synthetic"), PAYMENTS)
    assert (found.loc[found["synthetic"], "fraud"] == 1).all()
    assert found.dtypes.drop("synthetic").equals(PAYMENTS.dtypes)
    with pytest.raises(UsageError, match="has a column 'synthetic'"):
        oversample(found, draw, "fraud", 1, 2, 0)
    with pytest.raises(UsageError, match="already"):
        oversample(PAYMENTS, draw, "fraud", 1, 0.01, 0)
    with pytest.raises(RunError, match="not fraud=1"):
        oversample(PAYMENTS, lambda n, label, seed: draw(n, 0, seed), "fraud", 1, 0.5, 0)


def test_a_tail_is_not_one_record_over_and_over():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"amount": draw.lognormal(3, 1, 2_000).round(2), "fraud": np.arange(2_000) % 30 == 0}
    )
    facts = TableFacts(target="fraud", positive=True, numeric=("amount",), discrete=("fraud",))
    known = Marginals.of(frame, facts)
    made = plan(rate=0.1, tail={"amount": [0.99, 1.0]}).conditions(5_000, 0, known)["amount"]
    assert made.value_counts(normalize=True).iloc[0] < 0.05
    assert frame["amount"].sort_values().iloc[-5] >= made.max() > made.min() >= frame["amount"].quantile(0.98)
