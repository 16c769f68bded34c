"""The report of a synthetic table, written and read back."""

import re

import numpy as np
import pandas as pd
import pytest

from ganworks_tabular.evaluation import TableFacts, evaluate_table
from ganworks_tabular.report import Usage, write_report
from ganworks_tabular.report_fidelity import QUALITY_NOTE

FACTS = TableFacts(
    target="fraud",
    positive=1,
    numeric=("amount", "balance", "hour"),
    discrete=("country", "fraud"),
    sensitive="country",
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


TRAIN, HELDOUT, MADE = transfers(400, 0), transfers(300, 1), transfers(400, 2)
SCHEMA = [{"Column": name, "Kind": "number", "Found": "<b>atoms</b>"} for name in TRAIN]
USAGE = [Usage("From Python:", "table = synthesizer.sample(1_000)", "python")]


@pytest.fixture(scope="module")
def metrics():
    def redraw(count, label, seed):
        return transfers(count * 12 + 200, 10_000 + seed).query("fraud == @label").head(count)

    return evaluate_table(FACTS, TRAIN, HELDOUT, MADE, redraw, seeds=2)


def written(folder, metrics, **changed):
    made = changed.pop("synthetic", MADE)
    path = write_report(
        folder / "report.html", "Card <fraud>", FACTS, metrics, TRAIN, made, SCHEMA, USAGE, **changed
    )
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(metrics, tmp_path_factory):
    return written(tmp_path_factory.mktemp("page"), metrics, notes=["3 rows were dropped"])


def test_the_page_holds_every_section(page):
    titles = ["What was read", "Sample", "Fidelity", "Two-sample test and coverage", "Utility", "Privacy"]
    for title in [*titles, "Fairness", "How to use it"]:
        assert re.search(f"<h2[^>]*>{title}", page), title
    assert "3 rows were dropped" in page
    assert "table = synthesizer.sample(1_000)" in page
    assert "Card &lt;fraud&gt;" in page
    assert "<b>atoms" not in page
    assert page.count("<svg") >= 8
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL).lower().split()


def test_quality_never_stands_alone(page):
    for label in (
        "Quality (held-out",
        "Two-sample AUC",
        "Coverage of positives",
        "Average precision, trained on",
    ):
        assert label in page
    assert QUALITY_NOTE in page
    assert "No gain over training on real rows is promised" in page
    assert "Privacy tests: pass" in page


def test_the_figures_are_those_of_the_metrics(page, metrics):
    assert f"{metrics['two_sample']['auc']:.3f} ±" in page
    assert f"{metrics['fidelity']['ceiling']['quality']:.2f})" in page
    assert f">{metrics['privacy']['all']['membership_auc']:.3f}<" in page
    assert f"{metrics['utility']['positives']['heldout']}</" in page


def test_parts_that_were_not_measured_are_left_out(tmp_path, metrics):
    page = written(tmp_path, {k: v for k, v in metrics.items() if k not in ("utility", "fairness")})
    assert not re.search("<h2[^>]*>(Utility|Fairness)", page)
    assert "Average precision, trained" not in page


def test_a_skipped_utility_says_why(tmp_path, metrics):
    page = written(tmp_path, metrics | {"utility": {"skipped": "fewer than 5 positive rows"}})
    assert "Not measured: fewer than 5 positive rows." in page


def test_a_failed_privacy_test_is_told_with_its_reasons(tmp_path, metrics):
    failed = metrics["privacy"] | {"verdict": "fail", "reasons": ["5 % of the rows equal a training row"]}
    page = written(tmp_path, metrics | {"privacy": failed})
    assert "Privacy tests: fail" in page
    assert "5 % of the rows equal a training row" in page


def test_sample_rows_are_rows_of_the_table_of_both_classes(tmp_path, metrics):
    made = MADE.assign(country=[f"place{i}" for i in range(len(MADE))])
    made.loc[:, "hour"] = np.nan
    page = written(tmp_path, metrics, synthetic=made)
    first = made[made.fraud == 1].country.iloc[0], made[made.fraud == 0].country.iloc[0]
    body = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert all(f">{place}<" in body for place in first)


def test_equal_input_gives_the_same_page(tmp_path, metrics, page):
    assert written(tmp_path, metrics, notes=["3 rows were dropped"]) == page
