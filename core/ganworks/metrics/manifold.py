"""Fidelity and variety from nearest neighbours in feature space: precision, recall, density, coverage."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ganworks.metrics._blocks import BLOCK_ROWS, blocks

NEIGHBOURS = 5  # k of Naeem 2020


@dataclass(frozen=True, slots=True)
class Manifold:
    """Overlap of two sets of features; 1 is best (density may exceed it).

    Attributes:
        precision: share of synthetic rows inside the real manifold (Kynkaanniemi 2019, eq. 2).
        recall: share of real rows inside the synthetic manifold (Kynkaanniemi 2019, eq. 3).
        density: mean number of real balls around a synthetic row, over k (Naeem 2020, eq. 4).
        coverage: share of real balls that hold a synthetic row (Naeem 2020, eq. 5).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(real: Tensor, synthetic: Tensor, *, k: int = NEIGHBOURS) -> Manifold:
    """Compare features (n, d) and (m, d) by open balls that reach to the k-th neighbour within each set.

    Memory is bounded: a block of 512 rows of the distance matrix exists at a time.

    Raises:
        ValueError: a set has k rows or fewer.
    """
    if min(len(real), len(synthetic)) <= k:
        raise ValueError(f"k={k} needs more than {k} rows in each set, got {len(real)} and {len(synthetic)}")
    # A neighbour at exactly the radius lies outside; rounding must not decide it.
    real_radius = kth_distance(real, k) * (1 - 1e-9)
    synthetic_radius = kth_distance(synthetic, k) * (1 - 1e-9)
    inside, covered, recalled = torch.zeros(len(synthetic)), 0, 0
    for rows, radius in zip(blocks(real), blocks(real_radius), strict=True):
        between = distances(rows, synthetic)  # (block, m)
        within = between < radius[:, None]
        inside += within.sum(0)
        covered += int(within.any(1).sum())
        recalled += int((between < synthetic_radius).any(1).sum())
    return Manifold(
        precision=float((inside > 0).float().mean()),
        recall=recalled / len(real),
        density=float(inside.mean()) / k,
        coverage=covered / len(real),
    )


def expected_coverage(n_real: int, n_synthetic: int, *, k: int = NEIGHBOURS) -> float:
    """Coverage of a perfect generator, ``1 - C(n - 1, k) / C(n + m - 1, k)`` in any space (Naeem 2020).

    >>> round(expected_coverage(1000, 1000), 3)
    0.969
    """
    return 1 - math.comb(n_real - 1, k) / math.comb(n_real + n_synthetic - 1, k)


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Return Euclidean distances (n, m) in float64.

    In float32 the expansion ``a.a + b.b - 2 a.b`` loses exactly the small distances that tell a copy.
    """
    a, b = a.double(), b.double()
    squared = a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T
    return squared.clamp_(min=0).sqrt_()


def kth_distance(features: Tensor, k: int) -> Tensor:
    """Return the distance (n,) of each row to its k-th nearest other row."""
    found = []
    for start in range(0, len(features), BLOCK_ROWS):
        block = distances(features[start : start + BLOCK_ROWS], features)
        rows = torch.arange(len(block))
        block[rows, rows + start] = 0.0  # itself is always the nearest, whatever the rounding
        found.append(block.kthvalue(k + 1, dim=1).values)
    return torch.cat(found)


def nearest_distance(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distance (n,) of each row of ``a`` to its nearest row of ``b``, and its index (n,)."""
    found = [distances(rows, b).min(1) for rows in blocks(a)]
    return torch.cat([block.values for block in found]), torch.cat([block.indices for block in found])
