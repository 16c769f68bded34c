"""The whole evaluation, on tables whose answers are known beforehand."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ganworks.errors import DataError
from ganworks_tabular.embedded import POSITIVE, TARGET, lending_club
from ganworks_tabular.evaluation import (
    TableFacts,
    coverage,
    evaluate_table,
    fairness,
    two_sample_test,
)
from ganworks_tabular.evaluation.fairness import groups

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


def redraw(count, label, seed):
    """A perfect generator of one class."""
    return transfers(count * 12 + 200, 10_000 + seed).query("fraud == @label").head(count)


TRAIN, HELDOUT, FRESH = transfers(900, 0), transfers(700, 1), transfers(900, 2)


def test_everything_is_assembled_for_a_perfect_generator():
    facts = replace(FACTS, sensitive="country")
    told = []
    found = evaluate_table(facts, TRAIN, HELDOUT, FRESH, redraw, seeds=1, progress=told.append)
    assert set(found) >= {"fidelity", "two_sample", "coverage", "privacy", "utility", "fairness", "limits"}
    json.dumps(found, allow_nan=False)
    assert found["fidelity"]["quality"] > found["fidelity"]["floor"]["quality"]
    assert abs(found["two_sample"]["auc"] - 0.5) < 5 * found["two_sample"]["se"]
    assert found["coverage"]["all"]["coverage"] > 0.93
    assert found["coverage"]["positives"]["coverage"] > 0.85
    assert found["privacy"]["verdict"] == "pass"
    assert found["rows"] == {"train": 900, "heldout": 700, "synthetic": 900}
    assert told[0] == "fidelity"
    assert any("seed 1 of 1" in line for line in told)


def test_equal_input_gives_equal_figures():
    tables = [table.head(200) for table in (TRAIN, HELDOUT, FRESH)]
    first, second = (evaluate_table(FACTS, *tables, redraw, utility=False) for _ in range(2))
    assert first == second
    assert "utility" not in first
    assert "fairness" not in first


def test_independent_columns_are_told_apart_and_do_not_cover():
    table = independent(TRAIN, 5)
    found = two_sample_test(FACTS, HELDOUT, table)
    assert found["auc"] > 0.85
    assert len(found["telltales"]) == 5
    reached = coverage(FACTS, TRAIN, HELDOUT, table, table[table.fraud == 1])
    assert reached["all"]["coverage"] < reached["all"]["ceiling"]["coverage"] - 0.2
    assert reached["positives"]["coverage"] < reached["positives"]["ceiling"]["coverage"] - 0.3


def test_the_column_that_gives_a_table_away_is_named_first():
    table = FRESH.assign(hour=FRESH.hour.round())
    assert two_sample_test(FACTS, HELDOUT, table)["telltales"][0]["column"] == "hour"


@pytest.mark.parametrize("copies", [1, 5])
def test_held_out_rows_as_synthetic_rows_are_at_chance(copies):
    """Twins of a row never help to tell it, however often it is repeated."""
    table = pd.concat([HELDOUT] * copies, ignore_index=True)
    found = two_sample_test(FACTS, HELDOUT, table, explain=False)
    assert abs(found["auc"] - 0.5) < 0.06


def test_a_table_of_equal_rows_is_evaluated():
    """Nothing can be learnt where every row is the same one."""
    same = HELDOUT.head(1).loc[[0] * 50]
    assert two_sample_test(FACTS, same, same)["auc"] == 0.5


def test_coverage_of_too_few_positives_is_not_given():
    few = HELDOUT[(HELDOUT.fraud == 0) | (HELDOUT.index < 20)]
    assert few.fraud.sum() < 6
    found = coverage(FACTS, TRAIN, few, FRESH, FRESH[FRESH.fraud == 1])
    assert found["positives"]["coverage"] is None
    assert found["all"]["coverage"] > 0.9


def test_a_missing_column_and_a_tiny_table_are_named():
    with pytest.raises(DataError, match="synthetic table: there is no column 'amount'"):
        evaluate_table(FACTS, TRAIN, HELDOUT, FRESH.rename(columns={"amount": "amout"}), redraw)
    with pytest.raises(DataError, match="held-out table: 7 rows"):
        evaluate_table(FACTS, TRAIN, HELDOUT.head(7), FRESH, redraw)


def test_real_loans_with_categories_and_gaps():
    loans = lending_club().sample(1_600, random_state=0)
    loans.loc[loans.index[::7], "annual_inc"] = np.nan
    loans.loc[loans.index[::9], "emp_length"] = None
    facts = TableFacts(
        target=TARGET,
        positive=POSITIVE,
        numeric=("funded_amnt", "annual_inc", "revol_util"),
        discrete=("term", "emp_length", "addr_state", TARGET),
        sensitive="annual_inc",
    )
    train, heldout, fresh = loans[:700], loans[700:1_100], loans[1_100:]
    bad = loans[loans[TARGET] == POSITIVE]
    found = evaluate_table(
        facts,
        train,
        heldout,
        fresh,
        lambda n, _, seed: bad.sample(n, replace=True, random_state=seed),
        utility=False,
    )
    json.dumps(found, allow_nan=False)
    shares = {block["column"]: block["missing_train"] for block in found["fidelity"]["columns"]}
    assert shares["annual_inc"] == pytest.approx(1 / 7, abs=0.01)
    assert shares["emp_length"] == pytest.approx(1 / 9, abs=0.01)
    assert found["fairness"]["groups"][-1]["group"] == "missing"
    assert sum(block["train"]["rows"] for block in found["fairness"]["groups"]) == 700


def test_fairness_sees_a_bias_that_the_table_adds():
    """Group B is positive more often in the synthetic table only, with nothing else to tell it by."""
    draw = np.random.default_rng(0)
    facts = TableFacts(target="y", positive="yes", numeric=("x",), discrete=("group", "y"), sensitive="group")

    def people(bias):
        group, x = draw.choice(["A", "B"], 3_000), draw.normal(size=3_000)
        score = x + bias * (group == "B") + draw.normal(size=3_000)
        return pd.DataFrame({"x": x, "group": group, "y": np.where(score > 1, "yes", "no")})

    found = fairness(facts, people(0), people(0), people(2))
    real, made = (found["classifiers"][name] for name in ("real", "synthetic"))
    assert real["demographic_parity_difference"] < 0.1
    assert made["demographic_parity_difference"] > 0.3
    assert made["equalised_odds_difference"] > real["equalised_odds_difference"] + 0.2
    rates = {block["group"]: block["synthetic"]["positive_rate"] for block in found["groups"]}
    assert rates["B"] > rates["A"] + 0.3


def test_groups_of_numbers_are_quarters_and_rare_categories_are_joined():
    facts = TableFacts(target="y", positive=1, numeric=("age",), discrete=("city", "y"))
    table = pd.DataFrame({"age": range(100), "city": [f"c{i % 25}" for i in range(100)], "y": 1})
    names, (members,) = groups(facts, "age", table)
    assert len(names) == 4
    assert np.bincount(members).tolist() == [25] * 4
    names, (members,) = groups(facts, "city", table)
    assert names[-1] == "others"
    assert np.bincount(members).tolist() == [4] * 9 + [64]


def test_facts_must_fit():
    with pytest.raises(ValueError, match="target"):
        TableFacts(target="y", positive=1, numeric=("y",), discrete=("a",))
    with pytest.raises(ValueError, match="sensitive"):
        TableFacts(target="y", positive=1, numeric=(), discrete=("y",), sensitive="z")
