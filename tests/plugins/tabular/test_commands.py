"""`gan table`, as a person and as a program use it, on files and on a run that was trained."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ganworks import plugin
from ganworks.registry import discover
from ganworks.session import Session
from ganworks_cli.main import main
from ganworks_tabular.commands_runs import TableRun
from ganworks_tabular.commands_schema import schema_text
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.model import BLOCK
from ganworks_tabular.scenarios import Scenario
from ganworks_tabular.schema_file import read_corrections
from ganworks_tabular.table import read_table, write_table

RECIPE = {"batch": 64, "width": 32, "depth": 1, "latent": 16}
SCENARIO = """
rate = 0.25
mix.shop = { web = 0.8, till = 0.1, app = 0.1 }
scale.count = 2
tail.amount = [0.9, 1.0]
"""


def stop_after_training(event):
    if event.get("stage") == "sample":
        raise KeyboardInterrupt


def session_of(domain, folder, listeners=(), **options):
    registry = discover()
    found = registry.find(plugin.Domain, domain)
    return Session.create(found, registry.load(found, "options")(**options), folder, registry, listeners)


@pytest.fixture(scope="module")
def run(table, tmp_path_factory):
    """A run of three steps that was interrupted when it had a generator."""
    folder = tmp_path_factory.mktemp("runs") / "payments"
    data = folder.parent / "payments.parquet"
    write_table(table, data)
    options = {"data": data, "target": "Class", "steps": 3, "threads": 1, "device": "cpu"}
    session = session_of("tabular-fraud", folder, [stop_after_training], recipe_options=RECIPE, **options)
    with pytest.raises(KeyboardInterrupt):
        session.run()
    return folder


@pytest.fixture
def gan(capsys, tmp_path, monkeypatch):
    """Run `gan table ...` in an empty folder; exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        code = main(["table", *map(str, words)])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def payments(table, tmp_path):
    write_table(table.assign(when=table["when"].dt.tz_localize(None)), tmp_path / "payments.csv")
    return tmp_path / "payments.csv"


# schema
def test_the_schema_is_shown_and_written(gan, payments):
    code, out, err = gan("schema", payments, "--target", "Class", "--out", "schema.toml")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["name", "kind", "type", "found"]
    assert next(line for line in lines if line.startswith("payment")).split()[1] == "key"
    assert lines[-2:] == ["target Class, positive 1", "Schema: schema.toml"]
    frame = read_table(payments)
    found = read_corrections(payments.parent / "schema.toml", frame.columns)
    assert found["keys"] == ["payment"]
    assert infer_schema(frame, None, corrections=found) == infer_schema(frame, "Class")


def test_the_schema_as_json(gan, payments):
    code, out, _ = gan("schema", payments, "--json", "--positive", "0")
    record = json.loads(out)
    assert (code, record["target"], record["positive"], record["file"]) == (0, "Class", "0", None)
    assert {"name": "currency", "kind": "constant", "type": "str", "found": "always the same"} in record[
        "columns"
    ]


def test_the_example_of_a_rule_is_one(table, tmp_path):
    schema = infer_schema(table, "Class")
    text = schema_text(schema, "payments.csv").replace("# [[constraints]]", "[[constraints]]")
    for name in ("kind", "column", "low"):
        text = text.replace(f"# {name} = ", f"{name} = ")
    (tmp_path / "schema.toml").write_text(text, encoding="utf-8")
    rules = read_corrections(tmp_path / "schema.toml", table.columns)["constraints"]
    assert rules == [{"kind": "range", "column": "age", "low": 0}]


@pytest.mark.parametrize(
    "name", ['a "quoted" one', "with.dots", "été\\", "tab\there", "del\x7f", "😀", "a\nb"]
)
def test_any_column_name_survives_the_file(name, tmp_path):
    values = np.random.default_rng(0).normal(size=50)
    frame = pd.DataFrame({name: values, "label": [f"x{name}" if v > 0.5 else "y" for v in values]})
    schema = infer_schema(frame, "label")
    stored = tomllib.loads(schema_text(schema, f"{name}.csv"))
    assert infer_schema(frame, None, corrections=stored) == schema


def test_more_than_two_classes(gan, table):
    table.assign(Class=table["level"]).to_csv("three.csv", index=False)
    code, out, _ = gan("schema", "three.csv", "--target", "Class", "--out", "schema.toml")
    assert code == 0
    assert "target Class, positive the rarest class" in out
    assert "positive" not in tomllib.loads(Path("schema.toml").read_text(encoding="utf-8"))


