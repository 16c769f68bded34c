"""Single values as conditions: beyond what was learnt, with more decimals than the column, ill written."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import UsageError
from ganworks_cli.main import main
from ganworks_exports.runtime import load
from ganworks_exports.runtime._feeding import fed
from ganworks_exports.runtime._where import conditions
from ganworks_tabular.conditions import Between, typed_conditions
from ganworks_tabular.conditions_single import beyond_learnt
from ganworks_tabular.range_pieces import ends
from ganworks_tabular.ranges import checked_range


@pytest.fixture(scope="module")
def preparation(synthesizer):
    return synthesizer.drawer.preparation


@settings(max_examples=60, deadline=None)
@given(value=st.integers(-200, 400))
def test_a_number_is_said_to_be_beyond_where_a_range_there_is_refused(preparation, value):
    low, high = ends(preparation.codec["count"].parts)
    told = beyond_learnt({"count": value}, preparation)
    assert bool(told) == (not low <= value <= high)
    if told:
        assert told[0].startswith(f"count={value} lies outside what was learnt ({low:.10g} to {high:.10g}): ")
        with pytest.raises(UsageError, match="has no values between"):
            checked_range(Between(value, value), "count", preparation)


def test_dates_beyond_are_said_and_what_has_no_ends_is_not(preparation):
    (told,) = beyond_learnt({"when": "2031-05-06 07:00", "shop": "web", "age": None}, preparation)
    assert told.startswith("when=2031-05-06 07:00 lies outside what was learnt (2024-01-0")
    assert beyond_learnt({"day": "2024-02-03", "Class": 1, "count": Between(0, 40)}, preparation) == []


@settings(max_examples=60, deadline=None)
@given(cents=st.integers(0, 10**6), more=st.integers(0, 9))
def test_decimals_that_the_column_does_not_have_are_refused(preparation, cents, more):
    text = f"{cents // 100}.{cents % 100:02d}{more}"
    if not more:
        assert typed_conditions({"amount": text}, preparation)["amount"].tolist() == [cents / 100]
        return
    with pytest.raises(UsageError, match="cannot be met: the column holds numbers of 2 decimals"):
        typed_conditions({"amount": text}, preparation)


@pytest.mark.parametrize("value", [0.1 + 0.2, np.float32(0.3), "0.30", np.float64(0.3)])
def test_a_number_that_a_program_computed_is_the_one_it_stands_for(preparation, value):
    assert typed_conditions({"amount": value}, preparation)["amount"].tolist() == [0.3]


def test_a_refused_number_is_shown_as_it_was_given(preparation):
    with pytest.raises(UsageError, match=r"amount=1234567\.005 cannot be met"):
        typed_conditions({"amount": "1234567.005"}, preparation)


def test_a_column_without_rounding_takes_any_number(preparation):
    assert typed_conditions({"score": 0.123456789}, preparation)["score"].tolist() == [0.123456789]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("amount=>100", "is not a number; write a range as amount=100.. (100 or more), amount=..500"),
        ("amount=<30", "is not a number; write a range as"),
        ("amount>=100", "--where 'amount>=100' compares: write a range as amount=100.."),
        ("amount=q0.5", "quantiles come in pairs, as amount=q0.5..q1"),
        ("amount=q50..q100", "quantiles come in pairs, as amount=q0.5..q1"),
        ("amount=10.005", "cannot be met: the column holds numbers of 2 decimals"),
    ],
)
def test_a_condition_that_is_ill_written_is_explained(session, tmp_path, capsys, where, said):
    run, out = str(session.run_folder.folder), str(tmp_path / "s")
    assert main(["sample", run, "-n", "3", "--where", where, "--out", out]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line


def test_the_command_warns_of_a_number_that_was_not_learnt_and_keeps_it(session, tmp_path, capsys):
    words = ["--where", "amount=5000000", "--where", "city=Rome", "--out", str(tmp_path / "s")]
    assert main(["sample", str(session.run_folder.folder), "-n", "3", *words]) == 0
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("warning: amount=5000000 lies outside what was learnt (0 to ")
    assert set(pd.read_parquet(tmp_path / "s" / "synthetic.parquet")["amount"]) == {5e6}


# the exported model
@pytest.fixture(scope="module")
def model(session):
    return load(session.run_folder.model / "generator.onnx")


def test_the_exported_model_takes_conditions_by_name(model):
    found = model.sample(20, where={"city": "Rome", "level": 3, "amount": 99.5, "age": None}, batch=7)
    assert set(found["city"]) == {"Rome"}
    assert set(found["level"]) == {3}
    assert set(found["amount"]) == {99.5}
    assert np.isnan(found["age"]).all()
    place = model.card["values"]["city"].index("Rome")
    level = model.card["values"]["level"].index("3")
    fed = {"where_city": place, "where_level": level, "where_amount": 99.5, "where_age": np.inf}
    same = model.run(seed=np.arange(20), **{name: np.full(20, value) for name, value in fed.items()})
    for name, values in found.items():
        np.testing.assert_array_equal(values, same[name])


def test_what_is_not_a_number_is_missing_and_not_free(model):
    assert np.isnan(model.sample(20, where={"age": float("nan")})["age"]).all()


def test_a_card_without_values_takes_their_numbers_and_none_between():
    port = {"name": "where_city", "dtype": "int64", "shape": ["batch"], "low": -1, "high": 2}
    (given,) = conditions({}, {"where_city": port}, {"city": 2}, 3).values()
    assert fed(port, given).tolist() == [2, 2, 2]
    with pytest.raises(ValueError, match="'where_city' must be int64, not float64"):
        fed(port, conditions({}, {"where_city": port}, {"city": 1.7}, 3)["where_city"])


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"city": "Roma"}, "'city' is never 'Roma'; it has Oslo, Rome, Bonn"),
        ({"Class": 1}, "'Class' is the class; give label=1"),
        ({"day": "2024-01-01"}, "no condition on 'day', but on "),
        ({"amount": "many"}, "'amount' takes a number, not 'many'"),
        ({"amount": None}, "'amount' is never missing"),
        ({"amount": float("nan")}, "'amount' is never missing"),
        ({"age": float("inf")}, "'age' takes a number, not inf"),
    ],
)
def test_a_condition_that_the_model_does_not_take_is_refused(model, where, said):
    with pytest.raises(ValueError, match="where: ") as caught:
        model.sample(2, where=where)
    assert said in str(caught.value)
