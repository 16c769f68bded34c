"""Privacy tests: planted copies are found, fresh rows pass, small tables are not over-read."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ganworks_tabular.evaluation import TableFacts, privacy
from ganworks_tabular.evaluation.uncertainty import auc_error, paired_interval

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


TRAIN, HELDOUT = transfers(1_500, 0), transfers(1_000, 1)


def judged(synthetic, train=TRAIN, heldout=HELDOUT):
    return privacy(FACTS, train, heldout, synthetic, synthetic[synthetic.fraud == 1])


def test_fresh_rows_pass():
    found = judged(transfers(1_500, 2))
    assert found["verdict"] == "pass"
    assert found["reasons"] == []
    assert found["all"]["exact"] == 0
    assert found["all"]["below_p5"] == pytest.approx(0.05, abs=0.03)
    assert found["all"]["membership_auc"] == pytest.approx(0.5, abs=0.04)
    assert found["all"]["nearer_train"] == pytest.approx(0.5, abs=0.05)
    assert found["all"]["median_ratio"] == pytest.approx(1, abs=0.1)


def test_a_bootstrap_of_the_training_table_fails():
    found = judged(TRAIN.sample(1_500, replace=True, random_state=0))
    assert found["verdict"] == "fail"
    assert found["all"]["exact"] == found["positives"]["exact"] == 1
    assert found["all"]["exact_heldout"] == 0
    assert found["all"]["median_ratio"] == 0
    assert found["all"]["membership_auc"] > 0.75
    assert any("equal a training row" in reason for reason in found["reasons"])
    assert any(reason.startswith("positives: ") for reason in found["reasons"])


def test_slightly_shaken_copies_fail_though_none_is_exact():
    draw = np.random.default_rng(0)
    shaken = TRAIN.copy()
    for column in FACTS.numeric:
        shaken[column] *= draw.normal(1, 1e-4, len(shaken))
    found = judged(shaken)
    assert found["all"]["exact"] == 0
    assert found["all"]["below_p5"] > 0.8
    assert found["verdict"] == "fail"


def test_copied_positives_among_fresh_rows_are_found():
    """One in eight rows is copied: small in the whole table, all of the class that matters."""
    fresh = transfers(1_500, 2)
    copied = pd.concat([fresh[fresh.fraud == 0], TRAIN[TRAIN.fraud == 1]], ignore_index=True)
    found = judged(copied)
    assert found["positives"]["exact"] == 1
    assert found["verdict"] == "fail"


def test_copies_that_held_out_rows_have_too_are_no_finding():
    """A table of few categories repeats itself: what matters is more copies than the hold-out has."""
    coarse = [
        transfers(rows, seed).assign(
            amount=lambda t: t.amount.clip(upper=40).round(-1), balance=0.0, hour=lambda t: (t.hour > 8) * 1.0
        )
        for rows, seed in ((1_500, 0), (1_000, 1), (1_500, 2))
    ]
    found = judged(coarse[2], *coarse[:2])
    assert found["all"]["exact"] > 0.9
    assert found["all"]["exact_heldout"] > 0.9
    assert found["all"]["median_ratio"] is None
    assert found["verdict"] == "pass"


def test_few_positives_are_not_judged():
    few = HELDOUT[(HELDOUT.fraud == 0) | (HELDOUT.index < 80)]
    assert 5 < few.fraud.sum() < 20
    found = judged(transfers(1_500, 2), heldout=few)
    assert found["verdict"] == "warn"
    assert "not judged" in found["reasons"][0]
    assert found["positives"]["confidence"] == "low"
    assert "membership_auc" not in found["positives"]


def test_a_table_without_synthetic_positives_is_judged():
    found = judged(transfers(1_500, 2).query("fraud == 0"))
    assert found["positives"]["rows"]["synthetic"] == 0
    assert found["verdict"] == "warn"


def test_distances_are_given_to_draw():
    found = judged(transfers(1_500, 2))["all"]["distances"]
    assert found["heldout"] == sorted(found["heldout"])
    assert len(found["synthetic"]) == 201


@given(st.integers(5, 200), st.integers(5, 200), st.floats(0, 1))
def test_the_error_of_an_auc_shrinks_with_rows(n, m, auc):
    assert auc_error(auc, 4 * n, 4 * m) <= auc_error(auc, n, m) + 1e-12


def test_the_error_of_an_auc_is_what_repetition_shows():
    draw = np.random.default_rng(0)
    y = np.arange(90) < 40
    found = [roc_auc_score(y, draw.normal(size=90) + 0.8 * y) for _ in range(600)]
    assert auc_error(float(np.mean(found)), 40, 50) == pytest.approx(np.std(found), rel=0.15)


def test_paired_interval_by_hand():
    mean, low, high = paired_interval([0.0, 2.0])
    assert (mean, high - mean) == pytest.approx((1.0, 12.706), abs=1e-3)
    assert paired_interval([1.0])[1] == -np.inf
    assert low < 0
