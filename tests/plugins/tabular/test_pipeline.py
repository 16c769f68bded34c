"""A whole run over a table of every kind of column: files, figures, page, samples; stopped and resumed."""

import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ganworks.errors import UsageError
from ganworks.registry import discover
from ganworks.session import Session
from ganworks_cli.main import main
from ganworks_exports.runtime import load
from ganworks_tabular import sampling
from ganworks_tabular.options import Options
from ganworks_tabular.study import PARTS, TableStudy
from ganworks_tabular.table import read_table, write_table


def test_a_run_leaves_a_synthetic_table_of_the_kind_of_the_input(session, data):
    real = read_table(data)
    path = session.run_folder.samples / "synthetic.parquet"
    made = read_table(path)
    assert list(made) == list(real)
    assert (made.dtypes == real.dtypes).all()
    assert len(made) == session.run_folder.settings()["data"]["rows"]["train"]
    notes = pq.read_schema(path).metadata
    assert notes[b"synthetic"] == b"true"
    beside = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert beside == {
        "synthetic": True,
        "file": "synthetic.parquet",
        "rows": len(made),
        "conditions": {},
        "first_row_seed": "0",
        "seed": "0",
        "generator_sha256": notes[b"generator_sha256"].decode(),
    }


def test_the_parts_are_those_rows(session, data):
    parts = session.pipeline.study.parts
    assert sum(map(len, parts.values())) == len(read_table(data))
    keys = pd.concat([part["payment"] for part in parts.values()])
    assert keys.is_unique
    facts = session.run_folder.settings()["data"]
    assert facts["rows"] == {name: len(parts[name]) for name in PARTS}
    assert (facts["target"], facts["positive"], facts["classes"]) == ("Class", "1", ["0", "1"])


def test_the_figures_stand_beside_their_ceilings(session):
    metrics = session.run_folder.metrics()
    blocks = {"fidelity", "two_sample", "coverage", "privacy", "fairness", "constraints", "rows", "limits"}
    assert blocks <= metrics.keys()
    assert "utility" not in metrics
    assert metrics["two_sample"]["ceiling"]["auc"] == pytest.approx(0.5, abs=0.25)  # train against test
    assert metrics["constraints"] == {"broken": 0}
    assert metrics["export"]["file"] == "model/generator.onnx"
    text = json.dumps(metrics, allow_nan=False)
    assert "datetime" not in text


def test_dates_decimals_and_missing_cells_can_be_compared(session, data):
    study = session.pipeline.study
    real = read_table(data)
    found = study.comparable(real)
    assert set(found) == {column.name for column in study.schema.modelled}
    epoch, second = pd.Timestamp("1970-01-01", tz="UTC"), pd.Timedelta(seconds=1)
    np.testing.assert_allclose(found["when"], (real["when"] - epoch) / second)
    np.testing.assert_allclose(found["day"], (pd.to_datetime(real["day"], utc=True) - epoch) / second)
    np.testing.assert_allclose(found["fee"], real["fee"].astype("float64"))
    np.testing.assert_array_equal(found["age"].isna(), real["age"].isna())
    assert found["shop"].isna().sum() == real["shop"].isna().sum()
    assert set(found["level"]) == {"1", "2", "3", "4"}


def test_the_page_tells_of_the_table_and_of_its_use(session):
    page = (session.run_folder.folder / "report.html").read_text(encoding="utf-8")
    for said in ("payments.parquet", "amount", "model.sample(1_000", "--where Class=1", "decimals"):
        assert said in page
    assert "NaT" not in page


def test_every_stage_again_from_the_folder_alone(session):
    again = Session.open(session.run_folder.folder, discover(third_party=False))
    path = session.run_folder.samples / "synthetic.parquet"
    before = pd.read_parquet(path)
    again.sample(len(before), None, 0, session.run_folder.samples)
    pd.testing.assert_frame_equal(pd.read_parquet(path), before)


def test_further_rows_are_new_ones_and_the_same_each_time(session, tmp_path):
    own = read_table(session.run_folder.samples / "synthetic.parquet")
    made = {}
    for name, where in {"a": (), "b": (), "c": ("Class=1",)}.items():
        session.sample(50, None, 0, tmp_path / name, where=where)
        made[name] = read_table(tmp_path / name / "synthetic.parquet")
        assert not set(made[name]["payment"]) & set(own["payment"])
        assert not set(made[name]["score"]) & set(own["score"])  # floats: equal ones are equal rows
    pd.testing.assert_frame_equal(made["a"], made["b"])
    assert set(made["c"]["Class"]) == {1}


