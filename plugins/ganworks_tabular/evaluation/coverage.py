"""Does the synthetic table reach every kind of real row, and are its rows where real rows are?"""

from __future__ import annotations

import pandas as pd
import torch

from ganworks.metrics import expected_coverage
from ganworks_tabular.evaluation.facts import TableFacts
from ganworks_tabular.evaluation.figures import Figures
from ganworks_tabular.evaluation.gower import Points, blocks, distances, own_radius, points

NEIGHBOURS = 5  # k of Naeem 2020
MOST_ROWS = 5_000
LEAST_ROWS = NEIGHBOURS + 1  # a ball needs its k-th neighbour


def coverage(
    facts: TableFacts,
    train: pd.DataFrame,
    heldout: pd.DataFrame,
    synthetic: pd.DataFrame,
    positives: pd.DataFrame,
    *,
    seed: int = 0,
) -> Figures:
    """Density and coverage (Naeem 2020, k = 5) of held-out rows by synthetic ones, in Gower's distance.

    ``all`` compares whole tables, ``positives`` the positive class with ``positives``, synthetic rows of that
    class. ``ceiling`` is the same for training rows, as many as synthetic ones (at most all there are);
    ``expected`` what a perfect generator reaches. ``coverage`` is None where a set has fewer than 6 rows.
    At most 5,000 rows of each table are compared.
    """
    real, unseen, made, rare = points(facts, train, heldout, synthetic, positives)
    real_rare, unseen_rare = real[facts.positives(train)], unseen[facts.positives(heldout)]
    return {
        "k": NEIGHBOURS,
        "all": _compare(real, unseen, made, seed),
        "positives": _compare(real_rare, unseen_rare, rare, seed),
    }


def density_coverage(real: Points, synthetic: Points) -> tuple[float, float]:
    """Density (Naeem 2020, eq. 4) and coverage (eq. 5) of ``real`` by ``synthetic``; 1 is best.

    The balls are closed: where most columns are categories, a row's 5th neighbour is often at distance 0,
    and an open ball could not hold even a copy of it.
    """
    radius = own_radius(real, NEIGHBOURS) * (1 + 1e-6)  # rounding must not decide about a tie
    inside, covered = 0, torch.zeros(len(real), dtype=torch.bool)
    for _, block in blocks(synthetic):
        within = distances(block, real) <= radius
        inside += int(within.sum())
        covered |= within.any(0)
    return inside / (NEIGHBOURS * len(synthetic)), float(covered.float().mean())


def _compare(train: Points, heldout: Points, synthetic: Points, seed: int) -> Figures:
    heldout, synthetic = heldout.sample(MOST_ROWS, seed), synthetic.sample(MOST_ROWS, seed)
    like = train.sample(len(synthetic), seed)
    rows = {"heldout": len(heldout), "synthetic": len(synthetic), "train": len(like)}
    if min(rows.values()) < LEAST_ROWS:
        return {"density": None, "coverage": None, "ceiling": None, "expected": None, "rows": rows}
    density, covered = density_coverage(heldout, synthetic)
    real_density, real_covered = density_coverage(heldout, like)
    return {
        "density": density,
        "coverage": covered,
        "ceiling": {"density": real_density, "coverage": real_covered},
        "expected": expected_coverage(len(heldout), len(synthetic), k=NEIGHBOURS),
        "rows": rows,
    }
