"""What a newcomer reads: a schema that is checked, files that are refused, conditions that clash."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks import plugin
from ganworks.errors import DataError, UsageError
from ganworks.registry import discover
from ganworks.session import Session
from ganworks_cli.ending import verdict_lines
from ganworks_cli.main import main
from ganworks_tabular.conditions import Between
from ganworks_tabular.conditions_seen import unseen_together
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.report_verdicts import with_verdicts
from ganworks_tabular.table import read_table, write_table

RULES = """
[[constraints]]
kind = "sum"
total = "gross"
parts = ["net", "tax"]

[[constraints]]
kind = "order"
columns = ["low", "high"]
"""
ROWS = 300


def ruled_table() -> pd.DataFrame:
    """Sums, an order, and a value of b that never stands beside a = x; in 10 rows the tax is missing."""
    draw = np.random.default_rng(0)
    a = draw.choice(["x", "y"], ROWS)
    net, tax = draw.integers(10, 90, ROWS), draw.integers(1, 9, ROWS)
    low = draw.integers(0, 50, ROWS)
    frame = pd.DataFrame(
        {
            "low": low,
            "high": low + draw.integers(0, 20, ROWS),
            "net": net,
            "tax": pd.array(tax, dtype="Int64"),
            "gross": net + tax,
            "a": a,
            "b": np.where(a == "x", draw.choice(["u", "v"], ROWS), draw.choice(["v", "w"], ROWS)),
            "Class": (np.arange(ROWS) % 10 == 3).astype(int),
        }
    )
    frame.loc[:9, "tax"] = pd.NA
    return frame


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with rules that was stopped after its training: enough to draw from."""
    root = tmp_path_factory.mktemp("ruled")
    write_table(ruled_table(), root / "rows.csv")
    (root / "rules.toml").write_text(RULES)
    registry = discover(third_party=False)
    domain = registry.find(plugin.Domain, "tabular-fraud")
    recipe = {"batch": 64, "width": 32, "depth": 1, "latent": 16}
    options = registry.load(domain, "options")(
        data=root / "rows.csv", table_schema=root / "rules.toml", steps=4, threads=1, recipe_options=recipe
    )

    def stop(event):
        if event.get("stage") == "sample":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Session.create(domain, options, root / "run", registry, [stop]).run()
    return root / "run"


@pytest.fixture
def gan(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        code = main([*map(str, words)])
        return code, *capsys.readouterr()

    return call


# the schema
def test_a_corrected_schema_is_checked(gan):
    write_table(ruled_table(), Path("rows.csv"))
    Path("s.toml").write_text(
        '[columns.low]\nkind = "category"\n\n' + RULES.replace('"low", "high"', '"net", "gross"')
    )
    Path("rules.toml").write_text(RULES)
    Path("kind.toml").write_text('[columns.a]\nkind = "number"\n')
    Path("rule.toml").write_text('[[constraints]]\nkind = "range"\ncolumn = "net"\nlo = 1\n')

    code, out, err = gan("table", "schema", "rows.csv", "--schema", "rules.toml")
    assert (code, err) == (0, "")
    assert "10 rows break the rule gross = net + tax" in out
    assert "it cannot hold in 10 rows where a value is missing" in out
    assert "290 of 300 rows can be learnt from" in out

    for file, said in {"kind": "'a' (str) cannot be a number", "rule": "did you mean 'low'?"}.items():
        code, out, err = gan("table", "schema", "rows.csv", "--schema", f"{file}.toml")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert said in err
    code, _, err = gan("table", "schema", "rows.csv", "--schema", "rules.toml", "--out", "new.toml")
    assert code == 2
    assert "give one of them" in err
    assert not Path("new.toml").exists()


def test_a_corrected_kind_is_shown_and_rules_that_hold_are_said_to(gan):
    write_table(ruled_table().iloc[10:], Path("rows.csv"))
    Path("s.toml").write_text(
        '[columns.low]\nkind = "category"\n[[constraints]]\nkind = "range"\ncolumn = "net"\nlow = 1\n'
    )
    code, out, _ = gan("table", "schema", "rows.csv", "--schema", "s.toml")
    assert code == 0
    assert next(line for line in out.splitlines() if line.startswith("low")).split()[1] == "category"
    assert out.splitlines()[-1] == "every row keeps the 1 rule"


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.times(), min_size=2, max_size=30, unique_by=lambda time: (time.hour, time.minute)),
    st.sampled_from(["%H:%M", "%H:%M:%S"]),
)
def test_a_time_of_day_is_named_as_one(times, form):
    at = np.resize([time.strftime(form) for time in times], 120)
    frame = pd.DataFrame({"at": at, "n": np.arange(120) // 2, "Class": [0, 1] * 60})
    assert "times of day" in infer_schema(frame, "Class")["at"].found
    assert "times of day" not in infer_schema(frame.assign(at=frame["at"] + "h"), "Class")["at"].found


# files
@settings(max_examples=40, deadline=None)
@given(cells=st.integers(1, 4), width=st.integers(2, 4), rows=st.integers(1, 4), ended=st.booleans())
def test_a_last_line_that_breaks_off_is_refused(tmp_path_factory, cells, width, rows, ended):
    path = tmp_path_factory.mktemp("cut") / "t.csv"
    whole = [",".join("abcd"[:width]), *[",".join("1234"[:width])] * rows]
    path.write_text("\n".join([*whole, ",".join("5678"[: min(cells, width)])]) + "\n" * ended)
    if cells < width and not ended:
        with pytest.raises(DataError, match=rf"its last line has {cells} of {width} cells"):
            read_table(path)
    else:
        assert len(read_table(path)) == rows + 1


def test_short_lines_are_no_cut_where_there_are_others(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n1,2,3\n4,5\n6,7")
    assert read_table(path)["c"].isna().tolist() == [False, True, True]


# conditions
@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"high": Between(1, 9)}, r"give 'low' instead, or one value of each that keeps low <= high"),
        ({"gross": Between(1, 9)}, r"give 'net' and 'tax' instead"),
        (
            {"low": Between(40, 45), "high": 3},
            r"not every value of low=40\.\.45 fits: .*high=3 break the rule",
        ),
    ],
)
def test_a_range_that_clashes_with_a_rule_is_explained(run, where, said):
    session = Session.open(run, discover(third_party=False))
    with pytest.raises(UsageError, match=said):
        session.pipeline.drawer(session.sampler()).frame(5, where=where)


