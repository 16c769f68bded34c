"""A whole table as codes and back."""

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import DataError
from ganworks_tabular.codec import TableCodec
from ganworks_tabular.embedded import lending_club
from ganworks_tabular.infer import infer_schema

ROWS = 400


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "fraud": (random.random(ROWS) < 0.2).astype(int),  # the target first: the codec puts it last
            "id": [f"T{i:05d}" for i in random.permutation(ROWS)],
            "amount": np.where(random.random(ROWS) < 0.3, 0, random.integers(1, 9_000, ROWS) / 100),
            "price": pd.Series([Decimal(int(v)) / 100 for v in random.integers(0, 9_000, ROWS)]).astype(
                pd.ArrowDtype(pa.decimal128(10, 2))
            ),
            "age": pd.array(
                np.where(random.random(ROWS) < 0.1, None, random.integers(18, 90, ROWS)), dtype="Int16"
            ),
            "country": pd.Categorical(random.choice(["FR", "IT"], ROWS), ["IT", "FR"], ordered=True),
            "open": random.random(ROWS) < 0.5,
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 80, ROWS), "D"),
            "currency": "EUR",
            "empty": np.full(ROWS, np.nan),
        }
    )


@pytest.fixture(scope="module")
def codec(table):
    return TableCodec.fit(table, infer_schema(table, "fraud"), least=1)


def whole(codec, table, seed=0):
    return codec.expand(codec.encode(table, seed), torch.arange(len(table)))


def test_a_table_comes_back_with_its_types_and_order(codec, table):
    made = codec.finish(codec.decode(whole(codec, table)), seed=1)
    pd.testing.assert_frame_equal(made.drop(columns="id"), table.drop(columns="id"))
    assert made.columns.tolist() == table.columns.tolist()
    assert made["id"].is_unique
    assert made["id"].str.fullmatch(r"T\d{5}").all()


def test_parts_are_in_order_and_the_target_is_last(codec):
    assert codec.columns[-1] == "fraud"
    assert [part for name in codec.columns for part in codec.parts[name]] == list(range(len(codec.spans)))
    assert len(codec.parts["fraud"]) == 1
    assert codec.spans[codec.parts["fraud"][0]] == 2
    assert codec.texts("fraud") == codec.schema.classes == ("0", "1")
    for gate in codec.gates:
        assert codec.spans[gate.number] == 1
        assert codec.spans[gate.choice] > gate.place


def test_rows_are_numbers_in_range_and_choices_of_one(codec, table):
    codes = codec.encode(table)
    assert (codes.numbers.dtype, codes.choices.dtype) == (torch.float32, torch.int32)
    rows = codec.expand(codes, torch.tensor([5, 0, 5]))
    assert rows.shape == (3, sum(codec.spans))
    assert torch.equal(rows[0], rows[2])
    for part, span in zip(rows.split(list(codec.spans), 1), codec.spans, strict=True):
        if span == 1:
            assert part.abs().max() <= 1
        else:
            assert torch.equal(part.sum(1), torch.ones(3))
            assert part.unique().tolist() == [0, 1]


def test_a_seed_settles_the_codes(codec, table):
    first, again, other = (codec.encode(table, seed).numbers for seed in (4, 4, 5))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_json_brings_the_codec_back_exactly(codec, table):
    stored = TableCodec.from_dict(json.loads(json.dumps(codec.as_dict(), allow_nan=False)))
    rows = whole(codec, table)
    assert (stored.spans, stored.columns, stored.gates) == (codec.spans, codec.columns, codec.gates)
    pd.testing.assert_frame_equal(stored.decode(rows), codec.decode(rows))
    assert torch.equal(stored.encode(table).numbers, codec.encode(table).numbers)
    pd.testing.assert_frame_equal(
        stored.finish(stored.decode(rows), 2, 9), codec.finish(codec.decode(rows), 2, 9)
    )


