"""Finished rows in frames and in files, and rows completed from what is given of each."""

import numpy as np
import pandas as pd
import pytest

from ganworks.errors import DataError, UsageError
from ganworks_tabular.conditions import Between
from ganworks_tabular.drawing import BLOCKS_A_FRAME
from ganworks_tabular.model import BLOCK
from ganworks_tabular.table import read_table


@pytest.fixture(scope="module")
def drawer(synthesizer):
    return synthesizer.drawer


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_file_holds_the_rows_of_the_frame(drawer, tmp_path, suffix):
    path = tmp_path / f"rows{suffix}"
    drawer.write(path, 700, seed=5)
    expected = drawer.frame(700, seed=5)
    if suffix == ".parquet":
        pd.testing.assert_frame_equal(pd.read_parquet(path), expected)
        return
    found = read_table(path)
    pd.testing.assert_series_equal(pd.to_datetime(found.pop("when"), utc=True).dt.as_unit("us"),
                                   expected.pop("when").dt.tz_convert("UTC"))  # fmt: skip
    for name, kind in {"age": "Int64", "count": "int64", "abroad": "bool", "Class": "int64"}.items():
        assert str(found[name].dtype) == kind
    pd.testing.assert_frame_equal(found.astype(expected.dtypes), expected, rtol=1e-15)


def test_frames_of_files_hold_all_rows_in_order(drawer):
    count = BLOCK * BLOCKS_A_FRAME + 10
    found = list(drawer.file_frames(count, seed=1))
    assert [len(frame) for frame in found] == [count - 10, 10]
    assert len(found) == drawer.file_frame_count(count)
    pd.testing.assert_frame_equal(
        found[1], drawer.frame(10, seed=1, start=count - 10), check_index_type=False
    )


def test_no_rows_have_columns_and_types(drawer, table, tmp_path):
    found = drawer.frame(0, where={"Class": 1})
    assert found.empty
    assert (found.dtypes == table.dtypes).all()
    drawer.write(tmp_path / "none.parquet", 0)
    assert list(pd.read_parquet(tmp_path / "none.parquet")) == list(table)


def test_a_condition_that_cannot_be_met_leaves_no_file(drawer, tmp_path):
    with pytest.raises(UsageError, match="is never"):
        drawer.write(tmp_path / "rows.csv", 10, where={"city": "Atlantis"})
    assert not list(tmp_path.iterdir())


def test_a_file_of_rows_under_conditions(drawer, tmp_path):
    where = {"Class": 1, "score": Between(0, 2)}
    drawer.write(tmp_path / "rows.parquet", 50, where=where)
    found = pd.read_parquet(tmp_path / "rows.parquet")
    assert (found["Class"] == 1).all()
    assert found["score"].between(0, 2).all()


def test_rows_are_completed_from_what_is_given_of_each(drawer, table):
    draw = np.random.default_rng(0)
    rows = draw.integers(0, len(table), BLOCK + 100)
    given = table.loc[rows, ["amount", "shop", "when", "Class"]].reset_index(drop=True)
    found = drawer.complete(given, seed=3)
    assert list(found) == list(table)
    assert (found.dtypes == table.dtypes).all()
    pd.testing.assert_frame_equal(found[list(given)], given)
    assert found["payment"].is_unique
    assert found["score"].nunique() > 1_000
    pd.testing.assert_frame_equal(found, drawer.complete(given, seed=3))


def test_rows_cannot_be_completed_from_values_that_are_not_known(drawer, table):
    with pytest.raises(DataError, match="'Atlantis'"):
        drawer.complete(pd.DataFrame({"city": ["Oslo", "Atlantis"]}))
