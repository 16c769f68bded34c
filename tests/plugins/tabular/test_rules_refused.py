"""Rules, corrections and requests that make no sense end in one line, before anything is trained."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ganworks.errors import DataError, UsageError
from ganworks_cli.main import main
from ganworks_tabular.scenarios import oversample
from ganworks_tabular.synthesizer import Synthesizer
from ganworks_tabular.table import write_table
from ganworks_tabular.table_checks import check_table

SMALL = {"threads": 1, "device": "cpu", "progress": False, "batch": 64, "width": 16, "depth": 1, "latent": 16}


@pytest.fixture(scope="module")
def frame():
    draw = np.random.default_rng(0)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 90, 300), "D")
    amount = np.round(draw.lognormal(3, 1, 300), 2)
    return pd.DataFrame({"amount": amount, "day": days, "Class": np.arange(300) % 4 == 0})


def rule(**fields):
    lines = (
        f"{name} = {value}" for name, value in {"kind": '"range"', "column": '"amount"', **fields}.items()
    )
    return "[[constraints]]\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ('[constraints]\nkind = "range"\ncolumn = "amount"\nlow = 0\n', "write [[constraints]]"),
        ('constraints = "amount"\n', "write [[constraints]]"),
        ("constraints = [1]\n", "write [[constraints]]"),
        (rule(column='["amount"]', low=0), "['amount'] is no name of a column"),
        (rule(kind='["range"]', low=0), "unknown kind '['range']'"),
        ('[[constraints]]\nkind = "order"\ncolumns = ["amount", ["day"]]\n', "['day'] is no name"),
        (rule(low="nan"), "low = 'nan' is no number"),
        (rule(high="inf"), "high = 'inf' is no number"),
        (rule(low=f"-1{'0' * 400}"), "is no number; give a number"),
        (rule(low="true"), "low = 'True' is no number"),
        (rule(column='"day"', low="nan"), "low = 'nan' is no date"),
        (rule(column='"day"', low="5"), "low = '5' is no date"),
        (f"[columns.amount]\nlow = 1{'0' * 400}\nhigh = 5\n", "give a number"),
    ],
)
def test_a_schema_that_makes_no_sense(frame, tmp_path, monkeypatch, capsys, schema, said):
    monkeypatch.chdir(tmp_path)
    write_table(frame, Path("data.parquet"))
    Path("schema.toml").write_text(schema, encoding="utf-8")
    words = ["--data", "data.parquet", "--schema", "schema.toml", "--out", "run", "--steps", "1"]
    assert main(["run", "tabular-fraud", *words]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in errors[0]
    assert not Path("run").exists()


@pytest.mark.parametrize("constraints", [{"kind": "range"}, "x", [["range"]], 5])
def test_constraints_from_python_are_a_list_of_tables(frame, constraints):
    with pytest.raises(UsageError, match=r"^constraints: write \[\[constraints\]\]"):
        Synthesizer(steps=1, **SMALL).fit(frame, "Class", constraints=constraints)
    with pytest.raises(UsageError, match=r"^the corrections: write \[\[constraints\]\]"):
        Synthesizer(steps=1, **SMALL).fit(frame, "Class", corrections={"constraints": constraints})


@pytest.fixture(scope="module")
def ruled(frame):
    """Rules among the corrections and beside them."""
    few = [{"kind": "range", "column": "amount", "low": 10, "high": 30}]
    late = [{"kind": "range", "column": "day", "low": "2024-02-01"}]
    made = Synthesizer(steps=2, **SMALL)
    return made.fit(frame, "Class", corrections={"constraints": few}, constraints=late)


def test_rules_among_the_corrections_are_kept(ruled):
    rows = ruled.sample(500)
    assert rows["amount"].between(10, 30).all()
    assert (rows["day"] >= "2024-02-01").all()


def test_fewer_than_no_rows(ruled, tmp_path):
    for out in (None, tmp_path / "rows.csv"):
        with pytest.raises(UsageError, match=r"^-5 rows cannot be drawn; give 0 or more$"):
            ruled.sample(-5, out=out)
    assert not list(tmp_path.iterdir())
    assert list(ruled.sample(0)) == ["amount", "day", "Class"]


def test_a_synthesizer_is_saved_into_a_folder_only(ruled, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(UsageError, match="is a file, or lies in one; name a folder"):
            ruled.save(place)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("lacking", ["rates", "options", "preparation"])
def test_a_damaged_synthesizer_is_named(ruled, tmp_path, lacking):
    ruled.save(tmp_path)
    path = tmp_path / "synthesizer.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    del about[lacking]
    path.write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds no readable synthesizer \(KeyError\); save it again"):
        Synthesizer.load(tmp_path)


@pytest.mark.parametrize("ratio", [np.inf, -np.inf, np.nan])
def test_a_ratio_without_an_end(frame, ratio):
    with pytest.raises(UsageError, match="cannot be reached; give positives for each other row"):
        oversample(frame, lambda *_: frame, "Class", True, ratio, 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pd.cut(np.arange(300.0), 4), "a category of interval"),
        (pd.arrays.IntervalArray.from_breaks(np.arange(301.0)), "interval"),
        (pd.period_range("2024-01-01", periods=300, freq="D"), "period"),
        (pd.Categorical(pd.period_range("2024-01-01", periods=300, freq="M")), "a category of period"),
        (pd.Series([[1]] * 300).astype(pd.ArrowDtype(pa.list_(pa.int64()))), "list"),
    ],
)
def test_types_of_which_no_new_values_can_be_made(frame, values, said):
    with pytest.raises(DataError, match=rf"^the table: the column 'odd' is {said}.*; turn it into text or"):
        check_table(frame.assign(odd=values))
    texts = pd.Series(values).astype(str)
    assert check_table(frame.assign(odd=texts))["odd"].tolist() == texts.tolist()
