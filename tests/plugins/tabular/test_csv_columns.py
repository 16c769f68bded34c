"""How the columns of a CSV are read: no digit and no word is lost without a word about it."""

import gzip
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import DataError
from ganworks_tabular import table_csv
from ganworks_tabular.csv_bytes import BLOCK_BYTES
from ganworks_tabular.table import read_table


def read(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith("gz") else content.encode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_table(path)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("late", [5, 1_500, 30_000])
def test_leading_zeros_are_kept_wherever_they_come(tmp_path, monkeypatch, name, mark, late):
    monkeypatch.setattr(table_csv, "CHUNK_ROWS", 7_000)
    codes = [f"{90_000 - i}" for i in range(late)] + ["01234"]
    rows = "".join(f"{code}{mark}{place}\n" for place, code in enumerate(codes))
    frame = read(tmp_path, f"zip{mark}n\n{rows}", name)
    assert frame["zip"].tolist() == codes
    assert frame["n"].dtype == "int64"


@pytest.mark.parametrize("start", range(BLOCK_BYTES - 12, BLOCK_BYTES + 2))
def test_leading_zeros_at_the_seam_of_two_blocks(tmp_path, start):
    head = "zip,n\n"
    filler = "9,1\n" * ((start - len(head)) // 4 - 2)
    filler += "9" * (start - len(head) - len(filler) - 3) + ",1\n"
    content = f"{head}{filler}00501,2\n9,3\n"
    assert content.index("00501") == start
    assert read(tmp_path, content)["zip"].iloc[-2] == "00501"


def test_a_last_cell_without_a_line_end(tmp_path):
    content = "n,zip\n" + "".join(f"{i},{90_000 - i}\n" for i in range(1_200)) + "5,00501"
    assert read(tmp_path, content)["zip"].iloc[-1] == "00501"


@settings(max_examples=25, deadline=None)
@given(
    numbers=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-99, 99), min_size=1, max_size=30),
    late=st.booleans(),
)
def test_whole_numbers_with_gaps_keep_every_digit(tmp_path_factory, numbers, late):
    filler = [7] * (1_100 if late else 0)
    rows = "".join(f"{number},x\n" for number in [*filler, *numbers])
    frame = read(tmp_path_factory.mktemp("csv"), f"account,b\n,x\n{rows}")
    assert frame["account"].dtype == "Int64"
    assert frame["account"].tolist()[1:] == [*filler, *numbers]


def test_numbers_too_long_for_any_type_are_texts(tmp_path):
    long = ["100000000000000000000000001", "", "100000000000000000000000002"]
    frame = read(tmp_path, "account,b\n" + "".join(f"{cell},1\n" for cell in long))
    assert frame["account"].dropna().tolist() == [long[0], long[2]]


def test_long_digits_in_a_column_of_decimals_stay_numbers(tmp_path):
    frame = read(tmp_path, "a,b\n0.5,1\n,1\n12345678901234567,1\n")
    assert frame["a"].dtype == "float64"


@settings(max_examples=25, deadline=None)
@given(cents=st.lists(st.integers(-(10**9), 10**9).filter(lambda c: c % 100), min_size=1, max_size=20))
def test_decimal_commas_are_numbers(tmp_path_factory, cents):
    rows = "".join(f"{cent / 100:.2f};till;{place}\n".replace(".", ",") for place, cent in enumerate(cents))
    frame = read(tmp_path_factory.mktemp("csv"), f"amount;shop;n\n{rows};web;3\n")
    np.testing.assert_array_equal(frame["amount"], [*(cent / 100 for cent in cents), np.nan])
    assert frame["n"].dtype == "int64"
    assert set(frame["shop"]) == {"till", "web"}


def test_commas_that_are_no_decimal_marks_stay_texts(tmp_path):
    frame = read(tmp_path, 'a;b;c\n"x, y";1,2,3;0.5\nz;4,5,6;1.5\n')
    assert frame["a"].tolist() == ["x, y", "z"]
    assert frame["b"].tolist() == ["1,2,3", "4,5,6"]
    assert frame["c"].tolist() == [0.5, 1.5]
    assert read(tmp_path, 'a,b\n"1,2",0.5\n"3,4",1.5\n')["a"].tolist() == ["1,2", "3,4"]


def test_a_whole_number_with_a_decimal_comma_is_a_float(tmp_path):
    frame = read(tmp_path, "a;b\n1,0;1\n;2\n2,0;3\n")
    assert frame["a"].dtype == "float64"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a;b\n1,5;0.5\n2,5;1.5\n", "'a' has decimal commas and 'b' decimal points"),
        ("a;b\n1.234,50;1\n12,00;2\n", r"'a' has marks between the thousands \('1.234,50'\)"),
        ('a,b\n"1,234.50",1\n"12.00",2\n', r"'a' has marks between the thousands \('1,234.50'\)"),
        ("a,b\n1,2,x\n3,4,y\n", "row 1 has 3 cells, but there are 2 column names"),
        ("a,b\n1,2\n3,4,y\n", "row 2 has 3 cells, but there are 2 column names"),
    ],
)
def test_what_cannot_be_read_truly_is_refused(tmp_path, content, said):
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "t.csv") in str(caught.value)


def test_delimiters_at_the_end_of_each_line_are_no_column(tmp_path):
    assert read(tmp_path, "a,b\n1,2,\n3,4,\n").to_dict("list") == {"a": [1, 3], "b": [2, 4]}
    many = 100_000
    assert read(tmp_path, "zip,b\n" + "9,2,\n" * many + "07,4,\n")["zip"].iloc[-1] == "07"
    with pytest.raises(DataError, match=f"row {many + 1} has 3 cells, but there are 2 column names"):
        read(tmp_path, "a,b\n" + "1,2,\n" * many + "3,4,lost\n")


def test_a_long_cell_with_line_ends_and_delimiters_is_one_cell(tmp_path):
    text = "one, two\n" * 40_000
    frame = read(tmp_path, f'a,b\n1,"{text}"\n2,x\n')
    assert frame["b"].tolist() == [text, "x"]


def test_na_and_none_are_words_among_words(tmp_path):
    rows = "".join(f"{i},{cell}\n" for i, cell in enumerate(["NA", "DE", "None", "US", "", "NULL"]))
    frame = read(tmp_path, f"n,country\n{rows}")
    assert frame["country"].iloc[:4].tolist() == ["NA", "DE", "None", "US"]
    assert frame["country"].isna().tolist() == [False] * 4 + [True] * 2


@pytest.mark.parametrize("gap", ["NA", "None", "", "NULL", "nan", "N/A"])
def test_they_are_gaps_among_numbers_dates_and_truths(tmp_path, gap):
    rows = f"1,0.5,2024-01-01,true\n{gap},{gap},{gap},{gap}\n3,1.5,2024-01-03,false\n"
    frame = read(tmp_path, f"n,x,day,flag\n{rows}")
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "float64", "str", "boolean"]
    assert frame.isna().to_numpy().tolist() == [[False] * 4, [True] * 4, [False] * 4]


def test_lines_that_end_in_carriage_returns_alone(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\r1,2\r3,4\r")
    assert read_table(path).to_numpy().tolist() == [[1, 2], [3, 4]]
    path.write_bytes(b"a,b\r1,2,3\r")
    with pytest.raises(DataError, match="row 1 has 3 cells, but there are 2 column names"):
        read_table(path)


def test_a_cell_of_any_length(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "x" * 200_000 + ",1\n" + "y,2\n" * 3)
    assert read_table(path)["b"].tolist() == [1, 2, 2, 2]
