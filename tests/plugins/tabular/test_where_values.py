"""Values that conditions give: each one is held exactly, in whatever form it was typed, or refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import UsageError
from ganworks_cli.main import main
from ganworks_tabular.conditions import Between, read_conditions, typed_conditions
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.synthesizer import Synthesizer

ROWS = 300


def odd_table():
    """Names, types and values that are easily mistaken for others."""
    draw = np.random.default_rng(0)
    big = 2**60 + draw.integers(0, 2**40, ROWS)
    gaps = pd.array(big, dtype="Int64")
    gaps[::7] = pd.NA
    note = np.array(["", None, "x"], dtype=object)[draw.integers(0, 3, ROWS)]
    return pd.DataFrame(
        {
            "big": big,
            "gaps": gaps,
            "score": draw.normal(size=ROWS),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 10**6, ROWS), "s"),
            "a": draw.choice(["b=u", "v"], ROWS),
            "a=b": draw.choice(["u", "v"], ROWS),
            "band": draw.choice(["0..100", "100..500"], ROWS),
            "note": note,
            "flag": draw.random(ROWS) < 0.5,
            "grade": draw.choice([0.5, 1.0, 2.0], ROWS).astype("float32"),
            "Class": (np.arange(ROWS) % 5 == 0).astype(float),
        }
    )


CORRECTIONS = {"columns": {"grade": {"kind": "category"}}}


@pytest.fixture(scope="module")
def odd():
    return odd_table()


@pytest.fixture(scope="module")
def prepared(odd):
    return Preparation.fit(odd, infer_schema(odd, "Class", corrections=CORRECTIONS))


@pytest.fixture(scope="module")
def drawer(odd):
    made = Synthesizer(steps=3, device="cpu", threads=1, progress=False)
    return made.fit(odd, target="Class", corrections=CORRECTIONS).drawer


def cell(prepared, name, value):
    return typed_conditions({name: value}, prepared)[name].iloc[0]


@settings(max_examples=50, deadline=None)
@given(number=st.integers(-(2**63), 2**63 - 1), name=st.sampled_from(["big", "gaps"]), as_text=st.booleans())
def test_whole_numbers_keep_every_digit(prepared, number, name, as_text):
    found = cell(prepared, name, str(number) if as_text else number)
    assert int(found) == number
    assert cell(prepared, name, np.int64(number)) == number


def test_rows_hold_the_whole_number(drawer):
    where = {"big": "1152921993740214777", "gaps": 2**60 + 1}
    frame = drawer.frame(5, where=where)
    assert frame["big"].tolist() == [1152921993740214777] * 5
    assert frame["gaps"].tolist() == [2**60 + 1] * 5


@pytest.mark.parametrize("value", [1, 1.0, "1", "1.0", "1e0", np.float32(1), np.int8(1), np.float64(1)])
def test_a_class_of_floats_in_any_form(prepared, value):
    found = typed_conditions({"Class": value}, prepared)["Class"]
    assert found.tolist() == [1.0]
    assert found.dtype == "float64"


@pytest.mark.parametrize("value", [0.5, "0.50", np.float32(0.5), ".5"])
def test_a_category_of_floats_in_any_form(prepared, value):
    assert cell(prepared, "grade", value) == np.float32(0.5)


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("FALSE", False), (True, True)])
def test_truth_in_any_form(prepared, value, expected):
    assert cell(prepared, "flag", value) == expected


@pytest.mark.parametrize("value", [None, pd.NA, float("nan"), np.datetime64("NaT")])
def test_missing_is_not_the_empty_text(drawer, value):
    assert drawer.frame(20, where={"note": value})["note"].isna().all()
    assert (drawer.frame(20, where={"note": ""})["note"] == "").all()


def test_missing_is_refused_where_only_the_empty_text_occurs(odd):
    frame = odd.assign(note=odd["note"].fillna("y"))
    prepared = Preparation.fit(frame, infer_schema(frame, "Class"))
    with pytest.raises(UsageError, match=r"'note' is never '' \(missing\); it has '', x, y"):
        typed_conditions({"note": None}, prepared)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"score": 10**400}, r"score=1e\+400 cannot be met: the column is float64"),
        ({"score": 2**60 + 1}, "score=1152921504606846977 cannot be met: the column is float64, exact up to"),
        ({"big": 10**400}, r"big=1e\+400 cannot be met: the column is int64"),
        ({"big": 2**63}, "cannot be met: the column is int64"),
        ({"big": "9" * 5_000}, "is not a number"),
        ({"score": "9" * 400 + ".5"}, "is not a number"),
        ({"score": [1.0, 2.0]}, "is not one value; give one, or Between two"),
        ({"score": np.array([1.0, 2.0])}, "is not one value"),
        ({"a": ["v"]}, "is not one value"),
        ({"when": "2024-01-01..2024-02-01"}, "dates take no range; give one date"),
        ({"when": "2024-01-01.."}, "dates take no range; give one date"),
        ({"when": "2024"}, "is not a date; give one, as 2024-01-31 or 2024-01-31 13:45"),
        ({"when": "10"}, "is not a date"),
        ({"when": "Jan 5 2024"}, "is not a date"),
        ({"when": "05/01/2024"}, "is not a date"),
        ({"when": "2024-13-01"}, "is not a date"),
        ({"when": 5}, "is not a date"),
        ({"when": Between(2024, 2025)}, r"'when' takes no range \(it holds dates\): give one value"),
        ({"grade": "a"}, "'grade' is never 'a'; it has 0.5, 1.0, 2.0"),
        ({"flag": 1}, "'flag' is never '1'"),
    ],
)
def test_what_is_no_value_is_refused_in_one_line(prepared, where, said):
    with pytest.raises(UsageError, match=said) as caught:
        typed_conditions(where, prepared)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["2024-01-05", "2024-01-05T00:00", "2024-01-05 00:00:00.000", "2024-01-05 01:00+01:00"]
)
def test_dates_in_their_usual_forms(prepared, text):
    assert cell(prepared, "when", text) == pd.Timestamp("2024-01-05")


@pytest.mark.parametrize(
    "ends", [("a", "b"), (None, 1), ("1", "2"), (0, [1]), (0, 10**400), (pd.Timestamp(0), 1)]
)
def test_ends_of_a_range_are_numbers(ends):
    with pytest.raises(UsageError, match=r"a range (goes from number to number|ends at a number beyond)"):
        Between(*ends)


def test_the_longest_name_that_fits_is_the_column():
    columns = ["a", "a=b", "c"]
    assert read_conditions(["a=b=p", "a=v"], columns) == {"a=b": "p", "a": "v"}
    assert read_conditions(["c=a=b=p"], columns) == {"c": "a=b=p"}
    assert read_conditions(["a==b"], columns) == {"a": "=b"}


def test_a_category_that_reads_like_a_range(drawer):
    where = read_conditions(["band=100..500", "a=b=u"], ["band", "a", "a=b"])
    frame = drawer.frame(20, where=where)
    assert (frame["band"] == "100..500").all()
    assert (frame["a=b"] == "u").all()
    with pytest.raises(UsageError, match="'band' takes no range"):
        drawer.frame(1, where=read_conditions(["band=1..2"], ["band"]))


def test_the_command_refuses_a_range_of_dates(session, tmp_path, capsys):
    words = ["sample", str(session.run_folder.folder), "-n", "4", "--out", str(tmp_path / "s")]
    assert main([*words, "--where", "when=2024-01-01..2024-02-01"]) == 2
    assert "dates take no range; give one date" in capsys.readouterr().err
    assert not list(tmp_path.glob("s/*"))
