"""`gan table`: the schema of a table, drift between two, and what a fraud team asks of a finished run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganworks.errors import UsageError
from ganworks_tabular.commands_output import aligned, check_free, check_rows_file, tell

if TYPE_CHECKING:
    from ganworks_tabular.commands_runs import TableRun

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Tables for a fraud team: the schema, drift, scenarios, and more positives to train with.",
)

Run = Annotated[
    Path,
    typer.Argument(metavar="RUN", help="Folder of a `gan run tabular-fraud`.", show_default=False),
]
Target = Annotated[
    str | None, typer.Option(help="Column with the classes; default: one named class, label, fraud.")
]
Positive = Annotated[str | None, typer.Option(help="Class that matters; default: the rarer of two.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Same seed, same rows.")]
RowsFile = Annotated[Path, typer.Option(help="File to write: .csv, .csv.gz or .parquet.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace the file in --out.", show_default=False)]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document instead of text.", show_default=False)
]

_SCHEMA = """Examples:

gan table schema transactions.csv --target Class

gan table schema transactions.csv --out schema.toml

gan table schema transactions.csv --schema schema.toml

gan run tabular-fraud --data transactions.csv --schema schema.toml
"""
_DRIFT = """Examples:

gan table drift january.csv february.csv --target Class

gan table drift january.csv february.csv --json --out drift.json
"""
_SCENARIO = """Example, with scenario.toml holding the two lines `rate = 0.1` and `tail.Amount = [0.99, 1.0]`:

gan table scenario runs/cards scenario.toml -n 10000 --out stress.parquet
"""
_AUGMENT = """Example, to one positive for every ten other rows:

gan table augment runs/cards --ratio 0.1 --out training.csv
"""


@app.command(name="schema", epilog=_SCHEMA)
def schema_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet file.", show_default=False)],
    target: Target = None,
    positive: Positive = None,
    corrected: Annotated[
        Path | None, typer.Option("--schema", help="TOML file to check: shows the schema as corrected by it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="TOML file to write, for --schema of a run.")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show what is inferred of the columns of a table; write it as a file to correct, and check that file."""
    check_free(out, force)
    if out is not None and corrected is not None:
        raise UsageError("--schema checks a file and --out writes a new one: give one of them")
    from ganworks.run import write_text
    from ganworks_tabular.commands_schema import schema_of_file, schema_text
    from ganworks_tabular.infer import describe

    schema, rules, share = schema_of_file(file, target, positive, corrected)
    rows, header = describe(schema), ("name", "kind", "type", "found")
    columns = [dict(zip(header, row, strict=True)) for row in rows]
    if out is not None:
        write_text(out, schema_text(schema, file.name))
    read = {} if corrected is None else {"rules": rules}
    record = {
        "target": schema.target,
        "positive": schema.positive,
        "columns": columns,
        "file": out,
        "looked_at": share,
        **read,
    }
    chosen = schema.positive or "the rarest class"
    last = [f"looked at: {share}"] if share else []
    last += rules if out is None else [f"Schema: {out}"]
    tell(as_json, record, *aligned(header, rows), "", f"target {schema.target}, positive {chosen}", *last)


@app.command(name="drift", epilog=_DRIFT)
def drift_command(
    reference: Annotated[Path, typer.Argument(metavar="A", help="Table before.", show_default=False)],
    current: Annotated[Path, typer.Argument(metavar="B", help="Table after.", show_default=False)],
    target: Target = None,
    positive: Positive = None,
    out: Annotated[Path | None, typer.Option(help="JSON file to write all figures to.")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show which columns changed between two tables, the most changed first; also of the positives alone."""
    check_free(out, force)
    from ganworks.run import write_json
    from ganworks_tabular.commands_drift import drift_lines, drift_of_files

    found = drift_of_files(reference, current, target, positive)
    if out is not None:
        write_json(out, found)
    tell(as_json, found, *drift_lines(found), *([] if out is None else [f"Report: {out}"]))


@app.command(name="scenario", epilog=_SCENARIO)
def scenario_command(
    context: typer.Context,
    run: Run,
    scenario: Annotated[
        Path,
        typer.Argument(metavar="SCENARIO.toml", help="Knobs: rate, mix, scale, tail.", show_default=False),
    ],
    out: RowsFile,
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=2**30, help="Rows.")] = 10_000,
    seed: Seed = 0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Draw rows with another rate of fraud, another mix of values, other amounts, or from a tail."""
    check_rows_file(out, force)
    from ganworks_tabular.commands_runs import CONDITION_ROWS
    from ganworks_tabular.stream import write_stream

    table = _open(context, run)
    marginals = table.marginals()
    knobs = table.scenario(scenario, marginals)
    positives: list[int] = []
    frames = table.counting(table.scenario_frames(knobs, marginals, count, seed), positives)
    write_stream(frames, out, {"seed": str(seed), "scenario": json.dumps(knobs.as_dict())})
    notes = knobs.notes(marginals)
    if count > CONDITION_ROWS:
        notes.append(f"shares are exact in every {CONDITION_ROWS:,} rows, to one row")
    label, rate = f"{table.schema.target}={table.schema.positive}", sum(positives) / count
    record = {"file": out, "rows": count, "positives": sum(positives), "rate": rate, "notes": notes}
    tell(as_json, record, *notes, f"Rows: {out} ({count:,}, {rate:.4%} of them {label})")


@app.command(name="augment", epilog=_AUGMENT)
def augment_command(
    context: typer.Context,
    run: Run,
    ratio: Annotated[float, typer.Option(help="Positives for each other row, such as 0.1.", min=0)],
    out: RowsFile,
    seed: Seed = 0,
    flag: Annotated[str, typer.Option(help="Column that is true for synthetic rows.")] = "synthetic",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write the training part of a run with synthetic positives added to it.

    Real rows are in the file, so it must be kept as they are. That a classifier gains from it is not
    promised: compare with the real rows alone, on real rows that were not trained on.
    """
    check_rows_file(out, force)
    from ganworks_tabular.stream import write_stream

    table = _open(context, run)
    frame = table.oversampled(ratio, seed, flag)
    write_stream([frame], out, {"synthetic": f"the rows with {flag}", "seed": str(seed)})
    made, real = int(frame[flag].sum()), len(table.train)
    label = f"{table.schema.target}={table.schema.positive}"
    record = {"file": out, "real": real, "synthetic": made, "flag": flag, "positive": table.schema.positive}
    tell(
        as_json,
        record,
        f"Rows: {out} ({real:,} real, and {made:,} synthetic with {label}, where '{flag}' is true)",
        "No gain over the real rows alone is promised: compare on real rows that were not trained on",
    )


def _open(context: typer.Context, folder: Path) -> TableRun:
    from ganworks.registry import discover
    from ganworks_tabular.commands_runs import TableRun

    return TableRun.open(
        folder, discover(third_party=not context.find_root().params.get("no_plugins", False))
    )
