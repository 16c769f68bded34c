"""From Python: a table in, rows out; saved and read back; with rules that every row keeps."""

import numpy as np
import pandas as pd
import pytest

from ganworks.errors import DataError, RunError, UsageError
from ganworks_tabular.conditions import Between
from ganworks_tabular.synthesizer import ABOUT, WEIGHTS, Synthesizer
from ganworks_tabular.table import write_table

SMALL = {"threads": 1, "device": "cpu", "progress": False, "batch": 64, "width": 32, "depth": 1, "latent": 16}


def test_equal_seeds_train_to_equal_rows(table):
    made = [
        Synthesizer(steps=3, seed=4, **SMALL).fit(table, target="Class").sample(50, seed=1) for _ in range(2)
    ]
    pd.testing.assert_frame_equal(*made)


def test_saved_and_read_back_it_draws_the_same_rows(synthesizer, tmp_path):
    synthesizer.save(tmp_path / "saved")
    assert {path.name for path in (tmp_path / "saved").iterdir()} == {ABOUT, WEIGHTS}
    again = Synthesizer.load(tmp_path / "saved")
    where = {"Class": 1, "amount": Between(10, 60)}
    pd.testing.assert_frame_equal(again.sample(300, seed=2), synthesizer.sample(300, seed=2))
    pd.testing.assert_frame_equal(again.sample(99, where=where), synthesizer.sample(99, where=where))


@pytest.mark.parametrize("harm", ["gone", "cut", "other", "weights"])
def test_a_damaged_folder_is_one_line(synthesizer, tmp_path, harm):
    synthesizer.save(tmp_path)
    about, weights = tmp_path / ABOUT, tmp_path / WEIGHTS
    if harm == "gone":
        about.unlink()
    elif harm == "cut":
        about.write_text(about.read_text(encoding="utf-8")[:500], encoding="utf-8")
    elif harm == "other":
        about.write_text("[1]", encoding="utf-8")
    else:
        weights.write_bytes(weights.read_bytes()[:900])
    with pytest.raises(UsageError, match="holds no readable synthesizer"):
        Synthesizer.load(tmp_path)


def test_it_must_learn_before_it_draws(tmp_path):
    for call in (lambda one: one.sample(5), lambda one: one.save(tmp_path)):
        with pytest.raises(RunError, match="call fit first"):
            call(Synthesizer())


def test_a_file_is_learned_and_a_file_is_written(table, tmp_path):
    write_table(table[["score", "amount", "shop", "Class"]], tmp_path / "in.parquet")
    synthesizer = Synthesizer(steps=3, **SMALL).fit(tmp_path / "in.parquet", "Class")
    assert synthesizer.sample(20, seed=1, out=tmp_path / "out.csv") is None
    assert len(pd.read_csv(tmp_path / "out.csv")) == 20


