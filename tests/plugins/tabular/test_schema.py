"""What a table is found to be, and how that is corrected."""

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ganworks.errors import DataError, UsageError
from ganworks_tabular.infer import describe, infer_schema
from ganworks_tabular.schema import Schema
from ganworks_tabular.schema_file import read_corrections
from ganworks_tabular.synthesizer import Synthesizer

ROWS = 200


def table():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "row": np.arange(ROWS),
            "account": [f"AC{i:06d}" for i in random.permutation(ROWS)],
            "note": [f"free text {i // 2}" for i in range(ROWS)],
            "amount": random.lognormal(size=ROWS).round(2),
            "cents": [Decimal(int(v)) / 100 for v in random.integers(0, 10_000, ROWS)],
            "score": random.normal(size=ROWS),
            "items": random.integers(0, 500, ROWS) * 25,
            "children": random.integers(0, 4, ROWS),
            "country": random.choice(["FR", "IT", "DE"], ROWS),
            "open": random.random(ROWS) < 0.5,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 90, ROWS), "D"),
            "stamp": [f"2024-03-{1 + i % 28:02d} 12:{i % 60:02d}" for i in range(ROWS)],
            "currency": "EUR",
            "empty": np.full(ROWS, np.nan),
            "fraud": (random.random(ROWS) < 0.2).astype(int),
        }
    )


def test_kinds():
    schema = infer_schema(table(), "fraud")
    assert {column.name: column.kind for column in schema.columns} == {
        "row": "key",
        "account": "key",
        "note": "key",
        "amount": "number",
        "cents": "number",
        "score": "number",
        "items": "number",
        "children": "category",
        "country": "category",
        "open": "category",
        "day": "datetime",
        "stamp": "datetime",
        "currency": "constant",
        "empty": "constant",
        "fraud": "category",
    }
    assert schema["stamp"].form == "YYYY-MM-DD hh:mm"
    assert schema.modelled[-1].name == "fraud"
    assert "row" not in [column.name for column in schema.modelled]
    assert schema.discrete == ("children", "country", "open", "fraud")
    assert schema.classes == ("0", "1")
    assert schema.positive == "1"


def test_what_was_found_is_told():
    told = {row[0]: row for row in describe(infer_schema(table(), "fraud"))}
    assert told["fraud"][1] == "target"
    assert "2 decimals" in told["amount"][3]
    assert "steps of 25" in told["items"][3]
    assert "all digits" in told["score"][3]


def test_json_brings_the_schema_back():
    schema = infer_schema(table(), "fraud")
    assert Schema.from_dict(json.loads(json.dumps(schema.as_dict()))) == schema


def test_the_target_is_found_by_its_name():
    assert infer_schema(table(), None).target == "fraud"
    with pytest.raises(UsageError, match="columns of two values: open, outcome"):
        infer_schema(table().rename(columns={"fraud": "outcome"}), None)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1] * ROWS, "'1' in all rows"),
        ([0] * (ROWS - 1) + [1], "in one row only"),
        (list(range(ROWS)), "has 200 values"),
        ([0.0, 1.0] * (ROWS // 2 - 1) + [np.nan] * 2, "missing in 2 rows"),
    ],
)
def test_a_target_that_cannot_be_one(values, said):
    with pytest.raises(DataError, match=said):
        infer_schema(table().assign(fraud=values), "fraud")


def test_a_target_that_is_not_there():
    with pytest.raises(UsageError, match="did you mean 'fraud'"):
        infer_schema(table(), "froud")


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame(), "is empty"),
        (pd.DataFrame({"a": []}), "no rows"),
        (pd.DataFrame({1: [1, 2]}), "1 is not text"),
        (pd.DataFrame({"a": [1.0, np.inf]}), "1 infinite"),
        (pd.DataFrame({"a": [1, "x", 2]}, dtype=object), "row 2 holds 'x'"),
        (pd.DataFrame({"a": [[1], [2]]}), "objects"),
        (pd.DataFrame({"a": pd.to_timedelta([1, 2], "D")}), "timedelta"),
        (pd.DataFrame({"y": [0, 1, 0, 1]}), "no column to model"),
    ],
)
def test_a_frame_that_cannot_be_used(frame, said):
    with pytest.raises(DataError, match=said):
        infer_schema(frame, "y")


def test_corrections_from_a_file(tmp_path):
    (tmp_path / "schema.toml").write_text(
        'target = "fraud"\npositive = 0\nkeys = ["score"]\n[columns.children]\nkind = "number"\n'
        '[[constraints]]\nkind = "order"\nanything = [1, 2]\n'
    )
    frame = table()
    corrections = read_corrections(tmp_path / "schema.toml", frame.columns)
    schema = infer_schema(frame, None, corrections=corrections)
    assert (schema.positive, schema["children"].kind, schema["score"].kind) == ("0", "number", "key")
    assert corrections["constraints"] == [{"kind": "order", "anything": [1, 2]}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns.amuont]\nkind='number'", "did you mean 'amount'"),
        ("[columns.amount]\nkind='nmber'", "did you mean 'number'"),
        ("[columns.amount]\ntype='number'", "unknown entry 'type'"),
        ("[columns]\namount='number'", "one table for each column"),
        ("kyes=['row']", "did you mean 'keys'"),
        ("keys='row'", "keys is a list"),
        ("keys=['rwo']", "did you mean 'row'"),
        ("target='froud'", "did you mean 'fraud'"),
        ("target=", "is not TOML"),
    ],
)
def test_a_wrong_file_is_named_in_one_line(tmp_path, text, said):
    (tmp_path / "schema.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        read_corrections(tmp_path / "schema.toml", table().columns)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("country", "number"), ("country", "datetime"), ("amount", "constant"), ("empty", "number")],
)
def test_a_kind_that_the_values_do_not_allow(name, kind):
    with pytest.raises(UsageError, match=f"'{name}'"):
        infer_schema(table(), "fraud", corrections={"columns": {name: {"kind": kind}}})


def test_an_unknown_positive_class():
    with pytest.raises(UsageError, match="no class 'yes'; its classes are 0, 1"):
        infer_schema(table(), "fraud", corrections={"positive": "yes"})


@pytest.mark.parametrize(("name", "kind"), [("card_id", "key"), ("amount", "number")])
def test_card_numbers_that_come_in_several_rows_are_keys(name, kind):
    draw = np.random.default_rng(0)
    cards = draw.integers(4 * 10**15, 5 * 10**15, 100)
    frame = pd.DataFrame(
        {name: draw.choice(cards, 400), "fee": draw.normal(size=400), "fraud": np.arange(400) % 20 == 0}
    )
    schema = infer_schema(frame, "fraud")
    assert schema[name].kind == kind
    if kind == "key":
        made = (
            Synthesizer(steps=1, threads=1, progress=False, width=16, depth=1).fit(frame, "fraud").sample(500)
        )
        assert not set(made[name]) & set(cards.tolist())
