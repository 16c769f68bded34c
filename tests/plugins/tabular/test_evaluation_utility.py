"""What classifiers gain: arms, cuts, and answers known beforehand."""

import json
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from ganworks_tabular.evaluation import TableFacts, utility
from ganworks_tabular.evaluation.arms import arms, smote
from ganworks_tabular.evaluation.classifiers import Kind, features, fit, scores
from ganworks_tabular.evaluation.coding import code

FACTS = TableFacts(
    target="fraud", positive=1, numeric=("amount", "balance", "hour"), discrete=("country", "fraud")
)


def transfers(rows, seed):
    """Transfers whose columns depend on each other; one in eight is a fraud."""
    draw = np.random.default_rng(seed)
    fraud = draw.random(rows) < 0.125
    amount = draw.lognormal(3 + fraud, 1.0)
    balance = amount * draw.lognormal(1 - fraud, 0.3)
    hour = np.where(fraud, draw.normal(3, 1, rows), draw.normal(14, 3, rows))
    country = np.where(hour < 8, draw.choice(["LV", "CY"], rows), draw.choice(["DE", "FR"], rows))
    return pd.DataFrame(
        {"amount": amount, "balance": balance, "hour": hour, "country": country, "fraud": fraud.astype(int)}
    )


def independent(table, seed):
    return pd.DataFrame(
        {c: table[c].sample(frac=1, random_state=seed + i).to_numpy() for i, c in enumerate(table)}
    )


ARMS = {
    "real", "class_weights", "oversampling_x2", "oversampling_balance",
    "smote_x2", "smote_balance", "augmented_x2", "augmented_balance", "synthetic",
}  # fmt: skip
TRAIN, HELDOUT = transfers(700, 0), transfers(600, 1)


def redraw(count, label, seed):
    return transfers(count * 12 + 200, 10_000 + seed).query("fraud == @label").head(count)


def precision(found, kind, arm):
    return found["classifiers"][kind]["arms"][arm]["average_precision"]["mean"]


def test_fresh_rows_train_as_well_as_real_ones():
    found = utility(FACTS, TRAIN, HELDOUT, transfers(700, 2), redraw, seeds=2)
    json.dumps(found, allow_nan=False)
    for kind in map(str, Kind):
        assert set(found["classifiers"][kind]["arms"]) == ARMS
        assert set(found["classifiers"][kind]["gain"]) == ARMS - {"real"}
        real = precision(found, kind, "real")
        assert real > 0.9
        assert precision(found, kind, "synthetic") == pytest.approx(real, abs=0.05)
        gain = found["classifiers"][kind]["gain"]["augmented_x2"]
        assert gain["low"] <= gain["mean"] <= gain["high"]
    assert found["positives"]["heldout"] == HELDOUT.fraud.sum()
    recall = [point[0] for point in found["precision_recall"]["real"]]
    assert recall == sorted(recall)


def test_a_table_of_independent_columns_teaches_nothing():
    found = utility(FACTS, TRAIN, HELDOUT, independent(TRAIN, 3), redraw, seeds=1)
    assert precision(found, "HistGradientBoosting", "synthetic") < 0.5
    assert found["classifiers"]["LogisticRegression"]["gain"]["synthetic"]["low"] is None  # a single seed


def test_a_table_of_one_class_only_is_a_guess():
    found = utility(FACTS, TRAIN, HELDOUT, TRAIN[TRAIN.fraud == 0], redraw, seeds=1)
    assert precision(found, "HistGradientBoosting", "synthetic") == pytest.approx(found["prevalence"])


def test_too_few_positives_are_not_measured():
    few = HELDOUT[(HELDOUT.fraud == 0) | (HELDOUT.index < 20)]
    assert "positive rows" in utility(FACTS, TRAIN, few, TRAIN, redraw)["skipped"]


def test_large_tables_lose_negatives_only(monkeypatch):
    monkeypatch.setattr(sys.modules[utility.__module__], "MOST_ROWS", 300)  # the function hides its module
    found = utility(FACTS, TRAIN, HELDOUT, transfers(700, 2), redraw, seeds=1)
    assert found["rows"]["train"] == 300
    assert found["positives"]["train"] == TRAIN.fraud.sum()


def coded_features():
    (table,) = code(FACTS, TRAIN)
    return features(table, FACTS.discrete.index("fraud")), table.positive


def test_the_arms_have_the_promised_sizes():
    x, y = coded_features()
    made = np.full((len(x), x.shape[1]), 7.0)
    found = {arm.name: arm for arm in arms(x, y, len(FACTS.numeric), lambda n: made[:n], 0)}
    assert set(found) == ARMS - {"synthetic"}
    for source in ("oversampling", "smote", "augmented"):
        assert found[f"{source}_x2"].y.sum() == 2 * y.sum()
        assert found[f"{source}_balance"].y.mean() == 0.5
    assert found["class_weights"].balanced
    assert (found["augmented_x2"].x[len(x) :] == 7).all()
    assert np.isin(found["oversampling_x2"].x[len(x) :, 0], x[y][:, 0]).all()


def test_smote_goes_between_positives_and_keeps_categories():
    x, y = coded_features()
    x[3, 0] = np.nan
    more = smote(x, y, len(FACTS.numeric), 50, 0)
    assert more.shape == (50, x.shape[1])
    low, high = np.nanmin(x[y], 0), np.nanmax(x[y], 0)
    assert (more >= low - 1e-9).all()
    assert (more <= high + 1e-9).all()
    assert np.isin(more[:, -1], x[:, -1]).all()
    assert not np.isin(more[:, 1], x[:, 1]).all()


@pytest.mark.parametrize("numeric", [0, 4])
def test_smote_without_numbers_or_without_categories(numeric):
    draw = np.random.default_rng(0)
    x, y = draw.integers(0, 3, (80, 4)).astype(float), np.arange(80) < 12
    assert smote(x, y, numeric, 9, 0).shape == (9, 4)


@pytest.mark.parametrize("kind", list(Kind))
def test_classifiers_bear_gaps_new_categories_and_many_levels(kind):
    facts = TableFacts(target="y", positive=1, numeric=("a",), discrete=("c", "y"))
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"a": draw.normal(size=900), "c": [f"c{i % 400}" for i in range(900)]})
    table["y"] = (table.a > 0).astype(int)
    table.loc[::5, "a"] = np.nan
    seen, unseen = code(facts, table[:600], table[600:].assign(c="new"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fit(kind, features(seen, 1), seen.positive, 1, seed=0)
        score = scores(model, features(unseen, 1))
    assert np.isfinite(score).all()
    known = np.isfinite(unseen.numbers[:, 0])
    assert ((score > 0.5) == unseen.positive)[known].mean() > 0.9
