"""Tables larger than what is learnt: a uniform sample of the rows in one pass, and keys new in all of it."""

import shutil
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.errors import DataError, MissingExtraError
from ganworks.session import Session
from ganworks_tabular import table_parquet
from ganworks_tabular.commands_schema import schema_of_file
from ganworks_tabular.options import Options
from ganworks_tabular.source import Source
from ganworks_tabular.study import TableStudy
from ganworks_tabular.study_rows import read_rows
from ganworks_tabular.synthesizer import Synthesizer
from ganworks_tabular.table import read_table, write_table

SMALL = {"threads": 1, "device": "cpu", "progress": False, "batch": 64, "width": 32, "depth": 1, "latent": 16}
PEAK = """
import resource, sys
from pathlib import Path
from ganworks_tabular.source import Source
if len(sys.argv) > 2:
    source = Source.read(Path(sys.argv[1]), int(sys.argv[2]))
    assert len(source.frame) == int(sys.argv[2])
    assert max(int(part.max()) for part in source.column("id")) == source.total - 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture
def large(table, tmp_path, monkeypatch):
    """600 rows in groups of 100, read 64 at a time."""
    monkeypatch.setattr(table_parquet, "BATCH", 64)
    path = tmp_path / "large.parquet"
    table.to_parquet(path, row_group_size=100)
    return path


def test_a_sample_has_the_rows_and_types_of_the_table(large):
    whole = read_table(large)
    found = Source.read(large, 250, seed=3)
    assert (len(found.frame), found.total) == (250, 600)
    assert found.share == "250 of 600 rows, drawn at random"
    rows = found.frame["payment"].str[1:].astype(int).to_numpy()
    assert (np.diff(rows) > 0).all()
    pd.testing.assert_frame_equal(found.frame, whole.iloc[rows].reset_index(drop=True))
    pd.testing.assert_frame_equal(Source.read(large, 250, seed=3).frame, found.frame)
    assert not Source.read(large, 250, seed=4).frame.equals(found.frame)
    pd.testing.assert_series_equal(pd.concat(found.column("amount"), ignore_index=True), whole["amount"])


def test_the_same_rows_however_the_file_is_laid_out(large, tmp_path):
    found = Source.read(large, 250, seed=3).frame["payment"]
    whole = read_table(large)
    whole.to_parquet(tmp_path / "other.parquet", row_group_size=77)
    write_table(whole, tmp_path / "other.csv")
    for name in ("other.parquet", "other.csv"):
        assert Source.read(tmp_path / name, 250, seed=3).frame["payment"].tolist() == found.tolist()


def test_of_the_bundled_table_so_many_rows_too():
    found = read_rows(Options(most_rows=500))
    assert (len(found.frame), found.total) == (500, 9_857)
    assert sum(map(len, found.column("term"))) == 9_857


def test_rows_of_a_file_of_billions():
    chosen = table_parquet.draw_rows(5 * 10**9, 1_000, 0)
    assert len(np.unique(chosen)) == 1_000
    assert chosen.max() > 4 * 10**9


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
@pytest.mark.parametrize("most", [600, 10_000])
def test_a_table_that_is_small_enough_is_read_whole(table, tmp_path, name, most):
    write_table(table, tmp_path / name)
    found = Source.read(tmp_path / name, most)
    pd.testing.assert_frame_equal(found.frame, read_table(tmp_path / name))
    assert found.share == ""


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 400), share=st.floats(0, 1), batch=st.integers(1, 200), seed=st.integers(0, 99))
def test_so_many_rows_of_any_file(tmp_path_factory, rows, share, batch, seed):
    path = tmp_path_factory.mktemp("any") / "t.parquet"
    pd.DataFrame({"id": np.arange(rows)}).to_parquet(path, row_group_size=max(rows // 3, 1))
    wanted = round(share * rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_parquet, "BATCH", batch)
        found = table_parquet.sample_parquet(path, wanted, seed)["id"].to_numpy()
    assert len(found) == wanted
    assert len(np.unique(found)) == wanted


def test_every_row_is_as_likely_as_any_other(large):
    counts = np.zeros(600)
    for seed in range(200):
        frame = table_parquet.sample_parquet(large, 60, seed)
        counts[frame["payment"].str[1:].astype(int)] += 1
    assert counts.sum() == 200 * 60
    expected, spread = 20, np.sqrt(200 * 0.1 * 0.9)
    assert np.abs(counts - expected).max() < 5 * spread
    groups = counts.reshape(6, 100).sum(1)  # neither the first nor the last rows are favoured
    assert np.abs(groups - 2_000).max() < 5 * np.sqrt(200) * np.sqrt(60 * 1 / 6 * 5 / 6)


def test_the_memory_is_that_of_the_rows_that_are_kept(tmp_path):
    path = tmp_path / "large.parquet"
    rows = 200_000
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(rows, 12)), columns=list("abcdefghijkl"))
    with pq.ParquetWriter(path, pa.Schema.from_pandas(frame.assign(id=0), preserve_index=False)) as writer:
        for group in range(10):  # 2,000,000 rows: 208 MB in memory
            part = frame.assign(id=np.arange(group * rows, (group + 1) * rows))
            writer.write_table(pa.Table.from_pandas(part, preserve_index=False))

    def peak(*arguments: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *arguments], capture_output=True, text=True, check=True
        )
        return int(done.stdout) * 1024

    assert peak(str(path), "10000") - peak(str(path)) < 110e6


def test_synthetic_keys_are_new_in_the_whole_table(large):
    texts = read_table(large)["payment"]
    model = Synthesizer(steps=2, most_rows=150, **SMALL).fit(large, target="Class")
    made = model.sample(2_000)
    assert made["payment"].is_unique
    assert not made["payment"].isin(texts).any()


def test_numbers_of_rows_are_known_and_count_on_above_the_highest_of_all(table, tmp_path):
    path = tmp_path / "rows.csv"
    frame = table.drop(columns="payment")
    frame.insert(0, "row", np.arange(5_000, 5_600))
    write_table(frame, path)
    made = Synthesizer(steps=2, most_rows=150, **SMALL).fit(path, target="Class").sample(10)
    assert made["row"].tolist() == list(range(5_600, 5_610))


@pytest.mark.parametrize("case", ["missing in the last batch", "from end to end of int64"])
def test_other_whole_numbers_are_no_numbers_of_rows(large, case):
    frame = pd.concat([read_table(large)] * 2, ignore_index=True).iloc[:641]  # 10 batches and one row
    numbers = pd.Series(np.arange(len(frame)), dtype="Int64")
    if case == "missing in the last batch":
        numbers.iloc[-1] = pd.NA
    else:
        numbers.iloc[[0, -1]] = [-(2**63), 2**63 - 1]
    frame.assign(number=numbers).to_parquet(large, row_group_size=641)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "keys" not in Source.read(large, 640, seed=1).corrected({})


def test_a_missing_extra_is_said_of_a_sample_too(large):
    source = Source.read(large, 250)
    with pytest.raises(MissingExtraError, match=r"ganworks\[private\]'.*250 of 600 rows"), source.told():
        raise MissingExtraError("a privacy budget", "private")


def test_the_schema_of_a_large_table_says_which_rows_it_looked_at(large, monkeypatch):
    monkeypatch.setattr(Source.read.__func__, "__defaults__", (250, 0))
    assert schema_of_file(large, "Class", None)[-1] == "250 of 600 rows, drawn at random"


def test_a_run_says_which_rows_it_learnt_and_finds_them_again(large, create, tmp_path, monkeypatch):
    session: Session = create(large, tmp_path / "run", most_rows=300)
    monkeypatch.setattr(session, "export", lambda: None)  # takes most of the time and says nothing of rows
    session.run()
    study = session.pipeline.study
    assert sum(study.rows.values()) == 300
    note = "learnt and judged by 300 of 600 rows, drawn at random (--most-rows)"
    assert note in study.notes
    assert note in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    made = pd.read_parquet(tmp_path / "run" / "samples" / "synthetic.parquet")
    assert not made["payment"].isin(read_table(large)["payment"]).any()
    shutil.rmtree(tmp_path / "run" / "cache" / "table")
    again = type(study).load(tmp_path / "run" / "cache", session.pipeline.options)
    for name, part in study.parts.items():
        pd.testing.assert_frame_equal(again.parts[name], part)


def test_a_class_too_rare_among_the_rows_says_how_to_read_more(large, create, tmp_path):
    frame = read_table(large)
    frame["Class"] = (np.arange(len(frame)) % 100 == 0).astype(int)
    frame.to_parquet(large)
    with pytest.raises(DataError, match=r"\(looked at: 100 of 600 rows, drawn at random; --most-rows\)"):
        create(large, tmp_path / "run", most_rows=100, target="Class").run()


def test_a_file_cut_short_is_refused(large):
    content = large.read_bytes()
    large.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="not a whole Parquet file"):
        Source.read(large, 100)


def test_rows_that_are_named_are_said_to_be_counted_among_those_drawn(large, tmp_path):
    drawn = "learnt and judged by 300 of 600 rows, drawn at random (--most-rows)"
    assert drawn in TableStudy.read(Options(data=large, target="Class", most_rows=300)).notes
    table = read_table(large)
    table["opened"] = pd.date_range("2023-01-01", periods=len(table)).strftime("%Y-%m-%d")
    table.loc[table.index % 50 == 7, "opened"] = "unknown"
    write_table(table, tmp_path / "words.csv")
    notes = TableStudy.read(Options(data=tmp_path / "words.csv", target="Class", most_rows=300)).notes
    assert notes[0] == f"{drawn}; the rows named below are counted among these"
    assert any("look like dates, but row" in note for note in notes[1:])
