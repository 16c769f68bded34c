"""Are the groups of a sensitive column treated alike, by the table and by a classifier trained on it?"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from ganworks_tabular.evaluation.classifiers import Kind, features, fit, scores
from ganworks_tabular.evaluation.coding import Coded, Codes, Floats, Truths, code, cut, numbers, shared_codes
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.evaluation.figures import Figures

MOST_ROWS = 10_000  # to train on
MOST_GROUPS = 10  # the rarest groups are taken together
QUARTERS = 4  # groups of a sensitive number
LEAST_OF_GROUP = 10  # rows a rate is computed from
MISSING, OTHERS = "missing", "others"


def fairness(
    facts: TableFacts,
    train: pd.DataFrame,
    heldout: pd.DataFrame,
    synthetic: pd.DataFrame,
    *,
    seed: int = 0,
) -> Figures:
    """Positive rate of each group, and how a classifier of real or of synthetic rows treats the groups.

    ``groups`` has share and positive rate of each group in the training, held-out and synthetic table. For
    gradient-boosted trees trained on ``real`` and on ``synthetic`` rows, tested on held-out ones:
    ``demographic_parity_difference`` is the largest difference between groups of the share of alarms (Dwork
    2012), ``equalised_odds_difference`` that of the true or the false positive rate, whichever is larger
    (Hardt 2016); 0 is best. A classifier raises as many alarms as there are held-out positives. Rates of
    fewer than 10 rows are left out; None where fewer than two groups remain.

    Raises:
        ValueError: the facts name no sensitive column.
    """
    if facts.sensitive is None:
        raise ValueError("fairness needs a sensitive column")
    train, synthetic = (cut(table, MOST_ROWS, seed) for table in (train, synthetic))
    tables = dict(zip(("train", "heldout", "synthetic"), (train, heldout, synthetic), strict=True))
    names, members = groups(facts, facts.sensitive, *tables.values())
    coded = dict(zip(tables, code(facts, *tables.values()), strict=True))
    found = [
        {"group": name}
        | {
            table: _group(coded[table].positive[of == place])
            for table, of in zip(tables, members, strict=True)
        }
        for place, name in enumerate(names)
    ]
    return {
        "sensitive": facts.sensitive,
        "groups": found,
        "classifiers": {
            name: _treatment(facts, coded[part], coded["heldout"], members[1], len(names), seed)
            for name, part in (("real", "train"), ("synthetic", "synthetic"))
        },
    }


def groups(facts: TableFacts, column: str, *tables: pd.DataFrame) -> tuple[list[str], list[Codes]]:
    """Return the names of the groups of a column and the group of each row; the first table defines them.

    A category is a group, a number falls into a quarter of the first table.
    """
    if column in facts.numeric:
        return _quarters(*(numbers(table, [column])[:, 0] for table in tables))
    return _categories(*(table[column] for table in tables))


def _categories(*columns: pd.Series) -> tuple[list[str], list[Codes]]:
    members, levels = shared_codes(columns)
    values = np.concatenate([column.astype(object).to_numpy() for column in columns])
    present, first, together = np.unique(np.concatenate(members), return_index=True, return_inverse=True)
    names = [
        MISSING if group == levels - 1 else str(values[row])
        for group, row in zip(present, first, strict=True)
    ]
    if len(names) > MOST_GROUPS:
        names = [*names[: MOST_GROUPS - 1], OTHERS]
        together = np.minimum(together, MOST_GROUPS - 1)
    return names, np.split(together, np.cumsum([len(column) for column in columns])[:-1])


def _quarters(*columns: Floats) -> tuple[list[str], list[Codes]]:
    known = columns[0][np.isfinite(columns[0])]
    places = np.linspace(0, 1, QUARTERS + 1)[1:-1]
    edges = np.unique(np.quantile(known, places)) if len(known) else np.empty(0)
    ends = ["", *(f"{edge:g}" for edge in edges), ""]
    names = [
        f"from {low}" if not high else f"below {high}" if not low else f"{low} to {high}"
        for low, high in pairwise(ends)
    ]
    missing = any(np.isnan(column).any() for column in columns)
    members = [
        np.where(np.isnan(column), len(names), np.searchsorted(edges, column, side="right"))
        for column in columns
    ]
    return names + [MISSING] * missing, members


def _group(positive: Truths) -> Figures:
    rows = len(positive)
    return {"rows": rows, "positive_rate": float(positive.mean()) if rows >= LEAST_OF_GROUP else None}


def _treatment(
    facts: TableFacts, part: Coded, heldout: Coded, of: Codes, groups: int, seed: int
) -> Figures | None:
    if part.positive.all() or not part.positive.any():
        return None
    target = facts.discrete.index(facts.target)
    model = fit(Kind.TREES, features(part, target), part.positive, len(facts.numeric), seed=seed)
    score = scores(model, features(heldout, target))
    alarms = np.zeros(len(score), bool)
    alarms[np.argsort(-score, kind="stable")[: int(heldout.positive.sum())]] = True
    selected = _rates(alarms, np.ones(len(score), bool), of, groups)
    hit, false = (_rates(alarms, rows, of, groups) for rows in (heldout.positive, ~heldout.positive))
    odds = [gap for gap in (_range(hit), _range(false)) if gap is not None]
    return {
        "demographic_parity_difference": _range(selected),
        "equalised_odds_difference": max(odds, default=None),
        "alarm_rate": selected,
        "true_positive_rate": hit,
        "false_positive_rate": false,
    }


def _rates(alarms: Truths, rows: Truths, of: Codes, groups: int) -> list[float | None]:
    """Share of alarms among the chosen rows of each group; None where they are too few."""
    chosen = [rows & (of == group) for group in range(groups)]
    return [float(alarms[one].mean()) if one.sum() >= LEAST_OF_GROUP else None for one in chosen]


def _range(rates: list[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return max(known) - min(known) if len(known) > 1 else None
