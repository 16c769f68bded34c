"""Tables on disk: what comes back, and one clear line for each way a file can be wrong."""

import datetime
import gzip
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ganworks.errors import DataError
from ganworks_tabular.table import read_table, write_table


def typed_frame():
    return pd.DataFrame(
        {
            "whole": pd.array([1, None, 3], dtype="Int32"),
            "real": [0.1, np.nan, 2.5],
            "small": np.array([1, 2, 3], dtype="int8"),
            "text": ["a", None, "c"],
            "flag": pd.array([True, None, False], dtype="boolean"),
            "grade": pd.Categorical(["lo", "hi", None], categories=["lo", "hi"], ordered=True),
            "when": pd.to_datetime(["2020-01-01 10:00", None, "2021-05-05 00:00"]),
            "zoned": pd.to_datetime(["2020-01-01", "2020-07-01", None]).tz_localize("Europe/Paris"),
        }
    )


@pytest.mark.parametrize("name", ["t.parquet", "t.pq"])
def test_parquet_brings_every_type_back(tmp_path, name):
    frame = typed_frame()
    write_table(frame, tmp_path / name)
    pd.testing.assert_frame_equal(read_table(tmp_path / name), frame)


def test_parquet_of_other_programs_keeps_integers_decimals_and_dates(tmp_path):
    table = pa.table(
        {
            "n": pa.array([1, None], pa.uint16()),
            "b": pa.array([True, None]),
            "d": pa.array([Decimal("1.20"), None], pa.decimal128(12, 2)),
            "day": pa.array([datetime.date(2020, 2, 29), None], pa.date32()),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet")
    assert [str(kind) for kind in frame.dtypes] == [
        "UInt16",
        "boolean",
        "decimal128(12, 2)[pyarrow]",
        "date32[day][pyarrow]",
    ]
    assert frame["d"][0] == Decimal("1.20")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv"])
def test_csv_comes_back(tmp_path, name):
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1e-7], "c": ["x", "y, z"]})
    write_table(frame, tmp_path / name)
    pd.testing.assert_frame_equal(read_table(tmp_path / name), frame)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_common_delimiters_are_found(tmp_path, mark):
    (tmp_path / "t.csv").write_text(f"a{mark}b\n1{mark}x\n2{mark}y\n")
    assert read_table(tmp_path / "t.csv").to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_csv_keeps_leading_zeros_and_whole_numbers_with_gaps(tmp_path):
    (tmp_path / "t.csv").write_text("zip,n,r,f\n00501,1,1.0,True\n10001,,,\n90210,3,2.0,False\n")
    frame = read_table(tmp_path / "t.csv")
    assert frame["zip"].tolist() == ["00501", "10001", "90210"]
    assert [str(frame[name].dtype) for name in ("n", "r", "f")] == ["Int64", "float64", "boolean"]


def test_a_byte_order_mark_is_not_part_of_a_name(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfa,b\n1,2\n")
    assert list(read_table(tmp_path / "t.csv").columns) == ["a", "b"]


def test_gzipped_csv_is_the_same_bytes_each_time(tmp_path):
    frame = pd.DataFrame({"a": [1, 2]})
    for name in ("one.csv.gz", "two.csv.gz"):
        write_table(frame, tmp_path / name)
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n", "no rows"),
        (b"a,b,a\n1,2,3\n", "'a' is there twice"),
        (b"a,b\n1,caf\xe9\n", "not UTF-8 at byte 9"),
        ("a,b\n1,é\n".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,caf\xc3", "middle of a character"),
        (b"a,b\n1,inf\n2,1.5\n", "'b' has 1 infinite"),
        (b'a,b\n1,"x\n', "not a readable CSV"),
        (b"a\n" + b"".join(b"%d\n" % i for i in range(50)) + b"n/k\n", "row 51 holds 'n/k'"),
    ],
)
def test_a_wrong_csv_is_named_in_one_line(tmp_path, content, said):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read_table(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "t.csv") in str(caught.value)


def test_a_bad_byte_far_into_the_file_is_found(tmp_path):
    good = b"a,b\n" + b"1,x\n" * 400_000
    (tmp_path / "t.csv").write_bytes(good + b"2,\xff\n")
    with pytest.raises(DataError, match=f"byte {len(good) + 2};"):
        read_table(tmp_path / "t.csv")


def test_a_parquet_cut_short(tmp_path):
    write_table(pd.DataFrame({"a": range(1000)}), tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="not a whole Parquet file"):
        read_table(tmp_path / "t.parquet")


def test_a_gzip_cut_short(tmp_path):
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 5000)
    (tmp_path / "t.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match="cannot be unpacked"):
        read_table(tmp_path / "t.csv.gz")


def test_not_there_and_unknown_suffix(tmp_path):
    write_table(pd.DataFrame({"a": [1]}), tmp_path / "cards.csv")
    with pytest.raises(DataError, match=r"did you mean 'cards\.csv'"):
        read_table(tmp_path / "card.csv")
    (tmp_path / "t.xlsx").write_bytes(b"x")
    with pytest.raises(DataError, match=r"unknown suffix '\.xlsx'"):
        read_table(tmp_path / "t.xlsx")
    with pytest.raises(DataError, match="unknown suffix"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.json")


def test_parquet_with_a_name_twice(tmp_path):
    pq.write_table(
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "t.parquet"
    )
    with pytest.raises(DataError, match="'a' is there twice"):
        read_table(tmp_path / "t.parquet")
