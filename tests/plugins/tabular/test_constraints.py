"""Whatever a generator gives, the table that comes back keeps every rule, its types and its decimals."""

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import DataError, UsageError
from ganworks_tabular.constraints import Choice, Constraints, read_constraints

RULES = [
    {"kind": "order", "columns": ["funded", "amount", "limit"]},
    {"kind": "combination", "columns": ["city", "state"]},
    {"kind": "sum", "total": "total", "parts": ["principal", "interest"]},
    {"kind": "range", "column": "age", "low": 18, "high": 100},
]
COLUMNS = ["id", "funded", "amount", "limit", "city", "state", "total", "principal", "interest", "age"]


def loans(rows=60, seed=0):
    rng = np.random.default_rng(seed)
    funded = rng.integers(0, 500, rows) / 4
    amount = funded + rng.integers(0, 300, rows) / 100
    place = rng.integers(0, 3, rows)
    principal, interest = rng.integers(-500, 9_000, rows), rng.integers(0, 900, rows)
    frame = pd.DataFrame(
        {
            "id": [f"L{row}" for row in range(rows)],
            "funded": funded,
            "amount": np.round(amount, 2),
            "limit": pd.array(np.ceil(amount) + rng.integers(0, 9, rows), dtype="Int64"),
            "city": np.array(["Boston", "Austin", 'Dal"las'])[place],
            "state": pd.Categorical(
                np.array(["MA", "TX", "TX"])[place], categories=["TX", "MA"], ordered=True
            ),
            "total": (principal + interest) / 100,
            "principal": principal / 100,
            "interest": interest / 100,
            "age": rng.integers(18, 90, rows).astype("int8"),
        }
    )
    frame.loc[[1, 5], "amount"] = np.nan
    frame.loc[[2, 5], "funded"] = np.nan
    frame.loc[3, ["total", "interest"]] = np.nan
    frame.loc[4, "limit"] = pd.NA
    return frame


def read(rules=RULES, frame=None):
    return read_constraints(rules, loans() if frame is None else frame)


def through_json(constraints):
    return Constraints.from_dict(json.loads(json.dumps(constraints.as_dict())))


def test_forward_and_inverse_give_the_table_back():
    frame = loans()
    constraints = through_json(read())
    rewritten = constraints.forward(frame)
    assert list(rewritten) == [
        "id", "funded", "amount - funded", "limit - amount", "city & state", "principal", "interest", "age"
    ]  # fmt: skip
    pd.testing.assert_frame_equal(constraints.inverse(rewritten), frame)
    assert constraints.kinds["amount - funded"] == "number"
    assert constraints.kinds["city & state"] == "category"
    assert not constraints.check(frame)


numbers = st.floats(-1e9, 1e9) | st.just(float("nan")) | st.sampled_from([0.0, -0.005, 0.005, 1e-9])


@settings(max_examples=60, deadline=None)
@given(st.data(), st.booleans())
def test_no_generated_value_breaks_a_rule(data, strict):
    frame = loans()
    rules = [{**RULES[0], "strict": strict}, *RULES[1:], {"kind": "range", "column": "limit", "high": 400.5}]
    frame["limit"] += 1
    frame.loc[frame["amount"] <= frame["funded"], "amount"] += 500
    constraints = read(rules, frame)
    rewritten = constraints.forward(frame).iloc[:8].reset_index(drop=True)
    for name in rewritten:
        if constraints.kinds.get(name) == "number":
            rewritten[name] = np.array(data.draw(st.lists(numbers, min_size=8, max_size=8)))
    restored = constraints.inverse(rewritten)
    assert constraints.check(restored).count == 0
    assert list(restored) == COLUMNS
    for name, places in {"funded": 2, "amount": 2, "limit": 0, "age": 0, "total": 2}.items():
        values = restored[name].to_numpy(dtype=float, na_value=np.nan)
        np.testing.assert_array_equal(values, np.round(values * 10**places) / 10**places)
    assert restored["limit"].dtype == "Int64"
    assert str(restored["age"].dtype) in ("int8", "Int64")
    missing = rewritten["amount - funded"].isna()
    np.testing.assert_array_equal(restored["amount"].isna(), missing)
    ages = restored["age"].dropna()
    assert ages.between(18, 100).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20), st.booleans())
def test_full_precision_keeps_the_order_too(pairs, strict):
    frame = pd.DataFrame({"a": [1 / 3, 1.0, 2.0] * 4, "b": [0.5, 5 / 3, 7 / 3] * 4})
    constraints = read([{"kind": "order", "columns": ["a", "b"], "strict": strict}], frame)
    made = pd.DataFrame(pairs, columns=["a", "b - a"])
    restored = constraints.inverse(made)
    assert constraints.check(restored).count == 0
    present = restored.dropna()
    assert ((present["a"] < present["b"]) if strict else (present["a"] <= present["b"])).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-128, 127), st.integers(-128, 127)), min_size=1, max_size=9))
