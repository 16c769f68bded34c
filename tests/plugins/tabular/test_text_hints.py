"""Columns of texts that were meant as numbers, dates or times; row numbers; counts with their nouns."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import DataError
from ganworks_cli.main import main
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.constraints.reading import read_constraints
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.options import Options
from ganworks_tabular.study import TableStudy
from ganworks_tabular.table import read_table
from ganworks_tabular.text_hints import text_hint

ROWS = 200
DAYS = pd.Series(pd.date_range("2023-01-01", periods=40).strftime("%Y-%m-%d"))


def table(**columns):
    draw = np.random.default_rng(0)
    plain = {"n": draw.normal(size=ROWS).round(2), "Class": np.arange(ROWS) % 4 == 0}
    return pd.DataFrame({**columns, **plain})


def repeated(cells):
    return pd.Series(np.resize(np.asarray(cells, dtype=object), ROWS), dtype="str")


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.integers(100_000, 99_999_999), min_size=30, max_size=40, unique=True),
    form=st.sampled_from(["{:,.2f} EUR", "€{:,.2f}", "{:.2f} %", "$ {:,.2f}", "{:,.2f}", "CHF {:.1f}"]),
)
def test_amounts_with_marks_are_told_by_their_form_alone(numbers, form):
    hint = text_hint(repeated([form.format(one / 100) for one in numbers]))
    assert hint.startswith("all values look like numbers, of the form ")
    assert hint.endswith(": write plain numbers such as 1234.50")
    shown = hint.split("of the form ")[1].split(": write")[0]
    assert set(shown) & set("0123456789") == {"9"}  # no digit of a row


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, ROWS - 1), strange=st.sampled_from(["unknown", "n.d.", "31st of May", "?"]))
def test_one_bad_date_is_named_by_its_row_and_not_given_out(place, strange):
    cells = repeated(DAYS)
    cells[place] = strange
    assert text_hint(cells) == (
        f"most values look like dates, but row {place + 1} does not: write dates such as 2024-01-31, all in "
        "one form, or leave the cell empty"
    )
    cells[::20] = strange  # held by ten rows
    shared = int((cells == strange).sum())
    assert f"but row 1 holds '{strange}'" in text_hint(cells, shared)
    assert "but row 1 does not" in text_hint(cells, shared + 1)


@pytest.mark.parametrize(
    "cells",
    [
        [f"{number:05d}" for number in range(30)],  # postcodes
        [f"{months} months" for months in (12, 24, 36, 48)],
        ["1.0 EUR", "2.0 EUR"],  # two names
        [f"C{number}" for number in range(30)],
        [f"192.168.0.{number}" for number in range(30)],
        [f"192.168.100.{number}" for number in range(30)],
        [None],
    ],
)
def test_words_and_codes_are_left_alone(cells):
    assert text_hint(repeated(cells)) == ""


@pytest.mark.parametrize(
    "text", ["1.234.567,5{} €", "12'345.6{}", "1 234,5{} kr", "USD 1,234,567.8{}", "-1,5{}"]
)
def test_amounts_of_other_countries_are_told(text):
    hint = text_hint(repeated([text.format(n) for n in range(30)]))
    assert hint.startswith("all values look like numbers")


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%m/%d/%y", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%S+02:00"])
def test_other_forms_of_dates_are_told(form):
    cells = repeated(pd.date_range("2023-01-01 10:20", periods=40).strftime(form))
    assert text_hint(cells).startswith("all values look like dates")


def test_a_run_says_it_once_a_column_but_where_the_kind_is_settled(tmp_path):
    days = repeated(DAYS)
    days[17] = "unknown"
    at = repeated([f"{hour:02d}:15" for hour in range(24)])
    table(opened=days, at=at, price=[f"{n},000.5{n % 7} EUR" for n in range(1, ROWS + 1)]).to_csv(
        tmp_path / "t.csv", index=False
    )
    notes = TableStudy.read(Options(data=tmp_path / "t.csv", target="Class")).notes
    told = {note.split(":")[0]: note for note in notes if "--schema" in note}
    assert set(told) == {"opened", "at", "price"}
    assert "price: read as a key: all values look like numbers" in told["price"]
    assert "opened: read as a category: most values look like dates, but row 18" in told["opened"]
    assert "times of day" in told["at"]
    (tmp_path / "s.toml").write_text('keys = ["price"]\ncolumns.at.kind = "category"\n', encoding="utf-8")
    settled = Options(data=tmp_path / "t.csv", target="Class", table_schema=tmp_path / "s.toml")
    notes = TableStudy.read(settled).notes
    assert [note.split(":")[0] for note in notes if "--schema" in note] == ["opened"]


def test_the_schema_shows_it(tmp_path, capsys):
    table(price=repeated([f"{n},000.5 EUR" for n in range(1, 40)])).to_csv(tmp_path / "t.csv", index=False)
    assert main(["table", "schema", str(tmp_path / "t.csv"), "--target", "Class"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("price")]
    assert "all values look like numbers, of the form 9,999.9 EUR" in line
    assert (
        "look like" not in infer_schema(table(price=repeated(list("abcdefghijklmn"))), "Class")["price"].found
    )


# row 1 is the first one under the column names
@settings(max_examples=20, deadline=None)
@given(row=st.integers(1, 3_000))
def test_a_row_that_is_too_wide_is_named_by_its_place(tmp_path_factory, row):
    lines = ["a,b", *["1,2"] * 3_000]
    lines[row] += ",3"
    path = tmp_path_factory.mktemp("wide") / "t.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"row {row} has 3 cells, but there are 2 column names; name"):
        read_table(path)


def test_a_late_row_is_named_by_the_line_of_the_file(tmp_path):
    lines = ["a,b", *["1,2"] * 40_000]
    lines[30_000] += ",3"
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = r"t.csv: (row 30000|line 30001 of the file) has 3 cells, but there are 2 column names"
    with pytest.raises(DataError, match=said):
        read_table(tmp_path / "t.csv")


def test_rows_that_break_a_rule_are_counted_from_one():
    frame = table()
    frame["n"] = 1.0
    frame.loc[[0, 6], "n"] = -1.0
    rules = read_constraints([{"kind": "range", "column": "n", "low": 0}], frame, target="Class", least=5)
    assert str(rules.check(frame)) == "2 rows break the rule 0 <= n (rows 1, 7); left out of training"
    assert str(rules.check(frame.drop(index=6))) == (
        "1 row breaks the rule 0 <= n (row 1); left out of training"
    )


def test_one_row_is_not_rows():
    assert CategoryColumn.fit(repeated(["a", "b"]), "str", 5).notes == ()
    cells = repeated(["a", "b"])
    cells[3] = "c"
    (note,) = CategoryColumn.fit(cells.rename("w"), "str", 5).notes
    assert note == "w: 1 value held by fewer than 5 rows is never shown; 1 row takes another"
    few = pd.Series([1.25] + [np.nan] * 30, name="x")
    (note,) = NumberColumn.fit(few, "float64", 5).notes
    assert note.startswith("x: 1 row with a value is too few to hide one among")