def test_conditions_that_no_row_meets_together_are_said(gan, run):
    code, _, err = gan("sample", run, "-n", 5, "--where", "a=x", "--where", "b=w", "--out", "rows")
    assert code == 0
    assert "warning: no training row has a=x and b=w together" in err
    assert set(read_table(Path("rows/synthetic.csv"))["b"]) == {"w"}
    code, _, err = gan("sample", run, "-n", 5, "--where", "a=x", "--where", "b=u", "--out", "rows", "--force")
    assert (code, "no training row" in err) == (0, False)


@settings(max_examples=40, deadline=None)
@given(a=st.sampled_from("xy"), b=st.sampled_from("uvw"), low=st.integers(10, 80), more=st.integers(0, 10))
def test_what_is_said_of_conditions_is_what_the_rows_hold(run, a, b, low, more):
    preparation = Session.open(run, discover(third_party=False)).pipeline.study.preparation
    path = run / "cache/table/train.parquet"
    rows = read_table(path)
    among = rows[(rows["a"] == a) & (rows["b"] == b) & rows["net"].between(low, low + more)]
    try:
        said = unseen_together({"a": a, "b": b, "net": Between(low, low + more)}, preparation, path)
    except UsageError:
        assert not len(among)  # the column has nothing there at all
        return
    assert (said is None) == (len(among) > 0)


def test_where_the_rows_were_deleted_nothing_is_said(run, tmp_path):
    preparation = Session.open(run, discover(third_party=False)).pipeline.study.preparation
    assert unseen_together({"a": "x", "b": "w"}, preparation, tmp_path / "none.parquet") is None


def test_a_refused_sample_leaves_no_folder(gan, run):
    code, _, err = gan("sample", run, "--where", "b=zz", "--out", "new/deep")
    assert code == 2
    assert "'b' is never 'zz'" in err
    assert not Path("new").exists()


def test_a_scenario_cannot_turn_a_sum(gan, run):
    Path("s.toml").write_text("tail.gross = [0.9, 1.0]")
    code, _, err = gan("table", "scenario", run, "s.toml", "-n", 10, "--out", "rows.csv")
    assert code == 2
    assert "'gross' is added up (gross = net + tax); turn 'net' and 'tax' instead" in err
    assert not Path("rows.csv").exists()


# drift and the last lines
def test_dates_do_not_tell_tables_of_two_months_apart(gan):
    rows = ruled_table().assign(day=pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"))
    write_table(rows[:150], Path("a.csv"))
    write_table(rows[150:], Path("b.csv"))
    code, out, _ = gan("table", "drift", "a.csv", "b.csv")
    assert code == 0
    assert out.splitlines()[0].startswith("day: strong drift")
    together = next(line for line in out.splitlines() if line.startswith("all columns together"))
    assert "without dates (day)" in together
    assert float(together.split("AUC ")[1].split()[0]) < 0.7
    listed = [float(line.split("PSI ")[1].split(";")[0]) for line in out.split("\n\n")[0].splitlines()]
    assert listed == sorted(listed, reverse=True)


@pytest.mark.parametrize("utility", [True, False])
def test_the_last_lines_have_the_figures_and_their_ceilings(utility):
    arms = {
        name: {"average_precision": {"mean": mean}} for name, mean in {"synthetic": 0.8, "real": 0.9}.items()
    }
    metrics = {
        "fidelity": {"quality": 0.956, "ceiling": {"quality": 0.984}},
        "two_sample": {"auc": 0.61},
        "privacy": {"verdict": "pass", "reasons": []},
        **({"utility": {"classifiers": {"HistGradientBoosting": {"arms": arms}}}} if utility else {}),
    }
    assert verdict_lines(with_verdicts(metrics)) == [
        "fidelity: quality 0.956 (held-out rows 0.984)",
        "two sample: AUC 0.610 (0.5 is best, 1: told from real rows without error)",
        "privacy: pass",
        *["utility: average precision 0.800 after training on synthetic rows (on real ones 0.900)"] * utility,
    ]
