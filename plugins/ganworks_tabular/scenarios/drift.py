"""What changed between two tables of the same columns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ganworks_tabular.columns.casting import Floats, Ints
from ganworks_tabular.evaluation.coding import numbers, shared_codes
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.evaluation.two_sample import two_sample_test

STABLE, STRONG = 0.1, 0.25  # the usual limits of the population stability index
BINS = 10  # quantile bins of the reference
LEAST_POSITIVES = 20  # in each table, to look at positives apart
MOST_NAMED = 20  # new or vanished categories
SIGNIFICANT = 0.05

Drift = dict[str, Any]


def drift(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    facts: TableFacts,
    *,
    dates: Collection[str] = (),
    seed: int = 0,
) -> Drift:
    """Return JSON values: `columns` and `positives` (the same for positive rows, None if there are too few)
    with the figures of each column, `verdicts` in words, `two_sample` over all columns together, and `rows`.

    Numeric columns that are `dates` stay out of `two_sample`, whose `without` names them: tables of two
    months are told apart by their dates alone.

    Of each column: `psi`, and `psi_chance`, its mean when nothing changed; `drifted`, whether `psi` is 0.1 or
    more and beyond chance; `missing` shares; `p`, of a Kolmogorov-Smirnov (numbers) or chi-square test, and
    `p_adjusted` by Holm's method over all columns.
    Numbers: `wasserstein`, in standard deviations of the reference (None if that is 0). Categories: `tv`,
    half the summed difference of shares, and the `new` and `vanished` values.

    Raises DataError for a missing column or fewer than 20 rows.
    """
    before, after = facts.check("the reference table", reference), facts.check("the current table", current)
    columns = _columns(before, after, facts.numeric, facts.discrete)
    own = [name for name in facts.discrete if name != facts.target]
    frauds = [table[facts.positives(table)] for table in (before, after)]
    enough = min(map(len, frauds)) >= LEAST_POSITIVES
    without = [name for name in facts.numeric if name in dates]
    timeless = replace(facts, numeric=tuple(name for name in facts.numeric if name not in dates))
    found = two_sample_test(timeless, before, after, seed=seed)
    return {
        "rows": [len(before), len(after)],
        "positives_rows": [len(table) for table in frauds],
        "columns": columns,
        "positives": _columns(frauds[0], frauds[1], facts.numeric, own) if enough else None,
        "verdicts": {name: figures["verdict"] for name, figures in columns.items()},
        "two_sample": {**{name: found[name] for name in ("auc", "se", "telltales")}, "without": without},
    }


def holm(p_values: list[float]) -> list[float]:
    """Return p-values adjusted for their number (Holm 1979), in the given order.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.array(p_values)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(value) for value in adjusted]


def _columns(
    before: pd.DataFrame, after: pd.DataFrame, numeric: tuple[str, ...], discrete: tuple[str, ...] | list[str]
) -> dict[str, Drift]:
    values = numbers(before, numeric), numbers(after, numeric)  # (rows, numeric)
    found = {name: _number(values[0][:, n], values[1][:, n]) for n, name in enumerate(numeric)}
    found |= {name: _category(before[name], after[name]) for name in discrete}
    adjusted = holm([figures["p"] for figures in found.values()])
    for (name, figures), p in zip(found.items(), adjusted, strict=True):
        figures["p_adjusted"] = p
        figures["drifted"] = figures["psi"] >= STABLE and not _chance(figures)
        figures["verdict"] = _verdict(name, figures)
    return found


def _number(before: Floats, after: Floats) -> Drift:
    a, b = before[~np.isnan(before)], after[~np.isnan(after)]
    distance, p = None, 1.0
    if len(a) and len(b):
        spread = float(a.std())
        distance = float(stats.wasserstein_distance(a, b)) / spread if spread > 0 else None
        p = float(stats.ks_2samp(a, b, method="asymp").pvalue)
    edges = np.unique(np.quantile(a, np.linspace(0, 1, BINS + 1)[1:-1])) if len(a) else np.zeros(0)
    counts = [_binned(values, edges) for values in (before, after)]
    return {
        "kind": "number",
        "wasserstein": distance,
        **_stability(*counts),
        "p": p,
        **_missing(before, after),
    }


def _binned(values: Floats, edges: Floats) -> Ints:
    """Count values by bin; missing ones in the last."""
    places = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(places, minlength=len(edges) + 2)


def _category(before: pd.Series, after: pd.Series) -> Drift:
    (a, b), levels = shared_codes([before, after])
    counts = np.stack([np.bincount(codes, minlength=levels) for codes in (a, b)])  # (2, levels)
    shares = counts / counts.sum(axis=1, keepdims=True)
    seen = counts[:, counts.sum(axis=0) > 0]
    p = float(stats.chi2_contingency(seen).pvalue) if seen.shape[1] > 1 else 1.0
    old, new = (set(map(str, series.dropna().unique().tolist())) for series in (before, after))
    return {
        "kind": "category",
        "tv": float(np.abs(shares[0] - shares[1]).sum() / 2),
        **_stability(*counts),
        "p": p,
        "new": sorted(new - old)[:MOST_NAMED],
        "vanished": sorted(old - new)[:MOST_NAMED],
        **_missing(before.isna().to_numpy(), after.isna().to_numpy()),
    }


def _stability(before: Ints, after: Ints) -> Drift:
    """Population stability index: sum of (p - q) log(p / q), half a row added to every bin that is in use."""
    used = before + after > 0
    counts = [table[used] + 0.5 for table in (before, after)]
    p, q = (table / table.sum() for table in counts)
    chance = (len(p) - 1) * (1 / before.sum() + 1 / after.sum())  # its mean when nothing changed
    return {"psi": float(np.sum((p - q) * np.log(p / q))), "psi_chance": float(chance)}


def _missing(before: Any, after: Any) -> Drift:
    shares = [float(np.mean(np.isnan(part) if part.dtype != bool else part)) for part in (before, after)]
    return {"missing": shares}


def _chance(figures: Drift) -> bool:
    """Whether so few rows show as much without any drift."""
    return bool(figures["p_adjusted"] >= SIGNIFICANT and figures["psi"] < 3 * figures["psi_chance"])


def _verdict(name: str, figures: Drift) -> str:
    psi = figures["psi"]
    word = "stable" if psi < STABLE else "some drift" if psi < STRONG else "strong drift"
    word = "no more than chance in so few rows" if psi >= STABLE and not figures["drifted"] else word
    new = f"; new values: {', '.join(figures['new'][:3])}" if figures.get("new") else ""
    return f"{name}: {word} (PSI {psi:.2f}; usual limits {STABLE} and {STRONG}){new}"
