"""What scenarios know of the training table: quantiles of numbers and counts of categories, by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ganworks.errors import DataError
from ganworks_tabular.columns.casting import (
    Floats,
    Ints,
    dtype_name,
    filled,
    floats,
    from_floats,
    plain,
    texts,
)
from ganworks_tabular.constraints.grid import decimals_of, integer_dtype
from ganworks_tabular.evaluation.facts import TableFacts

LEVELS = 1_001  # quantiles of a column, evenly spaced from 0 to 1
LEAST = 5  # rows that must share what is stored; the lowest and highest value stored are the 5th


@dataclass(frozen=True, kw_only=True)
class NumberMarginal:
    """``quantiles`` (classes + 1, 1001): of each class, and last of all rows; ``missing``: share by class."""

    quantiles: Floats
    missing: tuple[float, ...]
    dtype: str
    decimals: int | None

    def at(self, place: int, levels: Floats) -> Floats:
        """Return the quantiles at ``levels`` in [0, 1] of the class at ``place``; -1 is all rows."""
        return np.asarray(np.interp(levels, np.linspace(0, 1, LEVELS), self.quantiles[place]))

    def level(self, place: int, value: float) -> float:
        """Return the share of the class that lies below ``value``."""
        return float(np.searchsorted(self.quantiles[place], value) / (LEVELS - 1))

    def series(self, values: Floats) -> pd.Series:
        """Return numbers as the column has them, NaN for missing."""
        if self.decimals is not None:
            values = np.round(values, self.decimals)
        whole = self.decimals == 0 and "int" in self.dtype.lower()
        return from_floats(values, integer_dtype(self.dtype, values) if whole else self.dtype, self.decimals)

    def as_dict(self) -> dict[str, Any]:
        return {
            "quantiles": self.quantiles.tolist(),
            "missing": list(self.missing),
            "dtype": self.dtype,
            "decimals": self.decimals,
        }


@dataclass(frozen=True, kw_only=True)
class CategoryMarginal:
    """The plain values of a column (None: missing) and ``counts`` (classes, values)."""

    values: tuple[Any, ...]
    counts: Ints
    dtype: str

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as a user types them; missing is the empty text."""
        return texts(self.values)

    def series(self, places: Ints) -> pd.Series:
        """Return the values at these places as the column has them."""
        if self.dtype != "category":
            return pd.Series(filled(self.values, self.dtype).take(places))
        known = [value for value in self.values if value is not None]
        return pd.Series(pd.Categorical(self.values, categories=known).take(places))

    def as_dict(self) -> dict[str, Any]:
        return {"values": list(self.values), "counts": self.counts.tolist(), "dtype": self.dtype}


@dataclass(frozen=True, kw_only=True)
class Marginals:
    """``target`` holds the classes as a category; ``positive`` is the place of the class that matters."""

    name: str
    target: CategoryMarginal
    positive: int
    numbers: Mapping[str, NumberMarginal]
    categories: Mapping[str, CategoryMarginal]

    @property
    def shares(self) -> Floats:
        """The share of each class in training, (classes,)."""
        counts = np.diagonal(self.target.counts)
        return np.asarray(counts / counts.sum())

    @classmethod
    def of(cls, frame: pd.DataFrame, facts: TableFacts) -> Marginals:
        """Learn them from a training table.

        Number columns with fewer than 10 values are left out, and a class with fewer takes the quantiles of
        all rows; so are values of a category with fewer than 5 rows. Raises DataError if no row is positive.
        """
        codes, classes = pd.factorize(frame[facts.target], sort=True)
        if not facts.positives(frame).any():
            raise DataError(f"no row has {facts.target}={facts.positive}; scenarios need positives to draw")
        target = _category(frame[facts.target], codes, len(classes), least=1)
        positive = int(codes[facts.positives(frame)][0])
        numbers = {name: _number(frame[name], codes, len(classes)) for name in facts.numeric}
        discrete = [name for name in facts.discrete if name != facts.target]
        return cls(
            name=facts.target,
            target=target,
            positive=positive,
            numbers={name: found for name, found in numbers.items() if found is not None},
            categories={name: _category(frame[name], codes, len(classes)) for name in discrete},
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "target": self.target.as_dict(),
            "positive": self.positive,
            "numbers": {name: one.as_dict() for name, one in self.numbers.items()},
            "categories": {name: one.as_dict() for name, one in self.categories.items()},
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Marginals:
        """Read what `as_dict` returned, also after a way through JSON."""
        numbers = {
            name: NumberMarginal(
                **{**one, "quantiles": np.array(one["quantiles"]), "missing": tuple(one["missing"])}
            )
            for name, one in raw["numbers"].items()
        }
        categories = {name: _read_category(one) for name, one in raw["categories"].items()}
        target = _read_category(raw["target"])
        return cls(
            name=raw["name"], target=target, positive=raw["positive"], numbers=numbers, categories=categories
        )


def _number(series: pd.Series, codes: Ints, classes: int) -> NumberMarginal | None:
    values = floats(series)
    whole = _quantiles(values)
    if whole is None:
        return None
    by_class = [values[codes == place] for place in range(classes)]
    own = [_quantiles(part) for part in by_class]
    return NumberMarginal(
        quantiles=np.stack([whole if one is None else one for one in [*own, whole]]),
        missing=tuple(float(np.isnan(part).mean()) for part in by_class),
        dtype=dtype_name(series),
        decimals=decimals_of(series),
    )


def _quantiles(values: Floats) -> Floats | None:
    """Return the quantiles, none beyond the 5th lowest and highest value; None for fewer than 10 values.

    The outermost ranks are brought nearer, not set to these two: a tail would be one record over and over.
    """
    known = np.sort(values[~np.isnan(values)])
    if len(known) < 2 * LEAST:
        return None
    last = len(known) - 1
    ends, to = [0, last], [LEAST - 1, last - LEAST + 1]
    if last >= 4 * LEAST:  # all others keep their ranks
        middle = [2 * LEAST, last - 2 * LEAST]
        ends, to = [ends[0], *middle, ends[1]], [to[0], *middle, to[1]]
    ranks = np.interp(np.linspace(0, last, LEVELS), ends, to)
    return np.asarray(np.interp(ranks, np.arange(last + 1), known))


def _category(series: pd.Series, codes: Ints, classes: int, least: int = LEAST) -> CategoryMarginal:
    places, values = pd.factorize(series.astype(object), use_na_sentinel=False, sort=False)
    counts = np.zeros((classes, len(values)), dtype=np.int64)
    np.add.at(counts, (codes, places), 1)
    plain_values = [None if pd.isna(value) else plain(value) for value in values]
    kept = np.flatnonzero(counts.sum(axis=0) >= least)
    if least == 1:  # the target: classes in the order of their codes
        kept = counts.argmax(axis=1)
    dtype = dtype_name(series)
    return CategoryMarginal(values=tuple(plain_values[p] for p in kept), counts=counts[:, kept], dtype=dtype)


def _read_category(raw: Mapping[str, Any]) -> CategoryMarginal:
    return CategoryMarginal(
        values=tuple(raw["values"]), counts=np.array(raw["counts"], dtype=np.int64), dtype=raw["dtype"]
    )
