"""Variety: within classes (collapse), and the class score of a classifier."""

from __future__ import annotations

import torch
from torch import Tensor

from ganworks.metrics._blocks import blocks

FLAT = 1e-6  # standard deviation below which an image is constant


def standardised(images: Tensor) -> Tensor:
    """Return the images as rows of mean 0 and length 1, (n, c * h * w) float32; a constant image becomes 0.

    The dot product of two rows is their normalised cross-correlation (NCC).
    """
    rows = images.flatten(1).float()
    rows = rows - rows.mean(1, keepdim=True)
    length = rows.norm(dim=1, keepdim=True)
    flat = length < FLAT * rows.shape[1] ** 0.5
    return torch.where(flat, 0.0, rows / length.clamp(min=1e-12))


def diversity(images: Tensor) -> float:
    """Mean of ``1 - NCC`` over all pairs of images (n, c, h, w): 0 when all are alike.

    Two constant images count as alike. Computed from the sum of the rows, so it costs O(n), not O(n^2).

    Raises:
        ValueError: fewer than two images.
    """
    n = len(images)
    if n < 2:
        raise ValueError("diversity needs at least two images")
    total, squares = torch.zeros(images[0].numel(), dtype=torch.float64), 0.0
    for part in blocks(images):
        rows = standardised(part).double().cpu()
        total += rows.sum(0)
        squares += float(rows.square().sum())
    flat = n - round(squares)  # every other row has length 1
    alike = float(total.square().sum()) - squares + flat * (flat - 1)
    return 1 - alike / (n * (n - 1))


def diversity_ratio(
    real: Tensor,
    synthetic: Tensor,
    real_labels: Tensor | None = None,
    synthetic_labels: Tensor | None = None,
) -> float:
    """Within-class `diversity` of synthetic over real images; 1 is right, below 0.25 looks like collapse.

    With labels (n,) the classes that have two images in both sets are averaged with their share in the real
    set, so that a different class balance changes nothing. NaN where nothing can be compared.
    """
    if real_labels is None or synthetic_labels is None:
        return _ratio([(1.0, real, synthetic)])
    shared = []
    for label in sorted(set(real_labels.tolist())):
        own, other = real[real_labels == label], synthetic[synthetic_labels == label]
        shared.append((float(len(own)), own, other))
    return _ratio(shared)


def _ratio(groups: list[tuple[float, Tensor, Tensor]]) -> float:
    usable = [(weight, a, b) for weight, a, b in groups if min(len(a), len(b)) >= 2]
    of_real = sum(weight * diversity(a) for weight, a, _ in usable)
    of_synthetic = sum(weight * diversity(b) for weight, _, b in usable)
    return of_synthetic / of_real if of_real > 0 else float("nan")


def class_score(probabilities: Tensor) -> float:
    """``exp E KL(p(y|x) || p(y))`` of probabilities (n, classes), as the Inception Score (Salimans 2016).

    With any classifier, hence not called "IS". From 1 (unsure, or one class only) to the number of classes.

    Raises:
        ValueError: the rows are not probabilities.
    """
    p = probabilities.double()
    if (
        p.ndim != 2
        or len(p) == 0
        or bool((p < 0).any())
        or not torch.allclose(p.sum(1), torch.ones(()).double(), atol=1e-4)
    ):
        raise ValueError("expected class probabilities (n, classes) with rows that sum to 1")
    divergence = torch.xlogy(p, p).sum(1) - torch.xlogy(p, p.mean(0)).sum(1)
    return float(divergence.mean().exp())