# drift
def test_drift_names_the_worst_column_first(gan, table):
    local = table.assign(when=table["when"].dt.tz_localize(None))
    half = local.sample(frac=1, random_state=0)
    before, after = half[:300], half[300:].copy()
    after["amount"] *= 3
    after["currency"] = "USD"
    write_table(before, Path("a.csv"))
    after.to_parquet("b.parquet")  # other types of text, dates and numbers are no drift
    code, out, err = gan("drift", "a.csv", "b.parquet", "--target", "Class", "--out", "drift.json")
    assert (code, err) == (0, "")
    lines = out.split("\n\n")[0].splitlines()
    assert len(lines) == 12
    assert lines[0].startswith("currency: strong drift")
    assert "new values: USD" in lines[0]
    assert lines[1].startswith("amount: strong drift")
    assert not any(" drift " in line for line in lines[2:])
    assert "not compared: payment (key)" in out
    code, text, _ = gan("drift", "a.csv", "b.parquet", "--target", "Class", "--json")
    assert code == 0
    assert json.loads(text) == json.loads(Path("drift.json").read_text(encoding="utf-8"))


def test_a_table_has_not_drifted_from_itself(gan, payments):
    code, out, _ = gan("drift", payments, payments)
    assert code == 0
    assert out.count(": stable (PSI 0.00") == 11
    assert "Class=1 (60 and 60 rows): no column drifted beyond chance" in out
    assert "not compared: payment (key), currency (constant)" in out


def test_another_type_of_number_is_no_drift(gan, table):
    table.astype({"level": float, "Class": float, "count": float}).to_parquet("b.parquet")
    table.to_parquet("a.parquet")
    code, out, _ = gan("drift", "a.parquet", "b.parquet", "--json")
    found = json.loads(out)
    assert code == 0
    assert all(figures["psi"] < 1e-9 for figures in found["columns"].values())
    assert found["positives_rows"] == [60, 60]


# scenarios
def test_rows_under_a_scenario(gan, run, tmp_path):
    (tmp_path / "s.toml").write_text(SCENARIO)
    code, out, err = gan("scenario", run, "s.toml", "-n", 1000, "--out", "rows.parquet", "--seed", 3)
    assert (code, err) == (0, "")
    assert "amount is drawn from" in out
    assert "Rows: rows.parquet (1,000, 25.0000% of them Class=1)" in out
    rows, train = read_table(tmp_path / "rows.parquet"), read_table(run / "cache/table/train.parquet")
    assert list(rows.columns) == list(train.columns)
    assert rows["Class"].sum() == 250
    assert (rows["shop"] == "web").sum() == 800
    assert rows["amount"].min() >= train["amount"].quantile(0.9) - 0.01
    assert 1.5 * train["count"].mean() > rows["count"].mean() > 1.2 * train["count"].mean()
    assert rows["payment"].is_unique
    assert set(rows["currency"]) == {"EUR"}
    about = pq.read_metadata(tmp_path / "rows.parquet").metadata
    assert about[b"synthetic"] == b"true"
    assert json.loads(about[b"scenario"])["rate"] == 0.25


def test_a_scenario_as_json_and_again(gan, run, tmp_path):
    (tmp_path / "s.toml").write_text("rate = 0.5")
    words = ("scenario", run, "s.toml", "-n", 41, "--out", "rows.csv.gz", "--seed", 3)
    code, out, _ = gan(*words, "--json")
    assert (code, json.loads(out)) == (
        0,
        {"file": "rows.csv.gz", "rows": 41, "positives": 21, "rate": 21 / 41, "notes": []},
    ) or json.loads(out)["positives"] == 20
    before = (tmp_path / "rows.csv.gz").read_bytes()
    assert gan(*words)[0] == 2
    assert (tmp_path / "rows.csv.gz").read_bytes() == before
    assert gan(*words, "--force")[0] == 0
    assert (tmp_path / "rows.csv.gz").read_bytes() == before