def test_only_draws_of_several_blocks_show_how_far_they_are(session, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(session.run_folder, "listeners", [told.append])
    session.sample(50, None, 0, tmp_path / "few")
    assert not [one for one in told if one["event"] == "progress"]
    monkeypatch.setattr(sampling, "FRAME_ROWS", 20)
    session.sample(50, None, 0, tmp_path / "more")
    labels = {one["label"] for one in told if one["event"] == "progress"}
    assert labels == {"blocks of 20 rows written"}


def test_a_table_has_no_size_in_pixels(capsys):
    assert main(["run", "tabular-fraud", "--help"]) == 0
    said = capsys.readouterr().out
    assert "--size" not in said
    assert "--most-rows" in said
    assert " size" not in said.partition("Only in --config")[2]
    assert main(["run", "tabular-fraud", "--set", "size=32"]) == 2
    assert "size: a table has no pixels: leave it out" in capsys.readouterr().err
    assert main(["run", "image", "--help"]) == 0
    assert "--size" in capsys.readouterr().out


def test_dates_are_shown_as_they_are_written(session):
    page = (session.run_folder.folder / "report.html").read_text(encoding="utf-8")
    table = page.partition("The first synthetic rows")[2].partition("</table>")[0]
    days = set(read_table(session.run_folder.samples / "synthetic.parquet")["day"])
    shown = re.findall(r">\s*(\d{4}-\d\d-\d\d)\s*<", table)
    assert len(shown) == 12
    assert all("2024-01-01" <= day <= "2024-04-10" for day in shown)
    assert days & set(shown)
    assert "+0" in table  # the zone of `when`


def test_the_exported_model_gives_the_rows_of_a_sample(session, tmp_path):
    session.sample(40, "1", 7, tmp_path / "more")
    told = json.loads((tmp_path / "more" / "synthetic.json").read_text(encoding="utf-8"))
    seeds = int(told["first_row_seed"]) + np.arange(40)
    found = load(session.run_folder.model / "generator.onnx").sample(seeds.tolist(), label="1")
    expected = read_table(tmp_path / "more" / "synthetic.parquet")
    np.testing.assert_array_equal(found["count"], expected["count"])
    np.testing.assert_array_equal(found["city"], expected["city"].astype(str))
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-4, atol=1e-5)


