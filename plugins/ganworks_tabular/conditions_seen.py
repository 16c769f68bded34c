"""Conditions that no training row meets together, though each by itself is one of the table."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks_tabular.columns.casting import floats, texts
from ganworks_tabular.comparing import as_texts
from ganworks_tabular.conditions import Between, Conditions, typed_conditions
from ganworks_tabular.preparation import Preparation


def unseen_together(where: Conditions, preparation: Preparation, train: Path) -> str | None:
    """Return one line that names conditions which no row of the training part meets together, or None.

    Looked at are values of categories and ranges of numbers; a single number or date is new more often than
    not. None too where the Parquet file ``train`` was deleted, and of a private run, whose rows are closed.

    Raises:
        UsageError: a condition that makes no sense.
    """
    if preparation.private or len(where) < 2 or not train.is_file():
        return None
    typed = typed_conditions(where, preparation)
    looked_at = [
        name
        for name, value in typed.items()
        if isinstance(value, Between) or preparation.schema[name].kind == "category"
    ]
    if len(looked_at) < 2:
        return None
    rows = pd.read_parquet(train, columns=looked_at)
    met = {name: _met(typed[name], rows[name]) for name in looked_at}
    for names in (*combinations(looked_at, 2), tuple(looked_at)):
        if not np.logical_and.reduce([met[name] for name in names]).any():
            said = " and ".join(f"{name}={where[name]}" for name in names)
            return f"no training row has {said} together: what else such rows hold is a guess"
    return None


def _met(value: pd.Series | Between, column: pd.Series) -> NDArray[np.bool_]:
    """Which rows (rows,) meet a condition."""
    if isinstance(value, Between):
        numbers = floats(column)
        low, high = value.low, value.high
        if value.quantiles:
            low, high = np.quantile(numbers[~np.isnan(numbers)], [low, high])
        return np.asarray((numbers >= low) & (numbers <= high))
    cell = value.iloc[0]
    if pd.isna(cell):
        return column.isna().to_numpy()
    return as_texts(column).eq(texts([cell])[0]).to_numpy()
