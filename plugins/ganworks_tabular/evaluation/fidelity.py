"""How alike two tables look, column by column and pair by pair."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ganworks_tabular.evaluation.coding import Coded, code, cut
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.evaluation.figures import Figures, mean
from ganworks_tabular.evaluation.pairs import Pair, pair_trends, pair_tv
from ganworks_tabular.evaluation.shapes import column_shapes

MOST_ROWS = 50_000
WORST_PAIRS = 10
DEFINITION = (
    "computed here by the definitions of SDMetrics (sdmetrics 0.32: KSComplement, TVComplement, "
    "CorrelationSimilarity, ContingencySimilarity); missing values are counted"
)


def fidelity(
    facts: TableFacts,
    train: pd.DataFrame,
    heldout: pd.DataFrame,
    synthetic: pd.DataFrame,
    *,
    seed: int = 0,
) -> Figures:
    """Compare the synthetic table with the training table.

    ``quality`` is the mean of ``shapes`` and ``pairs`` (see `column_shapes`, `pair_trends`); ``pair_tv`` the
    outlier-proof measure of pairs, ``pair_tv_target`` of the pairs with the target. All are 1 when alike.
    ``ceiling`` has the same figures for held-out real rows, ``floor`` for a table whose columns are drawn
    independently of each other. ``columns`` and ``worst_pairs`` name where the table differs.

    Tables of more than 50,000 rows are cut to that number.
    """
    tables = [cut(table, MOST_ROWS, seed) for table in (train, heldout, synthetic)]
    real, unseen, made = code(facts, *tables)
    found, pairs = _compare(facts, real, made)
    return found | {
        "definition": DEFINITION,
        "columns": _columns(facts, real, made),
        "worst_pairs": _worst(facts, pairs),
        "positive_rate": {
            "train": float(real.positive.mean()),
            "heldout": float(unseen.positive.mean()),
            "synthetic": float(made.positive.mean()),
        },
        "ceiling": _compare(facts, real, unseen)[0],
        "floor": _compare(facts, real, independent(real, len(made), seed))[0],
        "rows": {"train": len(real), "heldout": len(unseen), "synthetic": len(made)},
    }


def independent(table: Coded, rows: int, seed: int) -> Coded:
    """Draw each column on its own: right columns, no relation between them."""
    draw = np.random.default_rng(seed)
    of_numbers, of_codes = (
        draw.integers(0, len(table), (rows, part.shape[1])) for part in (table.numbers, table.codes)
    )
    return Coded(
        np.take_along_axis(table.numbers, of_numbers, axis=0),
        np.take_along_axis(table.codes, of_codes, axis=0),
        table.levels,
        table.positive[draw.integers(0, len(table), rows)],
    )


def _compare(facts: TableFacts, real: Coded, other: Coded) -> tuple[Figures, list[Pair]]:
    shapes = mean(list(column_shapes(real, other)))
    pairs = pair_trends(real, other)
    counted = [pair.score for pair in pairs if pair.counts]
    trends = mean(counted)
    every, of_target = pair_tv(real, other, facts.discrete.index(facts.target))
    known = [score for score in (shapes, trends) if score is not None]
    return {
        "quality": float(np.mean(known)),
        "shapes": shapes,
        "pairs": trends,
        "pairs_counted": len(counted),
        "pairs_all": mean([pair.score for pair in pairs]),
        "pair_tv": every,
        "pair_tv_target": of_target,
    }, pairs


def _columns(facts: TableFacts, real: Coded, made: Coded) -> list[Figures]:
    """One block a column, the worst first."""
    missing = [_missing(table).tolist() for table in (real, made)]
    found = [
        {
            "column": column,
            "kind": "number" if column in facts.numeric else "category",
            "score": score,
            "missing_train": real_share,
            "missing_synthetic": made_share,
        }
        for column, score, real_share, made_share in zip(
            facts.columns, column_shapes(real, made), *missing, strict=True
        )
    ]
    return sorted(found, key=lambda block: float(str(block["score"])))


def _missing(table: Coded) -> np.ndarray:
    """Share of missing values of each column, (columns,)."""
    return np.concatenate(
        [np.isnan(table.numbers).mean(0), (table.codes == np.array(table.levels) - 1).mean(0)]
    )


def _worst(facts: TableFacts, pairs: list[Pair]) -> list[Figures]:
    """The related pairs that fit worst."""
    found = sorted((pair for pair in pairs if pair.counts), key=lambda pair: pair.score)[:WORST_PAIRS]
    return [
        {"columns": [facts.columns[pair.first], facts.columns[pair.second]], "score": pair.score}
        for pair in found
    ]