def test_keys_and_rows_do_not_depend_on_the_batch(codec, table):
    rows = whole(codec, table)
    made = codec.finish(codec.decode(rows), 7, 0)
    parts = [codec.finish(codec.decode(rows[a:b]), 7, a) for a, b in ((0, 150), (150, 151), (151, ROWS))]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), made)


def test_no_rows_make_an_empty_table(codec, table):
    made = codec.finish(codec.decode(whole(codec, table)[:0]), 0)
    assert len(made) == 0
    assert (made.dtypes == table.dtypes).all()


def test_what_is_not_there_is_named(codec, table):
    with pytest.raises(DataError, match="no column 'amount'"):
        codec.encode(table.drop(columns="amount"))
    with pytest.raises(DataError, match="'fraud' has the value '2'"):
        codec.encode(table.assign(fraud=2))
    with pytest.raises(DataError, match="did you mean 'country'"):
        codec.texts("contry")


def test_the_loans_keep_their_values():
    loans = lending_club()
    codec = TableCodec.fit(loans, infer_schema(loans, None))
    made = codec.finish(codec.decode(whole(codec, loans)))
    assert (made.dtypes == loans.dtypes).all()
    for name in codec.schema.discrete:
        assert (made[name] == loans[name]).mean() > 0.999
    assert ((made["total_bal_il"] - loans["total_bal_il"]).abs() <= 1).mean() > 0.998
    assert any("acc_now_delinq" in note for note in codec.notes)


COLUMNS = {
    "int64": lambda random, n: pd.Series(random.integers(-5, 40, n)),
    "Int8": lambda random, n: pd.Series(random.integers(0, 9, n)).astype("Int8").mask(random.random(n) < 0.3),
    "float64": lambda random, n: pd.Series(random.normal(size=n)).mask(random.random(n) < 0.3),
    "float32": lambda random, n: pd.Series(random.normal(size=n).round(1).astype("float32")),
    "str": lambda random, n: pd.Series(random.choice(["a", "b", "c", ""], n), dtype="str"),
    "string": lambda random, n: pd.Series(random.choice(["a", "b"], n)).astype("string"),
    "bool": lambda random, n: pd.Series(random.random(n) < 0.5),
    "category": lambda random, n: pd.Series(random.choice(["x", "y"], n)).astype("category"),
    "datetime64[ns]": lambda random, n: pd.Series(
        pd.Timestamp("2024-02-28").as_unit("ns") + pd.to_timedelta(random.integers(0, 400, n), "h")
    ).mask(random.random(n) < 0.3),
    "object": lambda random, n: pd.Series([Decimal(int(v)) / 4 for v in random.integers(0, 9, n)]),
}


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=5),
    rows=st.integers(4, 40),
    least=st.integers(1, 6),
    seed=st.integers(0, 2**31),
)
def test_any_small_table_can_be_learnt_and_made(kinds, rows, least, seed):
    """Types, columns and the target come back; new values lie near the real ones; nothing fails."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({f"c{i}": COLUMNS[kind](random, rows) for i, kind in enumerate(kinds)})
    frame["base"], frame["y"] = random.normal(size=rows), [0, 1] * 2 + [0] * (rows - 4)
    codec = TableCodec.fit(frame, infer_schema(frame, "y"), least=least)
    codec = TableCodec.from_dict(json.loads(json.dumps(codec.as_dict(), allow_nan=False)))
    coded = whole(codec, frame)
    drawn = torch.from_numpy(random.normal(size=coded.shape).astype(np.float32))
    for made in (codec.finish(codec.decode(coded)), codec.finish(codec.decode(drawn))):
        assert (made.dtypes.astype(str) == frame.dtypes.astype(str)).all()
        for name in [column.name for column in codec.schema.modelled if column.kind == "number"]:
            real, new = frame[name].dropna().astype(float), made[name].dropna().astype(float)
            spread = real.max() - real.min() + 1e-6  # a tail goes on a little beyond the last value
            assert new.between(real.min() - spread, real.max() + spread).all()
    assert (codec.decode(coded)["y"] == frame["y"]).all()
