"""Can a classifier tell synthetic rows from held-out real ones? (Lopez-Paz and Oquab 2017)"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score, roc_curve

from ganworks_tabular.evaluation.classifiers import Kind, features, fit, scores
from ganworks_tabular.evaluation.coding import Codes, Floats, Truths, code, cut, fingerprints
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.evaluation.figures import Figures, curve
from ganworks_tabular.evaluation.uncertainty import auc_error

MOST_ROWS = 10_000  # of each table
FOLDS = 3
TELLTALES = 5
IMPORTANCE_ROWS = 2_000


def two_sample_test(
    facts: TableFacts, heldout: pd.DataFrame, synthetic: pd.DataFrame, *, seed: int = 0, explain: bool = True
) -> Figures:
    """Cross-fitted AUC of gradient-boosted trees: 0.5 cannot be told apart, 1 always.

    Both tables are cut to the same number of rows, at most 10,000; equal rows stay in one fold. ``se`` is the
    standard error of the AUC.
    With ``explain``, ``telltales`` names the 5 columns that give the synthetic table away, by the AUC lost
    when the column is shuffled, and ``roc`` has the curve as (share of real, share of synthetic) rows.
    """
    rows = min(len(heldout), len(synthetic), MOST_ROWS)
    real, made = code(facts, cut(heldout, rows, seed), cut(synthetic, rows, seed))
    x = np.concatenate([features(real), features(made)])
    y = np.arange(len(x)) >= rows
    folds = _folds(np.concatenate([fingerprints(real), fingerprints(made)]), seed)
    score, model = _cross_fitted(x, y, folds, len(facts.numeric), seed)
    auc = float(roc_auc_score(y, score))
    found: Figures = {"auc": auc, "se": auc_error(auc, rows, rows), "rows": rows, "folds": FOLDS}
    if explain:
        false, true, _ = roc_curve(y, score)
        unseen = folds == FOLDS - 1
        both = 0 < y[unseen].sum() < unseen.sum() and model is not None
        found["telltales"] = _telltales(facts, model, x[unseen], y[unseen], seed) if both else []
        found["roc"] = curve(false, true)
    return found


def _folds(rows: NDArray[np.uint64], seed: int) -> Codes:
    """Return the fold of each row, (n,). Equal rows share a fold: a model must not recognise a twin."""
    which, groups = pd.factorize(rows)
    fold: Codes = np.random.default_rng(seed).permutation(len(groups))[which] % FOLDS
    return fold


def _cross_fitted(x: Floats, y: Truths, folds: Codes, numeric: int, seed: int) -> tuple[Floats, Any]:
    """Return the score of every row by a model that has not seen it, and the model of the last fold."""
    score, model = np.full(len(y), 0.5), None
    for fold in range(FOLDS):
        unseen = folds == fold
        both = 0 < y[~unseen].sum() < (~unseen).sum()  # not so where nearly all rows are equal
        model = fit(Kind.TREES, x[~unseen], y[~unseen], numeric, seed=seed) if both else None
        if both and unseen.any():
            score[unseen] = scores(model, x[unseen])
    return score, model


def _telltales(facts: TableFacts, model: Any, x: Floats, y: Truths, seed: int) -> list[Figures]:
    rows = np.random.default_rng(seed).permutation(len(y))[:IMPORTANCE_ROWS]
    found = permutation_importance(
        model, x[rows], y[rows], scoring="roc_auc", n_repeats=2, random_state=seed
    ).importances_mean
    worst = np.argsort(-found, kind="stable")[:TELLTALES]
    return [{"column": facts.columns[place], "auc_lost": float(found[place])} for place in worst]
