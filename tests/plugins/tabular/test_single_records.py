"""What one row, or a few, alone hold is not given out: not as a category, a number, a date or a key."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks_tabular.codec import TableCodec
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.constant import ConstantColumn
from ganworks_tabular.columns.datetime import DatetimeColumn
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.number_parts import NumberParts
from ganworks_tabular.decoder import Decoder
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.key_fitting import fit_key
from ganworks_tabular.keys import KeyMaker

ROWS = 300
LEAST = 5
seeds = st.integers(0, 2**31)


def drawn(column, rows=3_000, seed=0):
    """Rows of random codes, as a column of the table."""
    random = torch.randn(rows, sum(column.widths), generator=torch.Generator().manual_seed(seed)) / 4
    (values,) = Decoder([column])(random.clamp(-1, 1))
    return column.column(values.numpy())


def sparse(present, values):
    """A column that is missing but in the first rows."""
    return pd.Series([*values[:present], *[None] * (ROWS - present)], name="c")


@pytest.mark.parametrize("present", [1, 4, 5, 15, 20])
@pytest.mark.parametrize("dtype", ["str", "object", "string", "category", "Int64"])
def test_values_that_nobody_shares_are_never_shown(present, dtype):
    texts = [f"{5550000 + i * i}" if dtype == "Int64" else f"Mr Smith {i}" for i in range(present)]
    series = sparse(present, texts).astype(dtype)
    column = CategoryColumn.fit(series, dtype, LEAST)
    assert column.texts == ("",)
    found = drawn(column)
    assert found.isna().all()
    assert str(found.dtype) == str(series.dtype) or dtype == "category"
    assert not any(text in str(column.as_dict()) for text in texts)
    assert "none is shown: it is always missing" in column.notes[0]
    stored = CategoryColumn.from_dict(column.as_dict())
    assert (stored.encode(series, np.random.default_rng(0))[0] == 0).all()


def test_a_value_held_by_enough_rows_stays_among_others_that_are_not():
    series = sparse(20, ["a"] * 5 + [f"Mr Smith {i}" for i in range(15)]).astype("str")
    column = CategoryColumn.fit(series, "str", LEAST)
    assert column.texts == ("a", "")
    assert set(drawn(column).dropna()) == {"a"}


def test_classes_of_the_target_are_always_shown():
    frame = pd.DataFrame({"x": np.arange(ROWS) / 7, "y": ["fraud"] * 2 + ["fine"] * (ROWS - 2)})
    codec = TableCodec.fit(frame, infer_schema(frame, "y"))
    assert set(codec.texts("y")) == {"fraud", "fine"}


def test_a_type_that_cannot_be_missing_gets_a_value_that_is_no_single_rows():
    whole = pd.Series([3, 1000, 70_000], dtype="int64", name="c")
    assert set(drawn(CategoryColumn.fit(whole, "int64", LEAST))) == {23_668}
    truths = pd.Series([True, False, True], name="c")
    assert set(drawn(CategoryColumn.fit(truths, "bool", LEAST))) == {True, False}


@pytest.mark.parametrize("present", [1, 2, 3, 5, 9, 10, 12, 14])
def test_a_few_numbers_are_never_given_out(present):
    values = np.random.default_rng(present).uniform(1e4, 1e6, present).round(2)
    series = sparse(present, values).astype("float64")
    column = NumberColumn.fit(series, "float64", LEAST)
    found = drawn(column)
    assert not found.isin(values).any()
    assert not any(str(value) in str(column.as_dict()) for value in values)
    if present < LEAST:
        assert found.isna().all()
    assert bool(column.notes) == (present < 2 * LEAST)
    column.encode(series, np.random.default_rng(0))


@pytest.mark.parametrize("present", [1, 3, 5, 9])
def test_a_few_dates_are_never_given_out(present):
    moments = pd.Timestamp("1961-07-23 13:14:15") + pd.to_timedelta(np.arange(present) ** 3 * 1_234_567, "s")
    series = sparse(present, list(moments)).astype("datetime64[us]")
    column = DatetimeColumn.fit(series, "datetime64[us]", None, LEAST)
    found = drawn(column)
    assert found.dtype == series.dtype
    assert not found.isin(series.dropna()).any()
    assert "too few to hide one" in column.notes[0]
    if present < LEAST:
        assert found.isna().all()
    stored = DatetimeColumn.from_dict(column.as_dict())
    assert drawn(stored).equals(found)
    stored.encode(series, np.random.default_rng(0))


def test_columns_that_hardly_any_row_has_are_always_missing_in_the_schema_and_in_the_table():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=ROWS), "y": np.arange(ROWS) % 3})
    frame["loss"] = sparse(6, random.uniform(1e4, 1e6, 6)).astype("float64")
    frame["born"] = sparse(1, [pd.Timestamp("1961-07-23")]).astype("datetime64[us]")
    schema = infer_schema(frame, "y")
    assert (schema["loss"].kind, schema["born"].kind) == ("constant", "constant")
    codec = TableCodec.fit(frame, schema)
    made = codec.finish(codec.decode(codec.expand(codec.encode(frame), torch.arange(ROWS))))
    assert made[["loss", "born"]].isna().all(axis=None)
    assert (made.dtypes == frame.dtypes).all()
    assert ConstantColumn.fit(frame["loss"], "float64").value is None


@settings(max_examples=25, deadline=None)
@given(rows=st.sampled_from([20, 100, 300, 1_000]), decimals=st.sampled_from([0, 2]), seed=seeds)
def test_sparse_rounded_numbers_are_not_those_of_the_rows(rows, decimals, seed):
    """Ids that are taken for numbers, and salaries: hardly one of the synthetic cells is a real one."""
    values = np.random.default_rng(seed).uniform(1e8, 1e9, rows).round(decimals)
    column = NumberColumn.fit(pd.Series(values, name="c"), "float64", LEAST)
    found = drawn(column, seed=seed)
    assert found.isin(values).mean() < 0.002
    assert (found.round(decimals) == found).all()
    assert abs((found < np.median(values)).mean() - 0.5) < 0.1  # and it is the same distribution


def test_a_number_that_few_rows_share_is_spread_out_and_one_that_many_share_is_not():
    random = np.random.default_rng(0)
    values = np.concatenate([random.uniform(1e3, 1e6, 800).round(2), [333.25] * 4, [777.75] * 15])
    column = NumberColumn.fit(pd.Series(values, name="c"), "float64", LEAST)
    found = drawn(column, 20_000)
    assert (found == 333.25).mean() < 2e-4  # 4 of 819 would be 5e-3
    assert (found == 777.75).mean() == pytest.approx(15 / 819, rel=0.3)


def test_dense_whole_numbers_keep_their_frequencies():
    values = np.random.default_rng(0).poisson(400, 2_000)
    column = NumberColumn.fit(pd.Series(values, name="c"), "int64", LEAST)
    parts = NumberParts.from_dict(column.parts.as_dict())
    assert parts.map is not None
    inner = np.sort(values)[len(values) // 4 : -len(values) // 4]
    found = drawn(column, 20_000)
    real, made = ([np.mean(cells == value) for value in (390, 400, 410)] for cells in (values, found))
    assert np.abs(np.subtract(real, made)).max() < 0.012
    assert np.median(found) == pytest.approx(np.median(inner), abs=1)


def test_the_shares_of_frequent_values_are_kept():
    random = np.random.default_rng(0)
    values = np.where(random.random(2_000) < 0.4, 0.0, random.normal(size=2_000))
    values[:500] = np.nan
    parts = NumberColumn.fit(pd.Series(values, name="c"), "float64", LEAST).parts
    expected = [(values == 0).mean(), np.isnan(values).mean()]
    assert parts.shares.tolist() == pytest.approx(expected)
    assert NumberParts.from_dict(parts.as_dict()).shares.tolist() == pytest.approx(expected)
    few = NumberColumn.fit(pd.Series([1.0] * 60 + [2.0] * 40 + [9.0], name="c"), "float64", LEAST).parts
    assert few.shares.tolist() == pytest.approx([60 / 101, 41 / 101])  # 9 is taken as the nearest


def random_texts(random, rows, alphabet, length):
    cells = random.choice(list(alphabet), (rows, length))
    return sorted({"".join(row) for row in cells})


KEYS = {
    "user1": lambda random, n: [f"user{i}" for i in range(1, n + 1)],
    "C0001": lambda random, n: [f"C{i:04d}" for i in range(1, n + 1)],
    "digits": lambda random, n: [f"{i:09d}" for i in random.choice(10**9, n, replace=False)],
    "cards": lambda random, n: [f"4{i:015d}" for i in random.integers(0, 10**15, n)],
    "hex": lambda random, n: random_texts(random, n, "0123456789abcdef", 6),
    "letters": lambda random, n: random_texts(random, n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2),
    "uuid": lambda random, n: random_texts(random, n, "0123456789abcdef", 32),
    "all taken": lambda random, n: list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "long numbers": lambda random, n: [f"{i}{10**25 + i}" for i in range(n)],
    "whole": lambda random, n: random.integers(0, 10**6, n),
    "beyond 2^53": lambda random, n: 2**60 + np.arange(n),
    "beyond 2^63": lambda random, n: np.uint64(2**63) + np.arange(n, dtype=np.uint64),
}


@pytest.mark.parametrize("kind", sorted(KEYS))
@settings(max_examples=10, deadline=None)
@given(rows=st.sampled_from([5, 50, 300]), seed=seeds)
def test_no_synthetic_key_is_a_real_one(kind, rows, seed):
    series = pd.Series(KEYS[kind](np.random.default_rng(seed), rows), name="id")
    key = KeyMaker.from_dict(fit_key("id", str(series.dtype), [series]).as_dict())
    made = key.make(3_000, seed, 0)
    assert made.dtype == series.dtype
    assert made.is_unique
    assert not made.isin(series).any()
    if kind in ("C0001", "cards", "uuid"):
        assert made.str.len().eq(len(series[0])).all()


def test_what_few_keys_have_in_common_is_not_shown():
    series = pd.Series(["Smith, 12 Elm Street", "Smith, 13 Elm Street", *[None] * 9], name="id", dtype="str")
    assert fit_key("id", "str", [series]).make(2, 0, 0).tolist() == ["id-1", "id-2"]


def test_a_saved_key_holds_no_real_key():
    keys = [f"{i:09d}" for i in np.random.default_rng(0).choice(10**9, 300, replace=False)]
    stored = str(fit_key("id", "str", [pd.Series(keys)]).as_dict())
    assert not any(key in stored for key in keys)
