"""What is given is in every row, in the type of its column, and costs no further pass of the generator."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import UsageError
from ganworks_tabular.conditions import Between, read_conditions, typed_conditions
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.model import BLOCK, FORWARD
from ganworks_tabular.preparation import Preparation

BERLIN = "Europe/Berlin"
VALUES = {
    "score": [0.5, "-1e-3", 99.0],
    "amount": [0, 12.34, "7"],
    "count": [30, "31", 32.0],
    "age": [40, None, float("nan"), ""],
    "city": ["Rome"],
    "shop": ["web", None, ""],
    "level": [2, "3"],
    "abroad": [True, "False"],
    "when": ["2024-02-01 13:00", pd.Timestamp("2024-02-01 12:00", tz="UTC"), pd.NaT, "2031-01-01"],
    "day": ["2024-02-03", pd.Timestamp("2024-03-01")],
    "Class": [1, "0"],
}


@pytest.fixture(scope="module")
def drawer(synthesizer):
    return synthesizer.drawer


def wanted_of(name, value, table):
    """The cell that is expected, by the rules of pandas alone."""
    if value is None or value != value or value == "":
        return pd.NA
    if name == "when":
        time = pd.Timestamp(value)
        return time.tz_localize(BERLIN) if time.tz is None else time
    if name == "day":
        return f"{pd.Timestamp(value):%Y-%m-%d}"
    if name == "abroad":
        return str(value) == "True"
    return value if name in ("city", "shop") else float(value)


def assert_holds(frame, name, value, table):
    expected = wanted_of(name, value, table)
    found = frame[name]
    assert found.dtype == table[name].dtype
    assert (found.isna() if expected is pd.NA else found == expected).all()


@pytest.mark.parametrize("name", VALUES)
def test_one_column_is_given(drawer, table, name):
    for value in VALUES[name]:
        frame = drawer.frame(40, where={name: value})
        assert_holds(frame, name, value, table)
        assert (frame.dtypes == table.dtypes).all()


@settings(max_examples=12, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1_000))
def test_any_set_of_columns_is_given(drawer, table, data, seed):
    names = data.draw(st.sets(st.sampled_from(list(VALUES)), min_size=2))
    where = {name: data.draw(st.sampled_from(VALUES[name])) for name in names}
    frame = drawer.frame(30, where=where, seed=seed)
    for name, value in where.items():
        assert_holds(frame, name, value, table)


@settings(max_examples=12, deadline=None)
@given(ends=st.lists(st.integers(-300, 300), min_size=2, max_size=2, unique=True).map(sorted))
def test_a_range_of_numbers(drawer, table, ends):
    low, high = np.array(ends) / 100
    shown = table["score"].nlargest(8).min(), table["score"].nsmallest(8).max()  # the last few are not
    try:
        frame = drawer.frame(200, where={"score": Between(low, high), "Class": 1})
    except UsageError:
        assert low > shown[0] or high < shown[1]
        return
    assert frame["score"].between(low, high).all()
    assert (frame["Class"] == 1).all()


def test_ranges_of_rounded_and_nullable_numbers(drawer, table):
    frame = drawer.frame(300, where={"amount": Between(20, 20.5), "age": Between(30, 33)})
    assert frame["amount"].between(20, 20.5).all()
    np.testing.assert_array_equal(frame["amount"], frame["amount"].round(2))
    assert set(frame["age"]) == {30, 31, 32, 33}
    assert (frame.dtypes == table.dtypes).all()


def test_open_ranges_and_a_range_of_one_value(drawer):
    assert (drawer.frame(50, where={"score": Between(-np.inf, 0)})["score"] <= 0).all()
    assert (drawer.frame(50, where={"count": Between(30, 30)})["count"] == 30).all()


def test_quantiles_are_those_of_the_table(drawer, table):
    frame = drawer.frame(2_000, where={"score": Between(0.9, 1, quantiles=True)})
    low, top = table["score"].quantile([0.9, 0.95])
    assert frame["score"].min() >= low - 0.05
    assert frame["score"].median() == pytest.approx(top, abs=0.1)  # uniform between the two quantiles


def test_a_condition_costs_no_further_pass(drawer):
    passes = []
    handle = drawer.model.sampler.generator.register_forward_hook(lambda *_: passes.append(1))
    try:
        drawer.frame(5_000)
        free = len(passes)
        drawer.frame(5_000, where={"Class": 1, "amount": Between(0.99, 1, quantiles=True), "shop": "app"})
    finally:
        handle.remove()
    assert free == len(passes) - free == BLOCK // FORWARD  # 5,000 rows are one block


def test_columns_that_are_not_given_follow_the_class(drawer, table):
    """Calibration sees to the marginals of each class, also where that is given."""
    for label in (0, 1):
        made = drawer.frame(4_000, where={"Class": label})["score"]
        assert made.median() == pytest.approx(table.loc[table["Class"] == label, "score"].median(), abs=0.35)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"amout": 1}, r"no column 'amout' \(did you mean 'amount'\?\)"),
        ({"city": "Roma"}, r"'city' is never 'Roma' \(did you mean 'Rome'\?\); it has Oslo, Rome, Bonn"),
        ({"city": None}, "'city' is never ''"),
        ({"level": 9}, "'level' is never '9'; it has 1, 2, 3, 4"),
        ({"shop": "kiosk"}, r"it has app, till, web, '' \(missing\)"),
        ({"payment": "P1"}, "'payment' is a key: nothing depends on it"),
        ({"currency": "EUR"}, "'currency' is a constant"),
        ({"count": "many"}, "count=many is not a number; give a number"),
        ({"count": 3.5}, "count=3.5 cannot be met: the column holds whole numbers"),
        ({"count": 1e30}, "count=1e[+]30 cannot be met: the column is int64"),
        ({"score": float("inf")}, "score=inf is not a number"),
        ({"score": None}, "'score' cannot be given as missing"),
        ({"score": "nan"}, "'score' cannot be given as missing"),
        ({"when": "yesterday evening"}, "when=yesterday evening is not a date"),
        ({"when": "2024-03-31 02:30"}, "is not a date"),  # the hour that the clock skips
        ({"day": None}, "'day' cannot be given as missing"),
        ({"day": "2024-02-01 10:00"}, "the column holds whole days"),
        ({"city": Between(0, 1)}, r"'city' takes no range \(it holds categories\)"),
        ({"when": Between(0, 1)}, r"'when' takes no range \(it holds dates\)"),
        ({"level": Between(1, 2)}, r"'level' takes no range \(it holds categories\)"),
        ({"count": Between(500, 600)}, "'count' has no values between 500 and 600: it goes from"),
        ({"count": Between(30.2, 30.8)}, "'count' has no values between 30.2 and 30.8"),
    ],
)
def test_what_no_row_can_meet_is_refused(drawer, where, said):
    with pytest.raises(UsageError, match=said) as caught:
        drawer.frame(1, where=where)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ends", [(2, 1), (float("nan"), 1)])
def test_no_range(ends):
    with pytest.raises(UsageError, match="give low, then high"):
        Between(*ends)
    with pytest.raises(UsageError, match="give low, then high"):
        Between(0.5, 1.5, quantiles=True)


COLUMNS = ["amount", "Class"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amount=12.5", "12.5"),
        ("amount=", ""),
        ("amount=a=b", "a=b"),
        ("amount=1..2", Between(1, 2)),
        ("amount=-5..", Between(-5, np.inf)),
        ("amount=..1e3", Between(-np.inf, 1_000)),
        ("amount=q0.5..q1", Between(0.5, 1, quantiles=True)),
        ("amount=q.5..q1.0", Between(0.5, 1, quantiles=True)),
        ("amount=q0.5..9", "q0.5..9"),  # a mixture is no range: the column says what it is not
        ("amount=a..b", "a..b"),
    ],
)
def test_conditions_as_texts(text, expected):
    assert read_conditions([text], COLUMNS) == {"amount": expected}
    if isinstance(expected, Between) and np.isfinite([expected.low, expected.high]).all():
        assert read_conditions([f"amount={expected}"], COLUMNS) == {"amount": expected}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["amount"], "should read COLUMN=VALUE"),
        (["amont=1"], r"no column 'amont' \(did you mean 'amount'\?\)"),
        (["amount=1", "amount=2"], "gives the column 'amount' twice"),
        (["amount=q0.9..q0.1"], "give low, then high"),
    ],
)
def test_texts_that_are_no_conditions(texts, said):
    with pytest.raises(UsageError, match=said):
        read_conditions(texts, COLUMNS)


def test_exact_decimals_single_precision_and_dates_stay_what_they_are():
    rows = 200
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "exact": [Decimal(int(cents)) / 100 for cents in draw.integers(100, 10_000, rows)],
            "single": draw.normal(size=rows).astype("float32"),
            "tiny": draw.integers(-50, 50, rows).astype("int8"),
            "date": pd.Series(pd.date_range("2024-01-01", periods=rows)).dt.date,
            "fraud": np.arange(rows) % 4 == 0,
        }
    )
    preparation = Preparation.fit(frame, infer_schema(frame, "fraud"))
    where = {"exact": "12.30", "single": 0.1, "tiny": -7, "date": "2024-02-03", "fraud": True}
    cells = typed_conditions(where, preparation)
    expected = frame.head(1).copy()
    expected["exact"], expected["date"] = Decimal("12.30"), pd.Timestamp("2024-02-03").date()
    expected["single"], expected["tiny"], expected["fraud"] = np.float32(0.1), np.int8(-7), True
    for name, cell in cells.items():
        pd.testing.assert_series_equal(cell, expected[name].astype(frame[name].dtype), check_names=False)
    for name, value in {"exact": "12.345", "tiny": 300}.items():
        with pytest.raises(UsageError, match="cannot be met"):
            typed_conditions({name: value}, preparation)
