"""`--epsilon` from the table to the card: what is paid, what is drawn once, what never comes out."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from ganworks.errors import RunError, UsageError
from ganworks.registry import discover
from ganworks.session import Session
from ganworks.training.private import epsilon_of
from ganworks_cli.main import main
from ganworks_tabular.codec import TableCodec
from ganworks_tabular.columns.statistics import CategoryCounts, NumberCounts
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.options import Options
from ganworks_tabular.private_columns import PrivateColumns, known_columns
from ganworks_tabular.schema_file import read_corrections
from ganworks_tabular.study import TableStudy
from ganworks_tabular.synthesizer import Synthesizer
from ganworks_tabular.table import read_table, write_table

ROWS, STEPS, BATCH, LARGEST = 1200, 60, 64, 98_765.43
SMALL = {"batch": BATCH, "width": 16, "depth": 1, "latent": 8}
COLUMNS = {
    "amount": {"low": 0, "high": 1000, "decimals": 2, "log": True, "special": [0.0]},
    "age": {"low": 18, "high": 90, "missing": True},
    "shop": {"values": ["web", "till", "app"], "missing": True},
}
SCHEMA = """
[columns.amount]
low = 0
high = 1000
decimals = 2
log = true
special = [0.0]

[columns.age]
low = 18
high = 90
missing = true

