"""The training tables that are compared: real rows, with more weight or more rows of the rare class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
from numpy.typing import NDArray

from ganworks_tabular.evaluation.coding import Floats, Truths

SMOTE_NEIGHBOURS = 5
More = Callable[[int], Floats]  # the first so many of further rows of the positive class


@dataclass(frozen=True, slots=True)
class Arm:
    """A training table: features (n, columns) and class (n,); ``balanced`` asks for class weights."""

    name: str
    x: Floats
    y: Truths
    balanced: bool = False


def arms(x: Floats, y: Truths, numeric: int, made: More, seed: int) -> Iterator[Arm]:
    """Yield what to train on, from real features ``x`` and classes ``y``.

    ``x2`` doubles the positives, ``balance`` makes them as many as the negatives. ``made`` gives synthetic
    positives. Where two positives or fewer are there, SMOTE has nothing to go between and is left out.
    """
    yield Arm("real", x, y)
    yield Arm("class_weights", x, y, balanced=True)
    positives = int(y.sum())
    sizes = {"x2": positives, "balance": max(len(y) - 2 * positives, positives)}
    draw = np.random.default_rng(seed)
    repeated = x[y][draw.integers(0, positives, max(sizes.values()))]
    sources = {"oversampling": repeated, "augmented": made(max(sizes.values()))}
    if positives > 2:
        sources["smote"] = smote(x, y, numeric, max(sizes.values()), seed)
    for source, more in sources.items():
        for size, count in sizes.items():
            yield _with(f"{source}_{size}", x, y, more[:count])


def smote(x: Floats, y: Truths, numeric: int, count: int, seed: int) -> Floats:
    """Interpolate so many positives between neighbours (Chawla 2002): SMOTE, SMOTE-NC with categories.

    Missing numbers are replaced by the median first, for SMOTE knows none.
    """
    filled, discrete = _filled(x, numeric), list(range(numeric, x.shape[1]))
    neighbours = min(SMOTE_NEIGHBOURS, int(y.sum()) - 1)
    settings = {
        "sampling_strategy": {True: int(y.sum()) + count},
        "random_state": seed,
        "k_neighbors": neighbours,
    }
    if not discrete:
        sampler = SMOTE(**settings)
    elif numeric:
        sampler = SMOTENC(categorical_features=discrete, **settings)
    else:
        sampler = SMOTEN(**settings)
    grown, _ = sampler.fit_resample(filled, y)
    more: Floats = grown[len(x) :]
    return more[np.random.default_rng(seed).permutation(len(more))]


def _with(name: str, x: Floats, y: Truths, more: Floats) -> Arm:
    return Arm(name, np.concatenate([x, more]), np.concatenate([y, np.ones(len(more), bool)]))


def _filled(x: Floats, numeric: int) -> Floats:
    filled = x.copy()
    for place in range(numeric):
        column: NDArray[np.float64] = filled[:, place]
        gaps = np.isnan(column)
        if gaps.any():
            column[gaps] = np.median(column[~gaps]) if not gaps.all() else 0.0
    return filled