def test_a_table_in_parts_is_the_same_table(run):
    table = TableRun.open(run, discover())
    given = Scenario(rate=0.5).conditions(2 * BLOCK + 10, 0, table.marginals())
    whole = table.drawer.complete(given)
    parts = [table.drawer.complete(given[:BLOCK]), table.drawer.complete(given[BLOCK:], start=BLOCK)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
    assert whole["payment"].is_unique
    assert not whole.drop(columns="payment").duplicated().any()


def test_more_rows_than_conditions_are_made_at_once(run, monkeypatch):
    monkeypatch.setattr("ganworks_tabular.commands_runs.CONDITION_ROWS", 2 * BLOCK)
    monkeypatch.setattr("ganworks_tabular.commands_runs.FRAME_ROWS", BLOCK)
    table = TableRun.open(run, discover())
    frames = list(table.scenario_frames(Scenario(rate=0.125), table.marginals(), 3 * BLOCK, 5))
    assert [len(frame) for frame in frames] == [BLOCK] * 3
    assert sum(map(table.count_positives, frames)) == 3 * BLOCK / 8
    rows = pd.concat(frames, ignore_index=True)
    assert rows["payment"].is_unique
    assert not rows.drop(columns="payment").duplicated().any()
    assert not frames[0]["Class"].equals(frames[2]["Class"])


# augmentation
def test_a_training_table_with_more_positives(gan, run, tmp_path):
    code, out, err = gan("augment", run, "--ratio", 0.5, "--out", "more.parquet", "--flag", "made")
    assert (code, err) == (0, "")
    rows, train = read_table(tmp_path / "more.parquet"), read_table(run / "cache/table/train.parquet")
    real, made = rows[~rows["made"]], rows[rows["made"]]
    pd.testing.assert_frame_equal(real.drop(columns="made"), train)
    assert set(made["Class"]) == {1}
    assert rows["Class"].sum() == round(0.5 * (train["Class"] == 0).sum())
    assert rows["payment"].is_unique
    for part in ("validation", "test"):
        assert not made["payment"].isin(read_table(run / f"cache/table/{part}.parquet")["payment"]).any()
    assert f"{len(train):,} real, and {len(made):,} synthetic with Class=1, where 'made' is true" in out
    assert "No gain over the real rows alone is promised" in out
    assert pq.read_metadata(tmp_path / "more.parquet").metadata[b"synthetic"] == b"the rows with made"


# what cannot be done
@pytest.fixture(scope="module")
def bad(table, tmp_path_factory):
    """A folder of tables, scenarios and runs that are not as they should be."""
    folder = tmp_path_factory.mktemp("bad")
    rows = table.assign(when=table["when"].dt.tz_localize(None))
    write_table(rows, folder / "payments.csv")
    write_table(rows.drop(columns="amount"), folder / "less.csv")
    write_table(rows.assign(amount="much"), folder / "text.csv")
    write_table(rows.assign(when=5), folder / "dates.csv")
    write_table(rows[:10], folder / "few.csv")
    scenarios = {"knob": "rates = 0.1", "date": "tail.when = [0.9, 1]", "name": "tail.amont = [0.9, 1]"}
    for name, text in {**scenarios, "rate": "rate = 3"}.items():
        (folder / f"{name}.toml").write_text(text)
    session_of("image", folder / "other")
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("schema", "nothing.csv"), "nothing.csv is not a file"),
        (("schema", "{data}", "--target", "Klass"), "no column 'Klass' (did you mean 'Class'?)"),
        (("schema", "{data}", "--out", "{bad}/rate.toml"), "rate.toml is there already"),
        (("schema", "{data}", "--out", "."), "is a folder"),
        (("drift", "{data}", "nothing.csv"), "nothing.csv is not a file"),
        (("drift", "{data}", "{bad}/less.csv"), "less.csv: there is no column 'amount'"),
        (("drift", "{data}", "{bad}/text.csv"), "the column 'amount' (str) does not hold numbers"),
        (("drift", "{data}", "{bad}/dates.csv"), "the column 'when' (int64) does not hold datetimes"),
        (("drift", "{data}", "{bad}/few.csv"), "needs 20 or more"),
        (("scenario", "{run}", "none.toml", "--out", "x.csv"), "none.toml cannot be read"),
        (("scenario", "{run}", "{data}", "--out", "x.csv"), "is not TOML"),
        (("scenario", "{run}", "{bad}/knob.toml", "--out", "x.xlsx"), "tables are written as"),
        (("scenario", "{run}", "{bad}/knob.toml", "--out", "{data}"), "is there already"),
        (("scenario", "{run}", "{bad}/knob.toml", "--out", "x.csv"), "knob.toml: unknown knob 'rates'"),
        (("scenario", "{run}", "{bad}/date.toml", "--out", "x.csv"), "'when' is a datetime"),
        (
            ("scenario", "{run}", "{bad}/name.toml", "--out", "x.csv"),
            "no column 'amont' (did you mean 'amount'?)",
        ),
        (("scenario", "{run}", "{bad}/rate.toml", "--out", "x.csv"), "rate.toml: rate is 3"),
        (("scenario", "{bad}", "{bad}/knob.toml", "--out", "x.csv"), "is not a run"),
        (("augment", "{run}", "--ratio", "0.01", "--out", "x.csv"), "ask for more than that"),
        (
            ("augment", "{run}", "--ratio", "1", "--flag", "amount", "--out", "x.csv"),
            "column 'amount' already",
        ),
        (("augment", "{bad}/other", "--ratio", "1", "--out", "x.csv"), "is a run of image"),
        (("augment", "{run}", "--out", "x.csv"), "Missing option '--ratio'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(gan, run, bad, tmp_path, words, said):
    known = {"data": bad / "payments.csv", "run": run, "bad": bad}
    code, out, err = gan(*(word.format(**known) for word in words))
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize("command", ["schema", "drift", "scenario", "augment"])
def test_every_command_shows_an_example(gan, command):
    code, out, _ = gan(command, "--help")
    assert code == 0
    assert f"gan table {command} " in out.split("Example")[1]
