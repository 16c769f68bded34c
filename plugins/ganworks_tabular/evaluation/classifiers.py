"""The classifiers of the evaluation: gradient-boosted trees and logistic regression on coded tables."""

from __future__ import annotations

import warnings
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ganworks_tabular.evaluation.coding import Coded, Floats, Truths

MOST_LEVELS = 250  # histogram boosting takes at most 255 categories; the rarer ones are taken together
MOST_ONE_HOT = 50


class Kind(StrEnum):
    """Which classifier."""

    TREES = "HistGradientBoosting"
    LINEAR = "LogisticRegression"


def features(table: Coded, leave_out: int | None = None) -> Floats:
    """Return (n, columns) for `fit`: numbers, then codes without the discrete column at ``leave_out``."""
    codes = table.codes if leave_out is None else np.delete(table.codes, leave_out, axis=1)
    return np.concatenate([table.numbers, np.minimum(codes, MOST_LEVELS)], axis=1)


def fit(kind: Kind, x: Floats, y: Truths, numeric: int, *, seed: int, balanced: bool = False) -> Any:
    """Fit a classifier on features whose first ``numeric`` columns are numbers.

    Trees: 200 rounds, learning rate 0.05, 31 leaves, 80 % of the columns a split. Logistic regression: L2
    with C = 1 on standardised numbers (missing: median and an indicator) and one-hot categories.
    ``balanced`` weights the classes alike.
    """
    weight = "balanced" if balanced else None
    model = _trees(x.shape[1], numeric, seed, weight) if kind is Kind.TREES else _linear(x, numeric, weight)
    with warnings.catch_warnings():
        # 400 iterations are enough to rank, and a column may be empty in one of the arms
        warnings.simplefilter("ignore", ConvergenceWarning)
        # scikit-learn bins no column without a value; a constant teaches as little
        return model.fit(np.where(np.isnan(x).all(0), 0.0, x), y)


def scores(model: Any, x: Floats) -> Floats:
    """Return the probability of the positive class, (n,)."""
    found: NDArray[np.float64] = model.predict_proba(x)[:, 1]
    return found


def _trees(columns: int, numeric: int, seed: int, weight: str | None) -> Any:
    return HistGradientBoostingClassifier(
        max_iter=200,
        learning_rate=0.05,
        max_leaf_nodes=31,
        min_samples_leaf=20,
        l2_regularization=1.0,
        max_features=0.8,
        categorical_features=np.arange(columns) >= numeric,
        early_stopping=False,
        class_weight=weight,
        random_state=seed,
    )


def _linear(x: Floats, numeric: int, weight: str | None) -> Any:
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MOST_ONE_HOT, sparse_output=False
    )
    prepare = ColumnTransformer(
        [
            ("numbers", make_pipeline(imputer, StandardScaler()), list(range(numeric))),
            ("categories", one_hot, list(range(numeric, x.shape[1]))),
        ]
    )
    return make_pipeline(prepare, LogisticRegression(max_iter=400, class_weight=weight))