def test_the_command_samples_under_conditions(session, tmp_path, capsys):
    folder, out = str(session.run_folder.folder), tmp_path / "some"
    words = ["--where", "amount=q0.5..q1", "--where", "city=Rome", "--label", "1", "--seed", "3"]
    assert main(["sample", folder, "-n", "7", *words, "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["where"] == ["amount=q0.5..q1", "city=Rome"]
    made = read_table(out / "synthetic.parquet")
    assert len(made) == 7
    assert set(made["city"]) == {"Rome"}
    assert set(made["Class"]) == {1}
    assert (made["amount"] > 15).all()
    beside = json.loads((out / "synthetic.json").read_text(encoding="utf-8"))
    assert beside["conditions"] == {"Class": "1", "amount": "q0.5..q1", "city": "Rome"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--where", "city=Roma"], "'city' is never 'Roma' (did you mean 'Rome'?)"),
        (["--where", "town=Rome"], "no column 'town'"),
        (["--where", "city"], "should read COLUMN=VALUE"),
        (["--label", "2"], "'Class' is never '2'; it has 0, 1"),
        (["--label", "1", "--where", "Class=0"], "--label and --where both give 'Class'"),
        (["--truncation", "0.5"], "does not truncate"),
    ],
)
def test_a_wrong_sample_is_one_line_and_leaves_nothing(session, tmp_path, capsys, words, said):
    out = tmp_path / "some"
    assert main(["sample", str(session.run_folder.folder), "-n", "7", *words, "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line
    assert not out.exists() or not list(out.iterdir())


def test_a_view_that_a_table_does_not_have(session):
    with pytest.raises(UsageError, match="--view latent: a table has the view app only"):
        session.export(view="latent")


# further runs
@pytest.fixture(scope="module")
def plain(table, tmp_path_factory):
    """A table of few columns, as CSV."""
    path = tmp_path_factory.mktemp("plain") / "plain.csv"
    write_table(table[["score", "amount", "shop", "Class"]], path)
    return path


class StoppedError(Exception):
    """Somebody pulled the plug."""


def test_a_run_stopped_after_the_fit_goes_on_from_there(create, plain, tmp_path, monkeypatch):
    def stop(*_):
        raise StoppedError

    first = create(plain, tmp_path / "run", exporter="onnx")
    monkeypatch.setattr(first.pipeline, "sample", stop)
    with pytest.raises(StoppedError):
        first.run()
    assert "fit" in first.run_folder.stages()
    trained = first.checkpoints.best.read_bytes()
    again = Session.open(tmp_path / "run", discover(third_party=False))
    monkeypatch.setattr(again, "_fit", stop)
    monkeypatch.setattr(again, "export", lambda: None)
    metrics = again.run()
    assert again.checkpoints.best.read_bytes() == trained
    assert metrics["training"]["steps"] == 4
    assert (tmp_path / "run" / "report.html").exists()
    assert pd.read_csv(tmp_path / "run" / "samples" / "synthetic.csv").columns.tolist() == [
        "score", "amount", "shop", "Class"
    ]  # fmt: skip


def test_a_start_takes_what_fits_and_refuses_other_sizes(create, session, plain, data, tmp_path):
    start, taken = session.run_folder.folder, {}
    for name, table in {"same": data, "other": plain}.items():
        made = create(table, tmp_path / name, start_from=start, steps=1)
        made._fit()
        events = made.run_folder.events()
        taken[name] = next(event for event in events if event["event"] == "started-from")
    assert taken["same"]["tensors"] == taken["same"]["of"]
    assert 0 < taken["other"]["tensors"] < taken["other"]["of"]  # not the layers of the other columns
    wider = create(plain, tmp_path / "wider", start_from=start, recipe_options={"width": 48, "batch": 64})
    with pytest.raises(UsageError, match=r"--start-from .* use the same recipe, with the same sizes"):
        wider._fit()


def test_three_classes_and_a_file_that_corrects_the_schema(create, table, tmp_path):
    frame = table[["payment", "score", "level", "amount"]].assign(
        kind=np.repeat(["card", "loan", "none"], [100, 200, 300]), floor=table["amount"] - table["level"]
    )
    write_table(frame, tmp_path / "three.csv")
    (tmp_path / "schema.toml").write_text(
        'target = "kind"\nkeys = ["payment"]\n[columns.level]\nkind = "number"\n'
        '[[constraints]]\nkind = "order"\ncolumns = ["floor", "amount"]\n',
        encoding="utf-8",
    )
    made = create(
        tmp_path / "three.csv", tmp_path / "run", table_schema=tmp_path / "schema.toml", file_kind="parquet"
    )
    made.data()
    schema = made.pipeline.study.schema
    assert (schema.target, schema.positive, schema["level"].kind) == ("kind", "card", "number")
    made._fit()
    made.sample(40, "loan", 0, tmp_path / "some", where=["floor=3"])
    found = pd.read_parquet(tmp_path / "some" / "synthetic.parquet")
    assert (found["amount"] >= found["floor"]).all()
    assert set(found["kind"]) == {"loan"}
    metrics = made.evaluate()
    assert metrics["constraints"] == {"broken": 0}
    assert made.report().exists()


def test_rows_that_break_a_rule_are_counted_and_not_fatal(create, table, tmp_path):
    write_table(table[["score", "amount", "Class"]], tmp_path / "data.csv")
    (tmp_path / "schema.toml").write_text(
        '[[constraints]]\nkind = "range"\ncolumn = "score"\nlow = -1.5\n', encoding="utf-8"
    )
    study = TableStudy.read(Options(data=tmp_path / "data.csv", table_schema=tmp_path / "schema.toml"))
    count = int((table["score"] < -1.5).sum())
    assert count
    assert sum(map(len, study.parts.values())) == len(table) - count
    (note,) = (note for note in study.notes if "score" in note)
    assert note.startswith(f"{count} rows break the rule -1.5 <= score")


def test_values_that_only_held_out_rows_have_cost_no_run(create, table, tmp_path):
    """A category, a gap and a sparse column that the training part does not have."""
    frame = table[["score", "shop", "count", "Class"]].assign(
        shop=table["shop"].fillna("web"), count=table["count"].astype("Int64"), rare=pd.NA
    )
    write_table(frame.assign(rare=1.5), tmp_path / "whole.parquet")
    split = TableStudy.read(Options(data=tmp_path / "whole.parquet")).parts
    held = pd.concat([split["validation"].head(3), split["test"].head(3)])["score"]
    which = frame["score"].isin(held)
    frame.loc[which, "shop"], frame.loc[which, "count"] = "kiosk", pd.NA
    frame["rare"] = np.where(which, np.arange(len(frame)) / 7, np.nan)
    write_table(frame, tmp_path / "data.parquet")
    made = create(tmp_path / "data.parquet", tmp_path / "run")
    made._fit()
    assert made.pipeline.study.schema["rare"].kind == "constant"
    found = made.evaluate()
    assert found["fidelity"]
    drawn = made.pipeline.drawer(made.sampler()).frame(300)
    assert drawn["rare"].isna().all()
    assert "kiosk" not in set(drawn["shop"])


def test_the_table_is_read_again_from_the_run(session):
    folder = session.run_folder.cache
    study = TableStudy.load(folder)
    first = session.pipeline.study
    assert study.preparation.as_dict() == first.preparation.as_dict()
    assert (study.fingerprint, study.notes, study.suffix) == (first.fingerprint, first.notes, ".parquet")
