"""The whole evaluation of a synthetic table, as one block of figures."""

from __future__ import annotations

import pandas as pd

from ganworks_tabular.evaluation.coverage import coverage
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.evaluation.fairness import fairness
from ganworks_tabular.evaluation.fidelity import fidelity
from ganworks_tabular.evaluation.figures import Figures, Progress
from ganworks_tabular.evaluation.privacy import privacy
from ganworks_tabular.evaluation.two_sample import two_sample_test
from ganworks_tabular.evaluation.utility import Draw
from ganworks_tabular.evaluation.utility import utility as measure_utility

POSITIVES = 2_000  # synthetic ones, drawn for the tests of that class
POSITIVES_SEED = 1_000_003  # apart from the seeds of the utility test
LIMITS = (
    "larger tables are cut at random: 50,000 rows for fidelity, 10,000 for the two-sample test and the "
    "classifiers, 5,000 for coverage; for distances 3,000 rows are compared with at most 10,000"
)


def evaluate_table(
    facts: TableFacts,
    train: pd.DataFrame,
    heldout: pd.DataFrame,
    synthetic: pd.DataFrame,
    draw: Draw,
    *,
    seeds: int = 5,
    utility: bool = True,
    progress: Progress | None = None,
) -> Figures:
    """Evaluate a synthetic table against the rows it was learned from and against held-out real rows.

    Returns blocks ``fidelity``, ``two_sample``, ``coverage``, ``privacy``, ``utility`` (if asked for) and
    ``fairness`` (with a sensitive column), described at the functions of these names; ``limits`` says how
    large tables are cut. All are plain values for a JSON file. Equal input gives equal figures.

    Args:
        facts: the columns.
        train: (n, columns) rows the generator was fitted on.
        heldout: real rows that it has not seen.
        synthetic: a synthetic table, best of as many rows as ``train``.
        draw: gives ``count`` synthetic rows whose target has a given value, from a seed.
        seeds: repetitions of the utility test.
        utility: whether to measure what classifiers gain, the longest part.
        progress: called with a line of text before each step.

    Raises:
        DataError: a table lacks a column or has fewer than 20 rows.
    """
    tell = progress or _silent
    train, heldout, synthetic = (
        facts.check(name, table)
        for name, table in (
            ("training table", train),
            ("held-out table", heldout),
            ("synthetic table", synthetic),
        )
    )
    tell("fidelity")
    found: Figures = {"fidelity": fidelity(facts, train, heldout, synthetic)}
    tell("two-sample test")
    found["two_sample"] = two_sample_test(facts, heldout, synthetic)
    tell("two-sample test of real rows")
    found["two_sample"]["ceiling"] = two_sample_test(facts, heldout, train, explain=False)
    positives = draw(POSITIVES, facts.positive, POSITIVES_SEED)[list(facts.columns)]
    as_many = positives.head(int(facts.positives(train).sum()))
    tell("coverage")
    found["coverage"] = coverage(facts, train, heldout, synthetic, as_many)
    tell("privacy")
    found["privacy"] = privacy(facts, train, heldout, synthetic, positives)
    if utility:
        found["utility"] = measure_utility(
            facts, train, heldout, synthetic, draw, seeds=seeds, progress=progress
        )
    if facts.sensitive is not None:
        tell("fairness")
        found["fairness"] = fairness(facts, train, heldout, synthetic)
    found["rows"] = {"train": len(train), "heldout": len(heldout), "synthetic": len(synthetic)}
    found["limits"] = LIMITS
    return found


def _silent(text: str) -> None:
    """Tell nobody."""