TABLES = {
    "numbers": lambda draw, rows: {"a": draw.normal(size=rows), "b": draw.normal(size=rows)},
    "categories": lambda draw, rows: {"a": draw.choice(["x", "y"], rows), "b": draw.choice(["x", "z"], rows)},
    "atoms": lambda draw, rows: {"a": np.where(draw.random(rows) < 0.9, 0.0, draw.normal(size=rows))},
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_of_one_kind_of_column(kind):
    draw, rows = np.random.default_rng(0), 90
    frame = pd.DataFrame({**TABLES[kind](draw, rows), "fraud": np.arange(rows) % 3 == 0})
    made = Synthesizer(steps=3, **SMALL).fit(frame, "fraud").sample(50, where={"fraud": True})
    assert (made.dtypes == frame.dtypes).all()
    assert made["fraud"].all()


def test_three_classes_at_their_rates(table):
    frame = table[["score", "shop"]].assign(kind=np.repeat(["card", "loan", "none"], [100, 200, 300]))
    made = Synthesizer(steps=3, **SMALL).fit(frame, "kind").sample(600)
    np.testing.assert_allclose(made["kind"].value_counts().sort_index(), [100, 200, 300], atol=8)


def test_two_rows_of_a_class_are_enough_to_learn_from(table):
    frame = table[["score", "shop"]].assign(fraud=np.arange(len(table)) < 2)
    made = Synthesizer(steps=3, **SMALL).fit(frame, "fraud").sample(10, where={"fraud": True})
    assert made["fraud"].all()


RULES = [
    {"kind": "order", "columns": ["opened", "closed"]},
    {"kind": "combination", "columns": ["city", "country"]},
    {"kind": "sum", "total": "total", "parts": ["net", "tax"]},
    {"kind": "range", "column": "age", "low": 18, "high": 90},
]
BROKEN = 12  # rows of the table that break a rule


def accounts(rows=400):
    draw = np.random.default_rng(1)
    opened = pd.Timestamp("2020-01-01") + pd.to_timedelta(draw.integers(0, 900, rows), "D")
    place = draw.integers(0, 3, rows)
    net, tax = draw.integers(100, 9_000, rows), draw.integers(0, 900, rows)
    frame = pd.DataFrame(
        {
            "opened": opened.as_unit("s"),
            "closed": (opened + pd.to_timedelta(draw.integers(0, 400, rows), "D")).as_unit("s"),
            "city": np.array(["Rome", "Milan", "Oslo"])[place],
            "country": np.array(["IT", "IT", "NO"])[place],
            "total": (net + tax) / 100,
            "net": net / 100,
            "tax": tax / 100,
            "age": draw.integers(18, 91, rows),
            "score": draw.normal(size=rows),
            "fraud": np.where(draw.random(rows) < 0.2, "yes", "no"),
        }
    )
    frame.loc[:5, "closed"] = frame["opened"] - pd.Timedelta(days=3)
    frame.loc[6:11, "age"] = 7
    return frame


@pytest.fixture(scope="module")
def ruled():
    return Synthesizer(steps=20, **SMALL).fit(accounts(), "fraud", constraints=RULES)


def broken(frame):
    combinations = {("Rome", "IT"), ("Milan", "IT"), ("Oslo", "NO")}
    return (
        (frame["closed"] < frame["opened"])
        | ~pd.Series(zip(frame["city"], frame["country"], strict=True)).isin(combinations)
        | ((frame["net"] + frame["tax"]).round(2) != frame["total"])
        | ~frame["age"].between(18, 90)
    )


def test_no_row_breaks_a_rule_whatever_is_given(ruled):
    frame = accounts()
    assert broken(frame).sum() == BROKEN
    for where in (
        {},
        {"fraud": "yes"},
        {"city": "Milan"},
        {"country": "IT", "age": Between(30, 40)},
        {"opened": "2021-05-05", "closed": "2021-05-06"},
        {"net": 12.34, "score": Between(0, 1)},
    ):
        made = ruled.sample(2_000, where=where)
        assert not broken(made).any()
        assert (made.dtypes == frame.dtypes).all()
        for name, value in where.items():
            if isinstance(value, Between):
                assert made[name].between(value.low, value.high).all()
            else:
                assert set(made[name].astype("str")) == {str(value)}
        assert ruled.drawer.preparation.constraints.check(made).count == 0


def test_both_cities_of_a_country_are_drawn(ruled):
    assert set(ruled.sample(500, where={"country": "IT"})["city"]) == {"Rome", "Milan"}


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"closed": "2021-05-06"}, "'closed' can be given only with 'opened'"),
        ({"opened": "2021-05-05", "closed": "2020-05-06"}, "break the rule opened <= closed"),
        ({"city": "Rome", "country": "NO"}, "no row has city=Rome, country=NO"),
        ({"age": 12}, "age=12 is outside 18 to 90"),
        ({"net": 12.345}, "the column holds numbers of 2 decimals"),
        ({"opened": "2021-05-05 10:00"}, "a rule counts it in 1 days"),
        ({"total": Between(1, 2)}, r"'total' takes no range \(a rule computes it from others\)"),
    ],
)
def test_conditions_that_break_a_rule_are_refused(ruled, where, said):
    with pytest.raises(UsageError, match=said):
        ruled.sample(5, where=where)


def test_rules_are_saved_too(ruled, tmp_path):
    ruled.save(tmp_path)
    pd.testing.assert_frame_equal(Synthesizer.load(tmp_path).sample(100), ruled.sample(100))


def test_rules_that_hardly_a_row_keeps_are_refused(table):
    rule = {"kind": "range", "column": "score", "low": 90, "high": 99}
    with pytest.raises((DataError, UsageError), match=r"rows keep the rules|leave no value"):
        Synthesizer(steps=3, **SMALL).fit(table, "Class", constraints=[rule])
