"""The report of a run: one page by which a fraud team can judge a synthetic table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ganworks.report import Level, Report
from ganworks.wording import counted
from ganworks_tabular.evaluation import TableFacts
from ganworks_tabular.report_fidelity import fidelity_section
from ganworks_tabular.report_sections import (
    LEVELS,
    TABLES,
    fairness_section,
    privacy_section,
    rounded,
    two_sample_section,
    utility_section,
)
from ganworks_tabular.report_verdicts import average_precisions

SAMPLE_ROWS = 12
MOST_OPEN = 15  # rows of a table that is not folded
MOST_SAMPLE_COLUMNS = 12
SUBTITLE = "Every row below that is called synthetic was drawn by a generator."


@dataclass(frozen=True, slots=True)
class Usage:
    """A listing of the last section: what it does, and the code; ``language`` is python or sh."""

    title: str
    code: str
    language: str


def write_report(
    path: Path,
    title: str,
    facts: TableFacts,
    metrics: Mapping[str, Any],
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    schema_rows: Sequence[Mapping[str, Any]],
    usage: Sequence[Usage],
    notes: Sequence[str] = (),
    written: pd.DataFrame | None = None,
) -> Path:
    """Write the page to ``path``; return it.

    Args:
        path: of the HTML file.
        title: of the page.
        facts: the columns.
        metrics: from `evaluate_table`; blocks that it lacks are left out of the page.
        train: the training rows, for the plots.
        synthetic: the synthetic rows that were evaluated.
        schema_rows: one mapping a column of the table, name of a property to its value, all with equal keys.
        usage: listings on how to use the generator.
        notes: what was noticed while reading the data.
        written: the rows of ``synthetic`` as a file has them, to be shown; None: as they are compared.
    """
    page = Report(title, SUBTITLE)
    _headlines(page, metrics)
    _data(page, schema_rows, notes, metrics)
    _samples(page, facts, synthetic, synthetic if written is None else written)
    fidelity_section(page, facts, metrics["fidelity"], train, synthetic)
    two_sample_section(page, metrics["two_sample"], metrics["coverage"])
    if "utility" in metrics:
        utility_section(page, metrics["utility"])
    privacy_section(page, metrics["privacy"])
    if "fairness" in metrics:
        fairness_section(page, metrics["fairness"])
    _use(page, usage)
    page.write(path)
    return path


def _headlines(page: Report, metrics: Mapping[str, Any]) -> None:
    fidelity, test = metrics["fidelity"], metrics["two_sample"]
    page.headline(f"Quality (held-out {fidelity['ceiling']['quality']:.2f})", rounded(fidelity["quality"]))
    page.headline("Two-sample AUC (.5 is best)", rounded(test["auc"]), _test_level(test["auc"]))
    rare = metrics["coverage"]["positives"]
    page.headline("Coverage of positives (1 is best)", rounded(rare["coverage"]))
    precision = average_precisions(metrics)
    if precision is not None:
        made, real = precision
        page.headline(f"Average precision, trained on synthetic (real {real:.3f})", rounded(made))
    verdict = metrics["privacy"]["verdict"]
    page.headline("Privacy tests", verdict, LEVELS[verdict])


def _test_level(auc: float) -> Level:
    return "good" if auc <= 0.6 else "bad" if auc >= 0.95 else "neutral"


def _data(
    page: Report, schema_rows: Sequence[Mapping[str, Any]], notes: Sequence[str], metrics: Mapping[str, Any]
) -> None:
    section = page.section("What was read", "The columns and what they were taken for.")
    if schema_rows:
        columns = list(schema_rows[0])
        section.table(
            columns,
            [[row[name] for name in columns] for row in schema_rows],
            f"Schema: {counted(len(schema_rows), 'column')}",
            folded=len(schema_rows) > MOST_OPEN,
        )
    section.facts({f"Rows, {TABLES[name]}": rows for name, rows in metrics["rows"].items()})
    section.warning_list(list(notes), none="No warnings while reading.")


def _samples(page: Report, facts: TableFacts, synthetic: pd.DataFrame, written: pd.DataFrame) -> None:
    shown = [column for column in synthetic.columns if column != facts.target][: MOST_SAMPLE_COLUMNS - 1]
    rare = synthetic[facts.positives(synthetic)].head(SAMPLE_ROWS // 3)
    rest = synthetic[~facts.positives(synthetic)].head(SAMPLE_ROWS - len(rare))
    rows = written.loc[[*rare.index, *rest.index], [facts.target, *shown]]
    left_out = len(synthetic.columns) - len(shown) - 1
    section = page.section("Sample", "The first synthetic rows of each class, not selected.")
    cells = [[_cell(one) for one in row] for row in rows.astype(object).to_numpy().tolist()]
    section.table(
        [str(column) for column in rows.columns],
        cells,
        f"{counted(left_out, 'more column')} not shown." if left_out else "",
    )


def _cell(value: Any) -> Any:
    """A value for the page: dates and exact decimals as texts, None where it is missing."""
    if pd.isna(value):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def _use(page: Report, usage: Sequence[Usage]) -> None:
    section = page.section(
        "How to use it",
        "Mark synthetic rows as such wherever they are stored. The generator knows its training table only, "
        "with its biases and its time; measure again when the real data drift.",
    )
    for listing in usage:
        section.text(listing.title).code(listing.code, listing.language)