[columns.shop]
values = ["web", "till", "app"]
missing = true
"""


def payments(rows=ROWS):
    """Among them one enormous amount, a shop that is not listed, and a city of a single row."""
    draw = np.random.default_rng(5)
    fraud = np.arange(rows) % 10 == 3
    amount = np.where(draw.random(rows) < 0.3, 0.0, np.round(draw.lognormal(3 + fraud, 0.7, rows), 2))
    city = np.where(fraud, "Rome", draw.choice(["Rome", "Oslo"], rows)).astype(object)
    shop = draw.choice(["web", "till", "app"], rows).astype(object)
    amount[7], city[8], shop[9] = LARGEST, "Atlantis", "hidden"
    frame = pd.DataFrame(
        {
            "payment": [f"CUST-{1000 + number}" for number in range(rows)],
            "amount": amount,
            "age": pd.array(draw.integers(18, 90, rows), dtype="Int64"),
            "shop": shop,
            "city": pd.Categorical(city, ["Atlantis", "Rome", "Oslo"]),
            "currency": "EUR",
            "Class": fraud.astype(int),
        }
    )
    frame.loc[::7, "age"], frame.loc[::11, "shop"] = pd.NA, None
    return frame


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("private")
    write_table(payments(), folder / "payments.parquet")
    (folder / "schema.toml").write_text(SCHEMA, encoding="utf-8")
    return {"data": folder / "payments.parquet", "table_schema": folder / "schema.toml"}


@pytest.fixture(scope="module")
def begin(create, inputs):
    def begin(folder, **options):
        private = {"epsilon": 3.0, "delta": 1e-4, "steps": STEPS, "recipe_options": SMALL}
        wanted = {**inputs, **private, **options}
        return create(wanted.pop("data"), folder, **wanted)

    return begin


@pytest.fixture(scope="module")
def run(begin, tmp_path_factory):
    made = begin(tmp_path_factory.mktemp("runs") / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "export", lambda: None)  # takes most of the time and pays for nothing
        made.run()
    return made


# what is paid
def test_the_card_says_what_the_real_steps_cost(run):
    recipe = run.recipe()
    critic = recipe.stages[0].phases[0]
    rows = len(run.pipeline.study.parts["train"])
    card = run.run_folder.metrics()["differential_privacy"]
    assert run.pipeline.deployable(run.sampler(), "app").card["differential_privacy"] == card
    statistics, training = card["spends"]
    assert run.run_folder.metrics()["training"]["steps"] == STEPS
    cost = epsilon_of(
        critic.optimizer.noise, training["delta"], recipe.draw.rate(rows), STEPS * critic.repeat
    )
    assert training["epsilon"] == pytest.approx(cost, rel=1e-9)
    assert statistics["epsilon"] == pytest.approx(0.6)
    assert 2.9 < statistics["epsilon"] + training["epsilon"] <= card["epsilon"] == 3
    assert statistics["delta"] + training["delta"] == pytest.approx(card["delta"])
    assert recipe.name == "tabular-private"
    assert (recipe.draw.rows, recipe.draw.secure, critic.optimizer.secure) == (rows, True, True)


def test_the_last_generator_is_kept_and_nothing_is_put_right(run):
    scores = [event["score"] for event in run.run_folder.events() if event["event"] == "validation"]
    assert scores
    assert not any(score == score for score in scores if score is not None)
    curves = run.sampler().generator.marginals.curves
    assert (curves == curves[0, 0]).all()  # straight


# what never comes out
def test_no_extreme_rare_value_or_key_comes_out(run):
    made = read_table(run.run_folder.samples / "synthetic.parquet")
    real = payments()
    assert (made.dtypes == real.dtypes.where(real.columns != "city", made.dtypes)).all()
    assert list(made["city"].cat.categories) == ["Rome", "Oslo"]
    assert set(made["shop"].dropna()) <= {"web", "till", "app"}
    assert 0 <= made["amount"].min() <= made["amount"].max() <= 1000
    assert made["age"].dropna().between(18, 90).all()
    assert made["payment"].tolist()[:2] == ["payment-1", "payment-2"]
    assert made["currency"].eq("EUR").all()
    stored = json.dumps(run.pipeline.study.preparation.as_dict())
    for secret in (str(LARGEST), "Atlantis", "hidden", "CUST", "missing in", f"{ROWS} values"):
        assert secret not in stored


class FixedStatistics:
    """Answers that no row has a part in."""

    def numbers(self, name, values):
        return NumberCounts(np.arange(50.0), np.full(50, 20), 9)

    def categories(self, name, series):
        return CategoryCounts([0, 1] if name == "Class" else ["Rome", "till"], np.array([900, 100]), 0)


def test_of_rows_nothing_but_their_private_statistics_is_learnt():
    """Two tables that have no more in common than the schema give one codec."""
    first, second = payments(), payments(500).iloc[::-1].reset_index(drop=True)
    second["amount"] = second["amount"] * 17 + 3.123456
    second["age"], second["shop"], second["payment"] = 40, "kiosk", [f"{i:09x}" for i in range(500)]
    second["city"] = pd.Categorical(np.where(second["Class"], "Bonn", "Kyiv"))
    corrections = {"columns": {"age": {"kind": "number"}, "shop": {"kind": "category"}}, "keys": ["payment"]}
    schema = infer_schema(first, "Class", corrections=corrections)
    known = known_columns(first, schema, COLUMNS)
    private = PrivateColumns(FixedStatistics(), known)
    learnt = [TableCodec.fit(frame, schema, private=private).as_dict() for frame in (first, second)]
    assert learnt[0] == learnt[1]


def test_classes_come_at_their_private_rates(run):
    study = run.pipeline.study
    target = study.preparation.codec["Class"]
    assert run.pipeline.drawer(run.sampler()).model.rates == tuple(target.shares)
    exact = study.parts["train"]["Class"].mean()
    assert target.shares[1] == pytest.approx(exact, abs=0.1)  # the noise is that of 14 rows


def test_the_card_does_not_tell_the_rows_and_the_page_says_what_is_not_covered(run):
    card = run.pipeline.card()
    assert run.pipeline.study.fingerprint not in json.dumps(card)
    page = (run.run_folder.folder / "report.html").read_text(encoding="utf-8")
    assert "come from real rows and are not covered" in page


def test_a_scenario_would_read_exact_quantiles(run, tmp_path, capsys):
    (tmp_path / "some.toml").write_text("rate = 0.1\n", encoding="utf-8")
    words = ["table", "scenario", str(run.run_folder.folder), str(tmp_path / "some.toml")]
    assert main([*words, "--out", str(tmp_path / "rows.csv")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "which the run's --epsilon does not cover" in line


# once
def test_statistics_are_drawn_once_over_a_resume(begin, tmp_path):
    first = begin(tmp_path / "run")
    first.data()
    drawn = first.pipeline.study.preparation.as_dict()
    again = Session.open(tmp_path / "run", discover(third_party=False))
    again._fit()
    assert again.pipeline.study.preparation.as_dict() == drawn
    assert again.recipe().stages[0].phases[0].optimizer.noise == drawn["private"]["noise"]
    other = begin(tmp_path / "other")
    assert other.pipeline.study.preparation.as_dict()["codec"] != drawn["codec"]


def test_without_its_cache_a_private_run_ends(begin, tmp_path):
    begin(tmp_path / "run").data()
    shutil.rmtree(tmp_path / "run" / "cache")
    again = Session.open(tmp_path / "run", discover(third_party=False))
    with pytest.raises(RunError, match="drawn once"):
        again.data()


def test_a_budget_is_not_used_for_other_steps(run):
    plan = run.pipeline.study.preparation.private
    with pytest.raises(RunError, match="another value of 'steps'"):
        plan.recipe_options({}, STEPS + 1)
    with pytest.raises(RunError, match="another value of 'batch'"):
        plan.recipe_options({"batch": BATCH + 1}, STEPS)


# from Python
def test_a_private_synthesizer_is_saved_with_what_was_paid(tmp_path):
    corrections = {"columns": COLUMNS, "keys": ["payment"]}
    options = {"steps": 12, "threads": 1, "device": "cpu", "progress": False, "secure": False, **SMALL}
    made = [
        Synthesizer(epsilon=8, delta=1e-4, **options).fit(payments(), "Class", corrections=corrections)
        for _ in range(2)
    ]
    rows = [one.sample(300, seed=3) for one in made]
    pd.testing.assert_frame_equal(*rows)  # secure = false: the seed decides all noise
    made[0].save(tmp_path)
    loaded = Synthesizer.load(tmp_path)
    pd.testing.assert_frame_equal(loaded.sample(300, seed=3), rows[0])
    plan = loaded.drawer.preparation.private
    assert plan == made[0].drawer.preparation.private
    assert plan.budget["epsilon"] == 8
    assert plan.rows == ROWS
    assert rows[0]["amount"].max() <= 1000


# refusals
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epsilon": 3, "minutes": 1}, "give --steps instead of --minutes"),
        ({"epsilon": 3, "recipe": "ctgan"}, "leave out --recipe"),
        ({"epsilon": 3, "start_from": "other"}, "leave out --start-from"),
        ({"recipe": "tabular-private"}, "protects nothing without a budget"),
    ],
)
def test_options_that_do_not_go_with_a_budget(options, said):
    with pytest.raises(ValidationError, match=said):
        Options(**options)


@pytest.mark.parametrize(
    ("options", "schema", "said"),
    [
        ({}, "", r'under \[columns."amount"\] the lines low = 0 .* needed for amount, age$'),
        ({}, SCHEMA.replace("low = 0\n", "low = 1000\n"), "columns.amount: bounds must be finite with low"),
        ({}, SCHEMA.replace("missing = true\n\n[columns.shop]", "\n[columns.shop]"), "'age' has missing"),
        ({}, SCHEMA + "[columns.city]\nlow = 0\nhigh = 1\n", "columns.city is a category: it has no 'low'"),
        ({}, '[[constraints]]\nkind = "range"\ncolumn = "amount"\nlow = -1\n' + SCHEMA, "constraints are"),
        ({"delta": 0.01}, SCHEMA, "--delta 0.01 must be less than one over the 840 training rows"),
        ({"recipe_options": {"batch": 5000}}, SCHEMA, "batch = 5000 must lie between 1 and the 840"),
        ({"recipe_options": {"noise": 0.1}}, SCHEMA, "--epsilon decides the recipe's option 'noise'"),
    ],
)
def test_what_cannot_be_learnt_privately_is_said_in_a_line(inputs, tmp_path, options, schema, said):
    (tmp_path / "schema.toml").write_text(schema, encoding="utf-8")
    wanted = {**inputs, "table_schema": tmp_path / "schema.toml", "epsilon": 3, "delta": 1e-4, **options}
    with pytest.raises(UsageError, match=said) as caught:
        TableStudy.read(Options(**wanted))
    assert "\n" not in str(caught.value)


def test_dates_are_refused_by_name():
    frame = payments(200).assign(when=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(200) // 2, "D"))
    with pytest.raises(UsageError, match="leave out when"):
        known_columns(frame, infer_schema(frame, "Class"), COLUMNS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("low = 'a'", "columns.amount.low is 'a': give a number"),
        ("low = inf", "columns.amount.low is inf: give a number"),
        ("log = 1", "columns.amount.log is 1: give true or false"),
        ("decimals = 9", "give a whole number from 0 to 6"),
        ("special = 0", "special is a list of numbers"),
        ("values = []", "values is a list of all values"),
        ("values = [1]\nlow = 0", "keep one"),
        ("lowest = 0", r"unknown entry 'lowest' \(did you mean 'low'\?\)"),
    ],
)
def test_entries_of_a_schema_file_are_checked(tmp_path, text, said):
    path = tmp_path / "schema.toml"
    path.write_text(f"[columns.amount]\n{text}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_corrections(path, ["amount"])


def test_bounds_change_nothing_without_a_budget():
    frame = payments(300).drop(columns="city")
    with_bounds = infer_schema(frame, "Class", corrections={"columns": COLUMNS})
    assert with_bounds == infer_schema(frame, "Class")
    assert TableCodec.fit(frame, with_bounds).as_dict()["keys"][0]["prefix"].startswith("CUST-")
