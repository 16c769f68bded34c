"""How sure a measured share or AUC is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student_t


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982).

    >>> round(auc_error(0.5, 100, 100), 3)
    0.041
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    excess = (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return math.sqrt(max(auc * (1 - auc) + excess, 0.0) / (positives * negatives))


def share_error(share: float, rows: int) -> float:
    """Standard error of a share of independent rows."""
    return math.sqrt(share * (1 - share) / rows)


def paired_interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Mean of paired differences with its 95 % interval (Student's t); infinite for a single pair."""
    mean = float(np.mean(differences))
    if len(differences) < 2:
        return mean, -math.inf, math.inf
    half = student_t.ppf(0.975, len(differences) - 1) * np.std(differences, ddof=1)
    half /= math.sqrt(len(differences))
    return mean, float(mean - half), float(mean + half)
