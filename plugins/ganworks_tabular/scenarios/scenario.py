"""A plan for a table: how many positives, which mix of values, what amounts. Rows are drawn to it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ganworks_tabular.columns.casting import Floats, Ints
from ganworks_tabular.scenarios.counting import whole_counts, whole_table
from ganworks_tabular.scenarios.marginals import CategoryMarginal, Marginals, NumberMarginal


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Knobs; what none is turned for stays as in training. `read_scenario` checks them.

    rate: share of positives in [0, 1]; None: as in training. The other classes keep their ratio.
    mix: shares of a category column's values; values not named share the rest as in training.
    scale: factor on a number column; values end where those of training end.
    tail: a number column between two quantiles of training, such as (0.99, 1.0).
    """

    rate: float | None = None
    mix: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)
    tail: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def conditions(self, n: int, seed: int, marginals: Marginals) -> pd.DataFrame:
        """Return what is given of each of ``n`` rows, in random order: the class, and every turned column.

        The counts of classes and of mixed values are exact up to rounding. Within a class the columns are
        drawn independently of each other; the rows to be completed follow the model.
        """
        counts = whole_counts(self.class_shares(marginals), n)
        classes = np.repeat(np.arange(len(counts)), counts)  # (n,)
        columns = {marginals.name: marginals.target.series(classes)}
        for name, shares in self.mix.items():
            places = _mixed(marginals.categories[name], shares, counts, _rng(seed, name))
            columns[name] = marginals.categories[name].series(places)
        for name in (*self.scale, *self.tail):
            columns[name] = self._amounts(name, marginals.numbers[name], counts, _rng(seed, name))
        order = _rng(seed, "").permutation(n)
        return pd.DataFrame(columns).take(order).reset_index(drop=True)

    def class_shares(self, marginals: Marginals) -> Floats:
        """Return the share of each class, (classes,)."""
        shares = marginals.shares
        if self.rate is None:
            return shares
        others = np.delete(shares, marginals.positive)
        return np.insert(others / others.sum() * (1 - self.rate), marginals.positive, self.rate)

    def notes(self, marginals: Marginals) -> list[str]:
        """Say what the knobs do to the columns, for a report."""
        lines = []
        for name, factor in self.scale.items():
            number = marginals.numbers[name]
            weights = self.class_shares(marginals)
            scaled = number.quantiles[:-1] * factor  # (classes, levels)
            low, high = number.quantiles[-1, [0, -1]]
            outside = ((scaled < low) | (scaled > high)).mean(axis=1)
            lines.append(
                f"{name} is drawn from its training quantiles times {factor:g}, class by class; "
                f"{weights @ outside:.1%} of the values would leave the range seen in training, {low:g} to "
                f"{high:g}, and are set to its ends"
            )
        for name, (start, end) in self.tail.items():
            low, high = marginals.numbers[name].at(-1, np.array([start, end]))
            lines.append(f"{name} is drawn from {low:g} to {high:g}, its quantiles {start:g} to {end:g}")
        if len(self.mix) + len(self.scale) + len(self.tail) > 1:
            lines.append("the given columns are drawn independently of each other within a class")
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Return what `read_scenario` reads."""
        return {
            **({} if self.rate is None else {"rate": self.rate}),
            "mix": {name: dict(shares) for name, shares in self.mix.items()},
            "scale": dict(self.scale),
            "tail": {name: list(ends) for name, ends in self.tail.items()},
        }

    def _amounts(
        self, name: str, number: NumberMarginal, counts: Ints, rng: np.random.Generator
    ) -> pd.Series:
        parts = [np.zeros(0)]
        for place, count in enumerate(counts.tolist()):
            levels = (rng.permutation(count) + rng.random(count)) / max(count, 1)  # one in each stratum
            if name in self.tail:
                parts.append(_tail(number, place, levels, self.tail[name]))
            else:
                parts.append(_scaled(number, place, levels, self.scale[name], rng))
        return number.series(np.concatenate(parts))


FEW = 0.01  # share of a class: from less, a tail would be one or two records


def _tail(number: NumberMarginal, place: int, levels: Floats, ends: tuple[float, float]) -> Floats:
    """Draw from the part of a class that lies in the tail of all rows; from all rows if it has few there."""
    low, high = number.at(-1, np.array(ends))
    start, end = number.level(place, low), number.level(place, np.nextafter(high, np.inf))
    if end - start <= FEW:
        place, (start, end) = -1, ends
    held = np.clip(number.at(place, start + (end - start) * levels), low, high)
    return _rounded_inside(held, low, high, number.decimals)


def _rounded_inside(values: Floats, low: float, high: float, decimals: int | None) -> Floats:
    """Round so that no value leaves the range, where it holds any value with so few decimals."""
    if decimals is None:
        return values
    scale = 10**decimals
    first, last = np.ceil(low * scale - 1e-6), np.floor(high * scale + 1e-6)
    places = np.clip(np.rint(values * scale), min(first, last), max(first, last))
    return np.asarray(places / scale)


def _scaled(
    number: NumberMarginal, place: int, levels: Floats, factor: float, rng: np.random.Generator
) -> Floats:
    low, high = number.quantiles[-1, [0, -1]]
    values = np.clip(number.at(place, levels) * factor, low, high)
    share = number.missing[place]
    missing = rng.permutation(len(levels))[: whole_counts(np.array([share, 1 - share]), len(levels))[0]]
    values[missing] = np.nan
    return values


def _mixed(
    column: CategoryMarginal, shares: Mapping[str, float], class_counts: Ints, rng: np.random.Generator
) -> Ints:
    """Return a place for every row, class after class, with the shares exact over all classes."""
    wanted = whole_counts(value_shares(column, shares), int(class_counts.sum()))
    table = whole_table(
        column.counts.astype(np.float64) + 0.5, class_counts, wanted
    )  # a half, so that any mix can be had
    rows = [rng.permutation(np.repeat(np.arange(len(counts)), counts)) for counts in table]
    return np.concatenate(rows)


def value_shares(column: CategoryMarginal, shares: Mapping[str, float]) -> Floats:
    """Return the share of each value: as given, and the rest of 1 in the ratio of training."""
    known = column.texts
    given = np.array([shares.get(text, np.nan) for text in known])
    open_places = np.isnan(given)
    ratio = np.where(open_places, column.counts.sum(axis=0), 0)
    rest = max(0.0, 1 - float(np.nansum(given)))
    return np.where(open_places, rest * ratio / max(int(ratio.sum()), 1), given)


def _rng(seed: int, name: str) -> np.random.Generator:
    """A stream for each column, so that one knob does not change the draws of another."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
