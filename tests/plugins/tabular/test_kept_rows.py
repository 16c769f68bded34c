"""The rows that a run keeps: they can be deleted, and rows are drawn all the same."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from ganworks.errors import DataError, RunError
from ganworks.registry import discover
from ganworks.session import Session
from ganworks_cli.main import main
from ganworks_tabular.study import PARTS, TableStudy
from ganworks_tabular.table import read_table, write_table


def reopened(folder):
    return Session.open(folder, discover(third_party=False))


def stop_after_training(event):
    if event.get("stage") == "sample":
        raise KeyboardInterrupt


def sampled(folder, out, *words):
    assert main(["sample", str(folder), "-n", "30", *words, "--out", str(out)]) == 0
    return pd.read_parquet(out / "synthetic.parquet")


@pytest.fixture
def run(table, create, tmp_path):
    """A run whose generator is trained; its data beside it."""
    write_table(table, tmp_path / "payments.parquet")
    made = create(tmp_path / "payments.parquet", tmp_path / "run")
    made.run_folder.listeners.append(stop_after_training)
    with pytest.raises(KeyboardInterrupt):
        made.run()
    return tmp_path / "run"


def test_rows_are_drawn_and_the_model_is_written_without_the_real_ones(run, tmp_path):
    before = sampled(run, tmp_path / "before", "--where", "Class=1", "--where", "city=Rome")
    rows = TableStudy.load(run / "cache").rows
    shutil.rmtree(run / "cache" / "table")
    (tmp_path / "payments.parquet").unlink()
    after = sampled(run, tmp_path / "after", "--where", "Class=1", "--where", "city=Rome")
    pd.testing.assert_frame_equal(after, before)
    reopened(run).sample(None, None, 0, tmp_path / "all")
    assert len(pd.read_parquet(tmp_path / "all" / "synthetic.parquet")) == rows["train"]
    assert reopened(run).export().file.is_file()
    assert not (run / "cache" / "table").exists()


def test_what_needs_the_real_rows_reads_them_again_and_does_not_write_them_back(run, tmp_path):
    first = TableStudy.load(run / "cache").parts
    shutil.rmtree(run / "cache" / "table")
    parts = reopened(run).pipeline.study.parts
    for name in PARTS:
        pd.testing.assert_frame_equal(parts[name], first[name])
    assert reopened(run).evaluate()["fidelity"]
    out = tmp_path / "more.parquet"
    assert main(["table", "augment", str(run), "--ratio", "0.5", "--out", str(out)]) == 0
    assert not (run / "cache" / "table").exists()


def test_without_rows_and_data_what_needs_them_ends_in_one_line(run, tmp_path, capsys):
    shutil.rmtree(run / "cache" / "table")
    (tmp_path / "payments.parquet").unlink()
    assert main(["evaluate", str(run)]) != 0
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "this needs the rows of the run" in line
    assert "payments.parquet is not a file" in line


@pytest.mark.parametrize("gone", ["cache", "cache/table"])
def test_changed_data_are_refused_and_never_cached(run, table, tmp_path, gone):
    shutil.rmtree(run / gone)
    write_table(table.assign(score=table["score"] + 1), tmp_path / "payments.parquet")
    with pytest.raises(RunError, match="the data changed since"):
        reopened(run).evaluate()
    assert not (run / "cache" / "table").exists()
    write_table(table, tmp_path / "payments.parquet")  # restored
    assert reopened(run).evaluate()["fidelity"]


def test_training_that_is_not_over_goes_on_with_rows(table, create, tmp_path):
    write_table(table, tmp_path / "payments.parquet")
    create(tmp_path / "payments.parquet", tmp_path / "run").data()
    shutil.rmtree(tmp_path / "run" / "cache" / "table")
    again = reopened(tmp_path / "run")
    assert "fit" not in again.run_folder.stages()
    assert len(again.data()) == len(again.pipeline.study.parts["train"]) > 0


def test_the_rates_are_those_of_the_coded_rows(session):
    study = session.pipeline.study
    assert study.rates == session.pipeline.rows("train").rates()
    stored = json.loads((session.run_folder.cache / "preparation.json").read_text(encoding="utf-8"))
    assert tuple(stored["rates"]) == study.rates


def test_a_text_column_of_mostly_digits_is_read_again(create, tmp_path):
    """As a whole it is text; a part of it can look like numbers with slips."""
    draw = np.random.default_rng(0)
    codes = [str(number) for number in draw.integers(100, 160, 400)]
    frame = pd.DataFrame({"x": draw.normal(size=400), "code": codes, "Class": np.arange(400) % 4 == 0})
    frame.loc[draw.choice(400, 46, replace=False), "code"] = "none"
    write_table(frame, tmp_path / "codes.parquet")
    made = create(tmp_path / "codes.parquet", tmp_path / "run")
    made.data()
    part = made.pipeline.study.parts["test"]
    part = part.assign(code=[*codes[: len(part) - 3], *["none"] * 3])
    write_table(part, tmp_path / "run" / "cache" / "table" / "test.parquet")
    with pytest.raises(DataError, match="mixes numbers and text"):
        read_table(tmp_path / "run" / "cache" / "table" / "test.parquet")
    pd.testing.assert_frame_equal(reopened(tmp_path / "run").pipeline.study.parts["test"], part)


def test_a_folder_of_table_samples_takes_new_ones_by_force(run, tmp_path, capsys):
    sampled(run, tmp_path / "out")
    before = (tmp_path / "out" / "synthetic.json").read_bytes()
    assert main(["sample", str(run), "--seed", "5", "--out", str(tmp_path / "out")]) == 2
    assert "out holds samples: replace them with --force, or name another --out" in capsys.readouterr().err
    assert (tmp_path / "out" / "synthetic.json").read_bytes() == before
    other = sampled(run, tmp_path / "out", "--seed", "5", "--force")
    assert json.loads((tmp_path / "out" / "synthetic.json").read_text(encoding="utf-8"))["seed"] == "5"
    assert len(other) == 30
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine", encoding="utf-8")
    assert main(["sample", str(run), "--out", str(tmp_path / "mine")]) == 2
    assert "holds no samples" in capsys.readouterr().err