def test_a_sum_of_small_integers_does_not_wrap_round(parts):
    frame = pd.DataFrame({"t": [3, 5], "a": [1, 2], "b": [2, 3]}, dtype="int8")
    constraints = read([{"kind": "sum", "total": "t", "parts": ["a", "b"]}], frame)
    restored = constraints.inverse(pd.DataFrame(parts, columns=["a", "b"], dtype="int8"))
    np.testing.assert_array_equal(restored["t"], [a + b for a, b in parts])


DAYS = pd.Series(pd.to_datetime(["2024-01-31", "2024-02-29", None, "2023-12-31"]))


@pytest.mark.parametrize(
    "first",
    [
        DAYS.astype("datetime64[ns]"),
        DAYS.astype("datetime64[s]"),
        DAYS.dt.tz_localize("Europe/Berlin"),
        DAYS.dt.strftime("%Y-%m-%d"),
        DAYS.dt.strftime("%Y-%m-%d %H:%M"),
        DAYS.astype(pd.ArrowDtype(pa.timestamp("ms"))),
    ],
    ids=lambda series: str(series.dtype),
)
def test_dates_keep_their_order_whatever_their_type(first):
    second = pd.Series(pd.to_datetime(["2024-02-01 10:30", "2024-02-29 00:00", "2024-03-01 00:00", None]))
    frame = pd.DataFrame({"opened": first, "closed": second})
    constraints = through_json(read([{"kind": "order", "columns": ["opened", "closed"]}], frame))
    rewritten = constraints.forward(frame)
    pd.testing.assert_frame_equal(constraints.inverse(rewritten), frame)
    rewritten["closed - opened"] = np.array([-9e15, 12.3, 6.1e10, np.nan])
    restored = constraints.inverse(rewritten)
    assert not constraints.check(restored)
    assert restored["closed"].isna().tolist() == [False, False, False, True]
    assert (restored["closed"].dropna().dt.second == 0).all()
    assert constraints.kinds["opened"] == "datetime"


def test_exact_decimals_stay_exact():
    cents = [Decimal("0.10"), Decimal("0.20"), None]
    frame = pd.DataFrame({"a": cents, "b": [Decimal("0.20"), None, Decimal("3.05")]})
    frame["t"] = [Decimal("0.30"), None, None]
    frame["a"] = frame["a"].astype(pd.ArrowDtype(pa.decimal128(10, 2)))
    constraints = through_json(read([{"kind": "sum", "total": "t", "parts": ["a", "b"]}], frame))
    assert not constraints.check(frame)
    pd.testing.assert_frame_equal(constraints.inverse(constraints.forward(frame)), frame)


def test_broken_rows_are_counted_named_and_left_out():
    frame = loans()
    constraints = read()
    frame.loc[[7, 9], "funded"] = 1e6
    frame.loc[9, "total"] += 0.01
    frame.loc[30, "age"] = 17
    found = constraints.check(frame)
    assert [one.count for one in found.rules] == [2, 1, 1]
    assert found.count == 4
    assert str(found).splitlines()[0] == (
        "2 rows break the rule funded <= amount <= limit (rows 8, 10); left out of training"
    )
    kept = constraints.keep(frame)
    assert set(frame.index) - set(kept.index) == {7, 9, 30}
    assert not constraints.check(kept)


def test_a_total_with_fewer_decimals_is_rounded():
    frame = pd.DataFrame({"t": [3, 4], "a": [1.25, 1.5], "b": [1.5, 2.75]})
    constraints = read([{"kind": "sum", "total": "t", "parts": ["a", "b"]}], frame)
    assert not constraints.check(frame)
    assert constraints.inverse(frame[["a", "b"]])["t"].tolist() == [3, 4]
    assert constraints.check(frame.assign(t=[3, 5])).rules[0].rows == (1,)


def test_rare_combinations_are_never_stored_and_taken_as_the_most_similar_one():
    frame = pd.DataFrame({"city": ["A"] * 9 + ["B"] * 6 + ["C"], "state": ["x"] * 9 + ["y"] * 6 + ["y"]})
    constraints = read([{"kind": "combination", "columns": ["city", "state"]}], frame)
    assert "C" not in json.dumps(constraints.as_dict())
    assert constraints.check(frame).rules[0].rows == (15,)
    assert constraints.keep(frame) is not frame
    assert len(constraints.keep(frame)) == 16
    restored = constraints.inverse(constraints.forward(frame))
    assert restored.iloc[15].tolist() == ["B", "y"]
    assert not constraints.check(restored)
    with pytest.raises(DataError, match="no known combination"):
        constraints.inverse(pd.DataFrame({"city & state": ['["A", "y"]']}))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a,b", '"', "ü", None]), st.sampled_from([1, 2, 30])),
        min_size=1,
        max_size=9,
    )
)
def test_only_combinations_of_the_data_come_back(rows):
    frame = pd.DataFrame(rows * 5, columns=["text", "code"])
    frame["text"] = frame["text"].astype("str")
    constraints = through_json(read([{"kind": "combination", "columns": ["text", "code"]}], frame))
    pd.testing.assert_frame_equal(constraints.inverse(constraints.forward(frame)), frame)


