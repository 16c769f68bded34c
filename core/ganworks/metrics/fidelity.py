"""The fidelity block of ``metrics.json``: how close synthetic images come to unseen real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganworks.errors import DataError
from ganworks.metrics.distances import (
    frechet_distance,
    frechet_distance_floor,
    intensity_emd,
    kernel_distance,
    kernel_distance_floor,
    spectrum_distance,
)
from ganworks.metrics.diversity import diversity_ratio
from ganworks.metrics.extractors import Extractor, require_images
from ganworks.metrics.manifold import NEIGHBOURS, Manifold, expected_coverage, manifold

LEAST_ROWS = 2 * (NEIGHBOURS + 1)  # of real images, so that each half has k neighbours
LEAST_CLASS_ROWS = 50  # below, a kernel distance per class is noise
TOO_FEW = "too few"


def fidelity(
    real: Tensor,
    synthetic: Tensor,
    extractor: Extractor,
    *,
    real_labels: Tensor | None = None,
    synthetic_labels: Tensor | None = None,
    classes: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """Compare synthetic with held-out real images; every number comes with what real images would reach.

    ``kid`` with its interval ``kid_low`` to ``kid_high``, and ``fd``: 0 is best. ``kid_floor`` is the value
    that fresh real images would stay below in 95 of 100 draws at these sizes, ``fd_floor`` the value they
    would have on average, which is all bias; see `kernel_distance_floor` and `frechet_distance_floor`.
    ``precision``, ``recall``, ``density`` and ``coverage``: 1 is best, and the same name with ``_floor`` is
    what real images reach: measured between random halves of the real set (a little low, as halves are
    sparser), for coverage computed. ``diversity_ratio``: 1 is right. ``spectrum_distance`` is in decibels,
    ``intensity_emd`` in units of [-1, 1]. ``per_class`` holds a shorter block for each class; where a class
    has fewer than 50 rows in either set, its ``kid`` is "too few".

    Copies of the training set pass every one of these with full marks: see `privacy`.

    Args:
        real: (n, c, h, w) in [-1, 1], not used in training, n >= 12.
        synthetic: (m, c, h, w) in [-1, 1], m >= 12.
        extractor: the feature space.
        real_labels: (n,) int64.
        synthetic_labels: (m,) int64.
        classes: names in label order; without them there are no blocks per class.
        seed: of the resampling.

    Raises:
        DataError: too few images, not finite, or shapes that do not fit.
    """
    _check(real, synthetic, real_labels, synthetic_labels)
    a, b = extractor(real), extractor(synthetic)
    result = _kernel(a, b, seed) | {
        "kid_floor": kernel_distance_floor(a, len(b), seed=seed),
        "fd": frechet_distance(a, b),
        "fd_floor": frechet_distance_floor(a, len(b), seed=seed),
    }
    result |= _manifold(a, b, seed)
    result |= {
        "diversity_ratio": diversity_ratio(real, synthetic, real_labels, synthetic_labels),
        "spectrum_distance": spectrum_distance(real, synthetic),
        "intensity_emd": intensity_emd(real, synthetic),
        "extractor": {"name": extractor.name, "hash": extractor.hash},
        "n_real": len(real),
        "n_synthetic": len(synthetic),
        "per_class": {},
    }
    if real_labels is not None and synthetic_labels is not None:
        for label, name in enumerate(classes):
            own, other = real_labels.cpu() == label, synthetic_labels.cpu() == label
            result["per_class"][name] = _one_class(real[own], synthetic[other], a[own], b[other], seed)
    return result


def _one_class(real: Tensor, synthetic: Tensor, a: Tensor, b: Tensor, seed: int) -> dict[str, Any]:
    sizes = {"n_real": len(a), "n_synthetic": len(b)}
    variety = {"diversity_ratio": diversity_ratio(real, synthetic)}
    if min(len(a), len(b)) < LEAST_CLASS_ROWS:
        return {"kid": TOO_FEW} | variety | sizes
    floor = {"kid_floor": kernel_distance_floor(a, len(b), seed=seed)}
    return _kernel(a, b, seed) | floor | _manifold(a, b, seed) | variety | sizes


def _kernel(a: Tensor, b: Tensor, seed: int) -> dict[str, Any]:
    found = kernel_distance(a, b, seed=seed)
    return {"kid": found.value, "kid_low": found.low, "kid_high": found.high}


def _manifold(a: Tensor, b: Tensor, seed: int) -> dict[str, Any]:
    found, floor = manifold(a, b), _real_against_real(a, seed)
    return {
        "precision": found.precision,
        "precision_floor": floor.precision,
        "recall": found.recall,
        "recall_floor": floor.recall,
        "density": found.density,
        "density_floor": floor.density,
        "coverage": found.coverage,
        "coverage_floor": expected_coverage(len(a), len(b)),
    }


def _real_against_real(features: Tensor, seed: int, splits: int = 4) -> Manifold:
    draw, half, found = torch.Generator().manual_seed(seed), len(features) // 2, []
    for _ in range(splits):
        order = torch.randperm(len(features), generator=draw)
        found.append(manifold(features[order[:half]], features[order[half : 2 * half]]))
    precision, recall, density, coverage = (
        float(np.mean([getattr(one, name) for one in found]))
        for name in ("precision", "recall", "density", "coverage")
    )
    return Manifold(precision, recall, density, coverage)


def _check(
    real: Tensor, synthetic: Tensor, real_labels: Tensor | None, synthetic_labels: Tensor | None
) -> None:
    require_images(real, "real images")
    require_images(synthetic, "synthetic images")
    if real.shape[1:] != synthetic.shape[1:]:
        raise DataError(
            f"real images are {tuple(real.shape[1:])} but synthetic ones {tuple(synthetic.shape[1:])} "
            "(channels, height, width); bring them to one size"
        )
    for what, images, labels in (
        ("real", real, real_labels),
        ("synthetic", synthetic, synthetic_labels),
    ):
        if len(images) < LEAST_ROWS:
            raise DataError(f"fidelity needs {LEAST_ROWS} {what} images or more, got {len(images)}")
        if labels is not None and labels.shape != images.shape[:1]:
            raise DataError(f"{len(images)} {what} images but labels of shape {tuple(labels.shape)}")
