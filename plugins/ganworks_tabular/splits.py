"""Which rows are trained on, which choose the checkpoint, and which are kept for the evaluation."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TEST, VALIDATION = 0.2, 0.1  # shares of each class


def split_rows(labels: pd.Series, seed: int) -> NDArray[np.str_]:
    """Return train, validation or test for each row, each class in the same shares.

    Equal rows may lie in several parts; the evaluation counts the exact copies that held-out rows are.
    """
    parts = np.full(len(labels), "train", dtype="<U10")
    parts[set_aside(labels, TEST, seed)] = "test"
    rest = np.flatnonzero(parts == "train")
    parts[rest[set_aside(labels.iloc[rest], VALIDATION / (1 - TEST), seed)]] = "validation"
    return parts


def set_aside(labels: pd.Series, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which rows (rows,) are set aside: a share of each class, one row at least of two or more."""
    draw = np.random.default_rng(seed)
    aside = np.zeros(len(labels), dtype=bool)
    for rows in labels.groupby(labels, observed=True, dropna=False).indices.values():
        count = max(round(len(rows) * share), 1) if len(rows) > 1 else 0
        aside[draw.permutation(rows)[:count]] = True
    return aside
