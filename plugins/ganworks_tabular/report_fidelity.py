"""The section of the report on fidelity: scores beside their ceiling and floor, and the plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ganworks.report import Report, Section
from ganworks_tabular import plots
from ganworks_tabular.evaluation import TableFacts
from ganworks_tabular.report_sections import TABLES, rounded

QUALITY_NOTE = (
    "Quality is the mean of column shapes and column pair trends, the score most tools publish. It can be "
    "gamed: mapping the columns of a bad table to the right quantiles lifts it above that of real held-out "
    "rows, while a classifier still tells nearly every row. Read it only beside the two-sample test, the "
    "coverage and the average precision after training on synthetic rows."
)


def fidelity_section(
    page: Report, facts: TableFacts, fidelity: Mapping[str, Any], train: pd.DataFrame, synthetic: pd.DataFrame
) -> None:
    """How alike the tables look, always with the sentence on why quality is not enough."""
    section = page.section(
        "Fidelity",
        "How alike the synthetic and the training table look, column by column and pair by pair; 1 is alike. "
        "The ceiling is what held-out real rows reach, the floor a table whose columns are drawn "
        f"independently.\n\n{QUALITY_NOTE}",
    )
    keys = {
        "quality": "Quality",
        "shapes": "Column shapes",
        "pairs": "Column pair trends",
        "pair_tv": "Pairs in deciles (robust to outliers)",
        "pair_tv_target": "Pairs with the target, in deciles",
    }
    blocks = (fidelity, fidelity["ceiling"], fidelity["floor"])
    section.table(
        ["", "Synthetic", "Ceiling", "Floor"],
        [[name, *(rounded(block[key]) for block in blocks)] for key, name in keys.items()],
        f"Scores {fidelity['definition']}. Related pairs that count: {fidelity['pairs_counted']}.",
    )
    rates = fidelity["positive_rate"]
    section.facts(
        {f"Positive rate, {TABLES[name]}, %": rounded(100 * rate, 2) for name, rate in rates.items()}
    )
    worst = [block["column"] for block in fidelity["columns"]]
    section.plot(
        plots.marginals(facts, train, synthetic, worst),
        f"The {min(len(worst), plots.MOST_MARGINALS)} columns that fit worst of {len(worst)}, worst first.",
    )
    for draw, caption in (
        (plots.correlations, "Pearson's correlations of the numbers and the target."),
        (plots.associations, "Cramer's V of the categories."),
    ):
        figure = draw(facts, train, synthetic)
        if figure is not None:
            section.plot(figure, caption)
    _scores(section, fidelity)


def _scores(section: Section, fidelity: Mapping[str, Any]) -> None:
    percent = ("missing_train", "missing_synthetic")
    section.table(
        ["Column", "Kind", "Score", "Missing, train, %", "Missing, synthetic, %"],
        [
            [
                block["column"],
                block["kind"],
                rounded(block["score"]),
                *(rounded(100 * block[key], 2) for key in percent),
            ]
            for block in fidelity["columns"]
        ],
        "Every column, worst first",
        folded=True,
    )
    section.table(
        ["Pair", "Score"],
        [[" and ".join(pair["columns"]), rounded(pair["score"])] for pair in fidelity["worst_pairs"]],
        "The related pairs that fit worst",
        folded=True,
    )
