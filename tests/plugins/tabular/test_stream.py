"""Frames in turn into one file: whole, marked as synthetic, or not there at all."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ganworks.errors import UsageError
from ganworks_tabular.stream import SUFFIXES, write_stream
from ganworks_tabular.table import read_table


def frames(count=3, rows=40):
    for number in range(count):
        draw = np.random.default_rng(number)
        amounts = 10.0**number * draw.integers(100, 999, rows)
        yield pd.DataFrame(
            {
                "real": draw.normal(size=rows),
                "cents": draw.integers(0, 9_999, rows) / 100,
                "whole": pd.array([None if v < 5 else v for v in draw.integers(0, 50, rows)], dtype="Int64"),
                "text": draw.choice(["a,b", 'c"d', "línea"], rows),
                "kind": pd.Categorical(["x"] * rows, ["y", "x"]),
                "gap": pd.Series([None] * rows, dtype="str") if number == 0 else pd.Series(["g"] * rows),
                "exact": [Decimal(int(v)) / 100 for v in amounts],
            }
        )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_reads_back_equal_to_the_frames(tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    expected = pd.concat(frames(), ignore_index=True)
    assert write_stream(frames(), path) == len(expected)
    found = read_table(path)
    assert list(found) == list(expected)
    for name in ("real", "cents", "whole"):
        assert found[name].dtype == expected[name].dtype
        np.testing.assert_allclose(
            found[name].astype("float64"), expected[name].astype("float64"), rtol=1e-15, equal_nan=True
        )
    for name in ("text", "kind", "gap"):
        pd.testing.assert_series_equal(found[name].astype("str"), expected[name].astype("str"))
    np.testing.assert_array_equal(found["exact"].astype("float64"), expected["exact"].astype("float64"))


def test_a_parquet_file_keeps_types_and_says_that_it_is_synthetic(tmp_path):
    path = tmp_path / "table.parquet"
    write_stream(frames(), path, {"seed": "7"})
    expected = pd.concat(frames(), ignore_index=True)
    columns = ["real", "whole", "text", "kind", "gap"]
    pd.testing.assert_frame_equal(pd.read_parquet(path)[columns], expected[columns])
    notes = pq.read_schema(path).metadata
    assert (notes[b"synthetic"], notes[b"seed"]) == (b"true", b"7")
    assert pq.ParquetFile(path).num_row_groups == 3  # one a frame: the memory is that of a frame


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_frames_are_equal_bytes(tmp_path, suffix):
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    write_stream(frames(), one)
    write_stream(frames(), two)
    assert one.read_bytes() == two.read_bytes()


def failing():
    yield from frames(1)
    raise OSError("no space left on device")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_crash_leaves_the_old_file_or_none(tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    with pytest.raises(OSError, match="no space left"):
        write_stream(failing(), path)
    assert list(tmp_path.iterdir()) == []
    write_stream(frames(1), path)
    before = path.read_bytes()
    with pytest.raises(OSError, match="no space left"):
        write_stream(failing(), path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_an_unknown_suffix_is_refused_before_anything_is_drawn(tmp_path):
    drawn = []
    with pytest.raises(UsageError, match=r"table.xlsx: tables are written as .csv, .csv.gz, .parquet"):
        write_stream((drawn.append(frame) or frame for frame in frames()), tmp_path / "table.xlsx")
    assert not drawn
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_rows_are_a_table_with_a_head(tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    assert write_stream([next(frames()).iloc[:0]], path) == 0
    found = pd.read_parquet(path) if suffix == ".parquet" else pd.read_csv(path)
    assert list(found) == list(next(frames()))
    assert found.empty
