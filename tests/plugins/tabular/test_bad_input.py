"""A table that cannot be used is refused in one line, with exit code 2, and nothing is left behind."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ganworks_cli.main import main

Case = tuple[list[str], str]
ROWS = 200


def good(rows: int = ROWS) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    columns = {"amount": draw.lognormal(size=rows).round(2), "shop": draw.choice(["web", "till"], rows)}
    return pd.DataFrame({**columns, "Class": (np.arange(rows) % 10 == 0).astype(int)})


def csv(root: Path, frame: pd.DataFrame) -> list[str]:
    frame.to_csv(root / "table.csv", index=False)
    return ["--data", str(root / "table.csv")]


def no_such_file(root: Path) -> Case:
    csv(root, good())
    return ["--data", str(root / "tables.csv")], "is not a file (did you mean 'table.csv'?)"


def unknown_suffix(root: Path) -> Case:
    (root / "table.xlsx").write_bytes(b"PK")
    return ["--data", str(root / "table.xlsx")], "has the unknown suffix '.xlsx'"


def empty_file(root: Path) -> Case:
    (root / "table.csv").write_text("", encoding="utf-8")
    return ["--data", str(root / "table.csv")], "is empty; it needs a line of column names"


def no_rows(root: Path) -> Case:
    return csv(root, good().head(0)), "has column names but no rows"


def few_rows(root: Path) -> Case:
    return csv(root, good(70)), "70 rows are too few to learn from: give 100 or more"


def one_class(root: Path) -> Case:
    return [*csv(root, good().assign(Class=0)), "--target", "Class"], "the target 'Class' is '0' in all rows"


def one_fraud(root: Path) -> Case:
    frame = good().assign(Class=(np.arange(ROWS) == 7).astype(int))
    return csv(root, frame), "the target 'Class' is '1' in one row only"


def three_frauds(root: Path) -> Case:
    frame = good().assign(Class=(np.arange(ROWS) < 3).astype(int))
    return csv(root, frame), "the target 'Class' is '1' in 3 rows, too few to learn from and to judge by"


def many_classes(root: Path) -> Case:
    return [*csv(root, good()), "--target", "amount"], "the target 'amount' has "


def gaps_in_the_target(root: Path) -> Case:
    frame = good()
    frame["Class"] = frame["Class"].astype("Int64").mask(frame.index < 3)
    return csv(root, frame), "the target 'Class' is missing in 3 rows"


def no_target(root: Path) -> Case:
    return csv(root, good().rename(columns={"Class": "outcome"})), "say which column is the target"


def wrong_target(root: Path) -> Case:
    return [*csv(root, good()), "--target", "Clas"], "no column 'Clas' (did you mean 'Class'?)"


def wrong_positive(root: Path) -> Case:
    return [*csv(root, good()), "--positive", "2"], "has no class '2'; its classes are 0, 1"


def wrong_sensitive(root: Path) -> Case:
    return [*csv(root, good()), "--sensitive", "sex"], "--sensitive: no modelled column 'sex'"


def nothing_but_the_target(root: Path) -> Case:
    return csv(root, good()[["Class"]]), "no column to model besides the target"


def empty_and_constant_columns_alone(root: Path) -> Case:
    frame = good()[["Class"]].assign(gone=np.nan, same=3)
    return csv(root, frame), "no column to model besides the target"


def names_twice(root: Path) -> Case:
    frame = good()
    return csv(root, frame.set_axis(["amount", "amount", "Class"], axis=1)), "'amount' is there twice"


def names_twice_in_parquet(root: Path) -> Case:
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = good()
    arrays = [pa.array(frame["amount"]), pa.array(frame["amount"]), pa.array(frame["Class"])]
    pq.write_table(pa.Table.from_arrays(arrays, ["amount", "amount", "Class"]), root / "table.parquet")
    return ["--data", str(root / "table.parquet")], "the column 'amount' is there twice"


def mixed_types(root: Path) -> Case:
    frame = good()
    amounts = frame["amount"].astype(object)
    amounts[5] = "lots"
    return csv(root, frame.assign(amount=amounts)), "mixes numbers and text: row 6 holds 'lots'"


def infinite(root: Path) -> Case:
    frame = good()
    frame.loc[[3, 9], "amount"] = np.inf
    frame.to_parquet(root / "table.parquet")
    return ["--data", str(root / "table.parquet")], "the column 'amount' has 2 infinite values"


def other_encoding(root: Path) -> Case:
    (root / "table.csv").write_bytes(good().replace("web", "wéb").to_csv(index=False).encode("cp1252"))
    return ["--data", str(root / "table.csv")], "looks like Windows-1252 ('é' there): save it as UTF-8"


def cut_parquet(root: Path) -> Case:
    good().to_parquet(root / "table.parquet")
    whole = (root / "table.parquet").read_bytes()
    (root / "table.parquet").write_bytes(whole[: len(whole) // 2])
    return ["--data", str(root / "table.parquet")], "is not a whole Parquet file"


def cut_gzip(root: Path) -> Case:
    good().to_csv(root / "table.csv.gz", index=False)
    whole = (root / "table.csv.gz").read_bytes()
    (root / "table.csv.gz").write_bytes(whole[: len(whole) // 2])
    return ["--data", str(root / "table.csv.gz")], "cannot be unpacked"


def schema(root: Path, text: str) -> list[str]:
    (root / "schema.toml").write_text(text, encoding="utf-8")
    return [*csv(root, good()), "--table-schema", str(root / "schema.toml")]


def schema_that_is_not_there(root: Path) -> Case:
    return [*csv(root, good()), "--table-schema", str(root / "none.toml")], "none.toml cannot be read"


def schema_that_is_no_toml(root: Path) -> Case:
    return schema(root, "target: Class"), "schema.toml is not TOML"


def schema_with_a_wrong_column(root: Path) -> Case:
    return schema(root, 'keys = ["amout"]'), "no column 'amout' (did you mean 'amount'?)"


def schema_with_a_wrong_kind(root: Path) -> Case:
    return schema(root, '[columns.shop]\nkind = "number"'), "'shop' (str) cannot be a number: it holds"


def rule_on_the_target(root: Path) -> Case:
    text = '[[constraints]]\nkind = "range"\ncolumn = "Class"\nlow = 0'
    return schema(root, text), "'Class' is the target, which no rule can rewrite"


def rule_that_few_rows_keep(root: Path) -> Case:
    text = '[[constraints]]\nkind = "range"\ncolumn = "amount"\nlow = 2'
    return schema(root, text), "rows that keep the rules are too few to learn from: give 100 or more"


CASES = [
    no_such_file, unknown_suffix, empty_file, no_rows, few_rows, one_class, one_fraud, three_frauds,
    many_classes, gaps_in_the_target, no_target, wrong_target, wrong_positive, wrong_sensitive,
    nothing_but_the_target, empty_and_constant_columns_alone, names_twice, names_twice_in_parquet,
    mixed_types, infinite, other_encoding, cut_parquet, cut_gzip, schema_that_is_not_there,
    schema_that_is_no_toml, schema_with_a_wrong_column, schema_with_a_wrong_kind, rule_on_the_target,
    rule_that_few_rows_keep,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_command_refuses_it_in_one_line(
    case: Callable[[Path], Case], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    words, fragment = case(tmp_path / "data")
    before = sorted(tmp_path.rglob("*"))
    code = main(["run", "tabular-fraud", *words, "--out", str(tmp_path / "run"), "--steps", "1"])
    shown = capsys.readouterr()
    errors = [line for line in shown.err.splitlines() if line.startswith("error:")]
    assert code == 2, shown.err
    assert len(errors) == 1, shown.err
    assert fragment in errors[0]
    assert "Traceback" not in shown.err
    assert sorted(tmp_path.rglob("*")) == before, "something was left behind"


def test_empty_and_constant_columns_among_others_are_kept_as_they_are(create, tmp_path: Path) -> None:
    frame = good().assign(gone=np.nan, same="EUR")
    session = create(Path(csv(tmp_path, frame)[1]), tmp_path / "run", rows=30)
    session._fit()
    session.sample(None, None, 0, tmp_path / "made")
    made = pd.read_csv(tmp_path / "made" / "synthetic.csv")
    assert list(made) == list(frame)
    assert len(made) == 30
    assert made["gone"].isna().all()
    assert set(made["same"]) == {"EUR"}