def test_rules_that_build_on_each_other_are_computed_in_turn():
    frame = pd.DataFrame({"a": [1, 2], "b": [2, 3], "t": [3, 5], "cap": [3, 9]})
    rules = [{"kind": "order", "columns": ["t", "cap"]}, {"kind": "sum", "total": "t", "parts": ["a", "b"]},
             {"kind": "order", "columns": ["a", "b"]}]  # fmt: skip
    constraints = read(rules, frame)
    pd.testing.assert_frame_equal(constraints.inverse(constraints.forward(frame)), frame)
    made = pd.DataFrame({"a": [4], "b - a": [-7], "cap - t": [-1]})
    assert constraints.inverse(made).iloc[0].tolist() == [4, 4, 8, 8]


def test_tensors_are_computed_back_as_tables_are():
    frame = loans()
    constraints = read()
    rewritten = constraints.forward(frame)
    rewritten["amount - funded"] = rewritten["amount - funded"] - 1
    texts = {"city & state": sorted(rewritten["city & state"].unique())}
    tensors = {
        name: torch.tensor(rewritten[name].to_numpy(float, na_value=np.nan).tolist(), dtype=torch.float64)
        for name in rewritten
        if name not in ("id", "city & state")
    }
    tensors["age"] = tensors["age"].long()
    places = [texts["city & state"].index(text) for text in rewritten["city & state"]]
    found = constraints.inverse_tensors({**tensors, "city & state": torch.tensor(places)}, texts)
    expected = constraints.inverse(rewritten)
    assert list(found) == COLUMNS[1:]
    assert found["age"].dtype == torch.int64
    values = constraints.split_values(texts)
    for name in ("city", "state"):
        assert [values[name][place] for place in found[name]] == expected[name].tolist()
    for name in ("funded", "amount", "limit", "total", "principal", "interest", "age"):
        wanted = expected[name].to_numpy(dtype=float, na_value=np.nan)
        np.testing.assert_array_equal(found[name].double().numpy(), wanted)


def test_dates_in_tensors_are_epochs_in_the_unit_of_their_column():
    opened = pd.Series(pd.to_datetime(["2024-01-31", "2024-02-29"])).astype("datetime64[ns]")
    frame = pd.DataFrame(
        {"opened": opened, "closed": (opened + pd.Timedelta("90min")).astype("datetime64[s]")}
    )
    constraints = read([{"kind": "order", "columns": ["opened", "closed"]}], frame)
    gap = torch.from_numpy(constraints.forward(frame)["closed - opened"].to_numpy().astype("int64"))
    opened = torch.from_numpy(frame["opened"].to_numpy().astype("int64"))
    found = constraints.inverse_tensors({"opened": opened, "closed - opened": gap})
    np.testing.assert_array_equal(found["opened"], frame["opened"].to_numpy().astype("int64"))
    np.testing.assert_array_equal(found["closed"], frame["closed"].to_numpy().astype("int64"))


def test_conditions_are_translated():
    constraints = read()
    assert constraints.translate({"funded": 10, "amount": "12.5"}) == {"funded": 10, "amount - funded": 2.5}
    found = constraints.translate({"city": "Boston", "age": 40, "id": "L3"})
    assert found == {"age": 40, "id": "L3", "city & state": '["Boston", "MA"]'}
    choice = constraints.translate({"state": "TX"})["city & state"]
    assert isinstance(choice, Choice)
    assert set(choice.values) == {'["Austin", "TX"]', '["Dal\\"las", "TX"]'}
    assert sum(choice.shares) == pytest.approx(1)
    given = {"principal": 1.1, "interest": 2.2, "total": 3.3}
    assert constraints.translate(given) == {"principal": 1.1, "interest": 2.2}


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"amount": 3}, "'amount' can be given only with 'funded'"),
        ({"funded": 1, "limit": 3}, "only with 'amount'"),
        ({"funded": 5, "amount": 3}, "break the rule funded <= amount"),
        ({"total": 3, "principal": 1}, "only with 'interest'"),
        ({"total": 3, "principal": 1, "interest": 1}, "break the rule total"),
        ({"age": 12}, "outside 18 to 100"),
        ({"age": "old"}, "is no number"),
        ({"city": "Boston", "state": "TX"}, "no row has city=Boston, state=TX"),
    ],
)
def test_conditions_that_no_row_can_have(where, said):
    with pytest.raises(UsageError, match=said):
        read().translate(where)


