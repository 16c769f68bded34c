"""A training table with more positives, the made ones marked."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from ganworks.errors import RunError, UsageError
from ganworks_tabular.columns.casting import texts

Draw = Callable[[int, object, int], pd.DataFrame]  # count, class, seed -> rows of that class


def oversample(
    train: pd.DataFrame,
    draw: Draw,
    target: str,
    positive: object,
    ratio: float,
    seed: int,
    *,
    flag: str = "synthetic",
) -> pd.DataFrame:
    """Return the real rows and, behind them, synthetic positives until positives / others is ``ratio``.

    The boolean column ``flag`` is True for synthetic rows. Whether this helps a classifier must be measured:
    on the fraud tables measured so far, no oversampling beat training on the real rows alone.

    Raises:
        UsageError: the table has a column ``flag``, or as many positives already, or ``ratio`` is not finite.
        RunError: ``draw`` returned rows of another class, other columns, or another number of rows.
    """
    if not math.isfinite(ratio):
        raise UsageError(
            f"a ratio of {ratio:g} cannot be reached; give positives for each other row, such as 0.1"
        )
    if flag in train.columns:
        raise UsageError(
            f"the table has a column '{flag}' already; name another for the mark of synthetic rows"
        )
    is_positive = train[target] == positive
    positives, others = int(is_positive.sum()), int((~is_positive).sum())
    count = round(ratio * others) - positives
    if count <= 0:
        have = positives / others if others else float("inf")
        raise UsageError(
            f"the table has {have:.3g} positives for each other row already; ask for more than that"
        )
    made = draw(count, positive, seed)
    if len(made) != count or set(made.columns) != set(train.columns):
        raise RunError(
            f"the generator gave {len(made)} rows with other columns or count than the {count} asked for"
        )
    if set(texts(made[target].unique().tolist())) != set(texts([positive])):
        raise RunError(f"the generator gave rows that are not {target}={positive}")
    real = train.assign(**{flag: False})
    return pd.concat(
        [real, _typed_like(made[list(train.columns)], train).assign(**{flag: True})], ignore_index=True
    )


def _typed_like(made: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    try:
        return made.astype({name: train[name].dtype for name in train.columns})
    except (TypeError, ValueError) as error:
        raise RunError(f"the generator gave a column of another type than the table: {error}") from None
