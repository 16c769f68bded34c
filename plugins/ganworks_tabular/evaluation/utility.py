"""What a fraud model gains or loses by synthetic rows: alone, and added to real ones."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from ganworks_tabular.evaluation.arms import Arm, arms
from ganworks_tabular.evaluation.classifiers import Kind, features, fit, scores
from ganworks_tabular.evaluation.coding import Coded, Floats, Truths, code, cut
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.evaluation.figures import Figures, Progress, curve, spread
from ganworks_tabular.evaluation.uncertainty import paired_interval

Draw = Callable[[int, object, int], pd.DataFrame]  # count, value of the target, seed

MOST_ROWS = 10_000  # to train on
MOST_HELDOUT_ROWS = 100_000
KEPT = 0.9  # share of the real or synthetic rows that a seed trains on
LEAST_POSITIVES = 5  # in train and in the hold-out
SYNTHETIC = "synthetic"  # the arm that trains on the synthetic table only


def utility(
    facts: TableFacts,
    train: pd.DataFrame,
    heldout: pd.DataFrame,
    synthetic: pd.DataFrame,
    draw: Draw,
    *,
    seeds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Figures:
    """ROC-AUC and average precision on held-out real rows of classifiers trained in different ways.

    For each classifier, ``arms`` has for each way of training the mean and standard deviation over seeds; a
    seed draws 90 % of the training rows, the same ones in every arm of real rows, and sets the classifier.
    ``real`` is the measure; ``synthetic`` trains on the synthetic table only. ``gain`` has the paired
    difference of average precision to ``real`` with a 95 % interval over seeds; it covers neither another
    split nor another fit of the generator. ``precision_recall`` has the curves of the first seed.

    Where a table has more than 10,000 rows, negatives are left out until that many remain (all positives
    stay, up to half); held-out rows are cut at random to 100,000.

    Args:
        facts: the columns.
        train: real rows, those the generator was fitted on.
        heldout: real rows for testing.
        synthetic: a synthetic table.
        draw: gives ``count`` synthetic rows whose target has a given value, from a seed.
        seeds: repetitions, at least 1.
        seed: of the cuts.
        progress: called with a line of text at each step.
    """
    if min(int(facts.positives(table).sum()) for table in (train, heldout)) < LEAST_POSITIVES:
        return {"skipped": f"fewer than {LEAST_POSITIVES} positive rows in the training or held-out part"}
    train, synthetic = (_cut_negatives(facts, table, seed) for table in (train, synthetic))
    heldout = cut(heldout, MOST_HELDOUT_ROWS, seed)
    found: dict[Kind, dict[str, list[Floats]]] = {kind: defaultdict(list) for kind in Kind}
    for place in range(seeds):
        made = draw(_most_added(facts, train), facts.positive, seed + place)
        tables = code(facts, train, heldout, synthetic, made)
        for arm in _training_tables(facts, *tables, seed=seed + place):
            for kind in Kind:
                if progress:
                    progress(f"utility: seed {place + 1} of {seeds}, {arm.name}, {kind}")
                found[kind][arm.name].append(_scored(kind, arm, facts, tables[1], seed + place))
    truth = facts.positives(heldout)
    return {
        "classifiers": {str(kind): _summary(by_arm, truth) for kind, by_arm in found.items()},
        "precision_recall": {
            name: _precision_recall(truth, found[Kind.TREES][arm][0])
            for name, arm in (("real", "real"), ("synthetic", SYNTHETIC))
        },
        "seeds": seeds,
        "rows": {"train": len(train), "heldout": len(heldout), "synthetic": len(synthetic)},
        "positives": {"train": int(facts.positives(train).sum()), "heldout": int(truth.sum())},
        "prevalence": float(truth.mean()),
    }


def _training_tables(
    facts: TableFacts, train: Coded, heldout: Coded, synthetic: Coded, made: Coded, *, seed: int
) -> Iterator[Arm]:
    target = facts.discrete.index(facts.target)
    real, fake = _subsample(train, seed), _subsample(synthetic, seed)
    added = features(made, target)
    yield from arms(features(real, target), real.positive, len(facts.numeric), lambda n: added[:n], seed)
    yield Arm(SYNTHETIC, features(fake, target), fake.positive)


def _scored(kind: Kind, arm: Arm, facts: TableFacts, heldout: Coded, seed: int) -> Floats:
    """Train on the arm; return the scores of the held-out rows, all alike if it has one class only."""
    if arm.y.all() or not arm.y.any():
        return np.zeros(len(heldout))
    model = fit(kind, arm.x, arm.y, len(facts.numeric), seed=seed, balanced=arm.balanced)
    return scores(model, features(heldout, facts.discrete.index(facts.target)))


def _summary(by_arm: dict[str, list[Floats]], truth: Truths) -> Figures:
    precision = {
        arm: [float(average_precision_score(truth, score)) for score in scored]
        for arm, scored in by_arm.items()
    }
    return {
        "arms": {
            arm: {
                "roc_auc": spread([float(roc_auc_score(truth, score)) for score in scored]),
                "average_precision": spread(precision[arm]),
            }
            for arm, scored in by_arm.items()
        },
        "gain": {arm: _gain(found, precision["real"]) for arm, found in precision.items() if arm != "real"},
    }


def _gain(found: list[float], real: list[float]) -> Figures:
    mean, low, high = paired_interval([a - b for a, b in zip(found, real, strict=True)])
    known = math.isfinite(low)
    return {"mean": mean, "low": low if known else None, "high": high if known else None}


def _precision_recall(truth: Truths, score: Floats) -> list[list[float]]:
    """The curve as (recall, precision), recall rising."""
    precision, recall, _ = precision_recall_curve(truth, score)
    return curve(recall[::-1], precision[::-1])


def _subsample(table: Coded, seed: int) -> Coded:
    draw = np.random.default_rng(seed)
    keep = np.concatenate(
        [
            draw.permutation(rows)[: math.ceil(KEPT * len(rows))]
            for rows in (np.flatnonzero(table.positive), np.flatnonzero(~table.positive))
        ]
    )
    return table.take(draw.permutation(keep))


def _most_added(facts: TableFacts, train: pd.DataFrame) -> int:
    """Positives that the largest arm adds, at most."""
    positives = int(facts.positives(train).sum())
    return max(len(train) - 2 * positives, positives) + 2


def _cut_negatives(facts: TableFacts, table: pd.DataFrame, seed: int) -> pd.DataFrame:
    if len(table) <= MOST_ROWS:
        return table
    positive = facts.positives(table)
    kept = cut(table[positive].reset_index(drop=True), MOST_ROWS // 2, seed)
    rest = cut(table[~positive].reset_index(drop=True), MOST_ROWS - len(kept), seed)
    return pd.concat([kept, rest], ignore_index=True)