def test_conditions_of_a_whole_table_are_translated():
    given = pd.DataFrame({"funded": [1.0, 2.0], "amount": [1.5, 9.25], "state": ["TX", "MA"]}, index=[4, 5])
    found = read().translate_frame(given, seed=1)
    assert list(found) == ["funded", "amount - funded", "city & state"]
    assert found["amount - funded"].tolist() == [0.5, 7.25]
    assert found["city & state"].tolist()[1] == '["Boston", "MA"]'
    assert '"TX"' in found["city & state"].tolist()[0]
    pd.testing.assert_frame_equal(found, read().translate_frame(given, seed=1))


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{"kind": "ordr", "columns": ["age", "total"]}], r"unknown kind 'ordr' \(did you mean 'order'\?\)"),
        ([{"kind": "order", "columns": ["fundd", "amount"]}], "did you mean 'funded'"),
        ([{"kind": "order", "columns": ["funded"]}], "list of 2 or more"),
        ([{"kind": "order"}], "'columns' is missing"),
        ([{"kind": "order", "columns": ["funded", "amount"], "strit": 1}], "did you mean 'strict'"),
        ([{"kind": "order", "columns": ["city", "amount"]}], "'city' holds neither numbers nor dates"),
        ([{"kind": "range", "column": "age"}], "give low, high or both"),
        ([{"kind": "range", "column": "age", "low": 9, "high": 8}], "swap them"),
        ([{"kind": "range", "column": "age", "low": "x"}], "is no number"),
        ([RULES[0], {"kind": "order", "columns": ["age", "amount"]}], "two constraints claim 'amount'"),
        ([RULES[3], RULES[3]], "two constraints claim"),
        ([RULES[1], {"kind": "combination", "columns": ["state", "age"]}], "claim|no combination"),
        ([RULES[2], {"kind": "range", "column": "total", "low": 0}], "ranges for its parts"),
        (
            [{"kind": "order", "columns": ["age", "limit"]}, {"kind": "order", "columns": ["limit", "age"]}],
            "circle",
        ),
        (
            [
                RULES[0],
                {"kind": "range", "column": "limit", "high": 3},
                {"kind": "range", "column": "funded", "low": 4},
            ],
            "no value for column 'funded'",
        ),
    ],
)  # fmt: skip
def test_rules_that_make_no_sense(rules, said):
    with pytest.raises((UsageError, DataError), match=said):
        read(rules)


def test_the_target_is_never_rewritten():
    with pytest.raises(UsageError, match="is the target"):
        read_constraints(RULES, loans(), target="city")


def test_a_table_without_a_column_of_a_rule():
    with pytest.raises(DataError, match="no column 'amount'"):
        read().check(loans().drop(columns="amount"))


class Restoring(torch.nn.Module):
    """What an exporter wraps: columns of a decoder in, columns of the table out."""

    def __init__(self, constraints, texts):
        super().__init__()
        self.constraints, self.texts = constraints, texts

    def forward(self, funded, amount, limit, place, principal, interest, age):
        names = [
            "funded",
            "amount - funded",
            "limit - amount",
            "city & state",
            "principal",
            "interest",
            "age",
        ]
        columns = dict(zip(names, (funded, amount, limit, place, principal, interest, age), strict=True))
        return tuple(self.constraints.inverse_tensors(columns, self.texts).values())


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_inverse_exports_to_onnx(tmp_path):
    import onnxruntime

    constraints, rng = read(), np.random.default_rng(0)
    texts = {"city & state": sorted(constraints.forward(loans())["city & state"].unique())}
    numbers = [torch.from_numpy(rng.normal(0, 50, 400)) for _ in range(6)]
    numbers[1][::7] = torch.nan
    place = torch.from_numpy(rng.integers(0, 3, 400))
    age = torch.from_numpy(rng.integers(0, 200, 400))
    given = (*numbers[:3], place, *numbers[3:5], age)
    model = Restoring(constraints, texts)
    path = tmp_path / "restoring.onnx"
    torch.onnx.export(model, given, path, dynamo=True, opset_version=18)
    session = onnxruntime.InferenceSession(path)
    feed = {one.name: array.numpy() for one, array in zip(session.get_inputs(), given, strict=True)}
    for found, wanted in zip(session.run(None, feed), model(*given), strict=True):
        np.testing.assert_array_equal(found, wanted.numpy())
