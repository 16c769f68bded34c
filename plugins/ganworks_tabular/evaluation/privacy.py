"""Does the synthetic table repeat rows of the training table? Held-out real rows are the measure.

A pass means that these tests found no copying. It does not mean that the table is anonymous.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ganworks.metrics import rank_test
from ganworks_tabular.evaluation.coding import Coded, code, fingerprints
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.evaluation.figures import Figures, quantiles
from ganworks_tabular.evaluation.gower import Points, nearest, points
from ganworks_tabular.evaluation.uncertainty import auc_error
from ganworks_tabular.evaluation.verdict import LEAST_POSITIVES, confidence, judge, verdict

MOST_ROWS = 10_000  # of a table that others are compared with
MOST_QUERIES = 3_000  # rows whose nearest neighbour is looked for
LOW_PERCENTILE = 5


class Side(NamedTuple):
    """One of the compared tables: as points, and coded for exact comparison."""

    points: Points
    coded: Coded

    def take(self, rows: NDArray[np.bool_]) -> Side:
        return Side(self.points[rows], self.coded.take(rows))


def privacy(
    facts: TableFacts,
    train: pd.DataFrame,
    heldout: pd.DataFrame,
    synthetic: pd.DataFrame,
    positives: pd.DataFrame,
    *,
    seed: int = 0,
) -> Figures:
    """Test for copied rows, in all rows (``all``) and in the positive class (``positives``).

    Distances are Gower's. ``below_p5`` is the share of synthetic rows nearer to a training row than the 5th
    percentile of held-out rows is (0.05 or less when nothing is copied); ``median_ratio`` the median distance
    over that of held-out rows; ``exact`` the share equal to a training row, ``exact_heldout`` the same of
    held-out rows; ``nearer_train`` the share nearer to the training table than to the hold-out, at equal
    sizes (0.5); ``membership_auc`` that of telling training from held-out rows by their distance to the
    synthetic table (0.5), with its standard error. ``distances`` has quantiles to draw.

    ``verdict`` is "pass", "warn" or "fail", with ``reasons``; a finding counts only if it is larger than
    chance and large enough to matter. ``confidence`` of a block says how small a leak it could have seen.
    ``positives`` are synthetic rows of the positive class; below 20 rows in a set, that class is not judged.
    """
    tables = (train, heldout, synthetic, positives)
    sides = [Side(*pair) for pair in zip(points(facts, *tables), code(facts, *tables), strict=True)]
    real, unseen, made, made_positives = sides
    rare = (real.take(real.coded.positive), unseen.take(unseen.coded.positive), made_positives)
    every = _compare(real, unseen, made, seed)
    few = min(len(side.coded) for side in rare) < LEAST_POSITIVES
    sizes = dict(zip(("train", "heldout", "synthetic"), (len(side.coded) for side in rare), strict=True))
    of_rare = {"skipped": "too few rows", "rows": sizes} if few else _compare(*rare, seed)
    findings = [*judge(every, ""), *judge(of_rare, "positives: ")]
    return {
        "verdict": verdict(findings),
        "reasons": [text for _, text in findings],
        "all": every | {"confidence": confidence(every)},
        "positives": of_rare | {"confidence": confidence(of_rare)},
    }


def _compare(train: Side, heldout: Side, synthetic: Side, seed: int) -> Figures:
    reference = train.points.sample(MOST_ROWS, seed)
    queries, unseen = (side.points.sample(MOST_QUERIES, seed) for side in (synthetic, heldout))
    of_made, of_unseen = nearest(queries, reference), nearest(unseen, reference)
    limit = float(np.percentile(of_unseen, LOW_PERCENTILE))
    middle = float(np.median(of_unseen))
    return {
        "below_p5": float((of_made < limit).mean()),
        "p5": limit,
        "median_ratio": float(np.median(of_made)) / middle if middle > 0 else None,
        "exact": exact_copies(synthetic.coded, train.coded),
        "exact_heldout": exact_copies(heldout.coded, train.coded),
        "nearer_train": _nearer_train(queries, train.points, heldout.points, seed),
        **_membership(train.points, heldout.points, synthetic.points, seed),
        "distances": {"synthetic": quantiles(of_made), "heldout": quantiles(of_unseen)},
        "compared": {"synthetic": len(queries), "heldout": len(unseen)},
        "rows": {
            "train": len(train.points),
            "heldout": len(heldout.points),
            "synthetic": len(synthetic.points),
        },
    }


def exact_copies(rows: Coded, train: Coded) -> float:
    """Share of rows that equal a training row in every column."""
    return float(np.isin(fingerprints(rows), fingerprints(train)).mean())


def _nearer_train(queries: Points, train: Points, heldout: Points, seed: int) -> float:
    rows = min(len(train), len(heldout), MOST_ROWS)
    of_train, of_heldout = (nearest(queries, part.sample(rows, seed)) for part in (train, heldout))
    return float((of_train < of_heldout).mean() + (of_train == of_heldout).mean() / 2)


def _membership(train: Points, heldout: Points, synthetic: Points, seed: int) -> Figures:
    made = synthetic.sample(MOST_ROWS, seed)
    members, others = (part.sample(MOST_QUERIES, seed) for part in (train, heldout))
    of_members, of_others = (torch.from_numpy(nearest(part, made)) for part in (members, others))
    if bool((torch.cat([of_members, of_others]) == of_members[0]).all()):  # nothing to rank
        auc = 0.5
    else:
        auc = rank_test(of_others, of_members).auc
    return {
        "membership_auc": auc,
        "membership_se": auc_error(auc, len(members), len(others)),
        "membership_rows": {"train": len(members), "heldout": len(others)},
    }
