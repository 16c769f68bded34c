"""Memorisation: is the synthetic set nearer to the training set than unseen real images are?

Every test compares with held-out real images, which show how alike two images of this kind naturally are; no
threshold is a constant. Two views complement each other: feature space sees a copy through mirroring,
shifts and noise, but only as a tendency of the whole set; pixels name the single copy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import mannwhitneyu
from torch import Tensor

from ganworks.metrics._blocks import blocks
from ganworks.metrics._shrink import SIDE, at_most
from ganworks.metrics.diversity import standardised
from ganworks.metrics.manifold import distances, nearest_distance

COARSE = 16  # pixels, where candidates are found
CANDIDATES = 16  # training images that are compared closely, for each image
NEIGHBOURS = 8  # nearest training images by which `isolation` is measured
SHIFT = 2  # pixels at the compared size, up to which a shifted copy counts as a copy
CERTAIN = 1e-3  # 1 - NCC below which two images are the same, however alike this kind of image is


@dataclass(frozen=True, slots=True)
class RankTest:
    """A Mann-Whitney test between two samples.

    Attributes:
        z: standardised rank statistic; 0 when the two are alike, negative when the first sample is smaller.
        auc: probability that a value of the first sample exceeds one of the second; 0.5 when alike.
    """

    z: float
    auc: float


def rank_test(
    first: Tensor, second: Tensor, first_strata: Tensor | None = None, second_strata: Tensor | None = None
) -> RankTest:
    """Compare two samples of numbers (n,) and (m,) within strata: a different mix of classes has no effect.

    Strata are combined with van Elteren's weights ``1 / (n + m + 1)``; a stratum missing from one sample is
    left out. Without strata this is the plain Mann-Whitney statistic.

    Raises:
        ValueError: no stratum has values in both samples.
    """
    groups = [(first, second)]
    if first_strata is not None and second_strata is not None:
        both = sorted(set(first_strata.tolist()) & set(second_strata.tolist()))
        groups = [(first[first_strata == label], second[second_strata == label]) for label in both]
    excess = variance = wins = pairs = 0.0
    for a, b in groups:
        n, m = len(a), len(b)
        u = float(mannwhitneyu(a.numpy(), b.numpy(), method="asymptotic").statistic) if n and m else 0.0
        excess += (u - n * m / 2) / (n + m + 1)
        variance += n * m / 12 / (n + m + 1)
        wins, pairs = wins + u, pairs + n * m
    if not pairs:
        raise ValueError("the two samples have no class in common")
    return RankTest(excess / variance**0.5, wins / pairs)


class FeatureReference:
    """Training features (n, d), with the features of mirrored training images where copies may be mirrored.

    A mirror image belongs to the row it was made from: it is never counted as that row's neighbour.
    """

    def __init__(self, train: Tensor, mirrored: Tensor | None = None) -> None:
        self.rows = len(train)
        self.features = train if mirrored is None else torch.cat([train, mirrored])

    def nearest(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the distance (m,) to the nearest training image and its row (m,)."""
        distance, index = nearest_distance(features, self.features)
        return distance, index % self.rows

    def own_nearest(self) -> Tensor:
        """Return the distance (n,) of each training image to the nearest other training image."""
        owner = torch.arange(len(self.features)) % self.rows
        found = []
        for rows in blocks(torch.arange(self.rows)):
            between = distances(self.features[rows], self.features)
            between[owner[None] == rows[:, None]] = float("inf")
            found.append(between.min(1).values)
        return torch.cat(found)


def authenticity(reference: FeatureReference, features: Tensor) -> float:
    """Share of rows (m, d) further from their training neighbour than that one from its own (Alaa 2022).

    Its natural value is that of held-out real images, around a half, not 1: compare with that.
    """
    distance, neighbour = reference.nearest(features)
    return float((distance > reference.own_nearest()[neighbour]).float().mean())


@dataclass(frozen=True, slots=True)
class CopyRule:
    """What counts as a copy: nearer to one training image, and more to it alone, than any held-out image.

    Attributes:
        distance: ``1 - NCC`` below which an image is too near.
        isolation: ratio below which it is near to that one image only; see `NearestTraining`.
    """

    distance: float
    isolation: float


@dataclass(frozen=True, slots=True)
class NearestTraining:
    """The most alike training image of each image.

    Attributes:
        distance: (m,) float32, ``1 - NCC``; 0 for a copy, 1 for unrelated images.
        index: (m,) int64, row in the training set.
        isolation: (m,) float32, ``distance`` over the mean distance of the next 7 neighbours (after Carlini
            2023). A copy is near to one image; a blurred or average one is near to many, which is no copying.
        is_copy: (m,) bool.
    """

    distance: Tensor
    index: Tensor
    isolation: Tensor
    is_copy: Tensor


def nearest_training(
    images: Tensor, train: Tensor, rule: CopyRule, *, flips: bool = True, shift: int = SHIFT
) -> NearestTraining:
    """Find the training image most like each image, allowing a mirror image and small shifts.

    Images (m, c, h, w) and ``train`` (n, c, h, w) of one shape are compared at 64 pixels on the longer side
    or less, by normalised cross-correlation of the middle of a training image with every window of the image.
    The candidates come from a comparison with every training image at 16 pixels.

    Args:
        images: in [-1, 1].
        train: in [-1, 1].
        rule: from `copy_rule`.
        flips: whether a mirror image (left to right) counts.
        shift: largest shift that counts, in pixels at the compared size.

    Raises:
        ValueError: the shapes do not fit.
    """
    distance, index, isolation = _closest(images, train, flips, shift)
    is_copy = (distance < CERTAIN) | (distance < rule.distance) & (isolation < rule.isolation)
    return NearestTraining(distance, index, isolation, is_copy)


def copy_rule(heldout: Tensor, train: Tensor, *, flips: bool = True, shift: int = SHIFT) -> CopyRule:
    """Measure on held-out images (h, c, h, w) how near unseen real images come to the training set.

    Twins of training images among them (a leaking split) would hide every copy, so they are left out; the
    distance is at least 0.001, below which two images are the same. Without held-out images nothing shows
    what naturally alike means: only images that are the same are copies then.

    Raises:
        ValueError: the shapes do not fit.
    """
    if len(heldout) == 0:
        return CopyRule(CERTAIN, 1.0)
    distance, _, isolation = _closest(heldout, train, flips, shift)
    unseen = distance >= CERTAIN
    if not unseen.any():
        return CopyRule(CERTAIN, 1.0)
    return CopyRule(float(distance[unseen].min()), float(isolation[unseen].min()))


def chance_of_copies(copies: int, synthetic: int, heldout: int) -> float:
    """Probability, at most, that a perfect generator has so many rows nearer than the nearest held-out row.

    When synthetic and held-out images are alike, every order of their distances is equally likely, so the
    ``copies`` smallest of all are synthetic with probability ``prod (s - i) / (s + h - i)``, i < copies.

    >>> round(chance_of_copies(2, 1000, 1000), 3)
    0.25
    """
    i = np.arange(copies)
    return float(np.prod((synthetic - i) / (synthetic + heldout - i)))


@torch.inference_mode()
def _closest(images: Tensor, train: Tensor, flips: bool, shift: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return distance, index and isolation, each (m,)."""
    if images.shape[1:] != train.shape[1:]:
        raise ValueError(f"cannot compare images {tuple(images.shape)} with training {tuple(train.shape)}")
    images, train = at_most(images, SIDE), at_most(train, SIDE)
    shift = _fitting(shift, train)
    middles = _middle(train, shift)  # standardised only for candidates: no second copy of the training set
    coarse_train = at_most(train, COARSE)
    step = _fitting(min(shift, 1), coarse_train)  # one coarse cell covers any shift that counts
    coarse_templates = standardised(_middle(coarse_train, step))
    found = []
    for part in blocks(images, size=32):
        coarse = _windows(_views(at_most(part, COARSE), flips), step)
        alike = (coarse @ coarse_templates.T).amax(1)  # (b, n)
        candidates = alike.topk(min(CANDIDATES, len(train)), dim=1).indices  # (b, k)
        windows = _windows(_views(part, flips), shift)
        found.append(_refine(windows, middles, candidates))
    distance, index, isolation = (torch.cat(column) for column in zip(*found, strict=True))
    return distance, index, isolation


def _refine(windows: Tensor, middles: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compare windows (b, v, d) with each image's own candidates (b, k) among ``middles`` (n, c, h, w)."""
    templates = standardised(middles[candidates.flatten()]).view(*candidates.shape, -1)  # (b, k, d)
    correlation = torch.einsum("bvd,bkd->bvk", windows, templates).amax(1)  # (b, k)
    near = (1 - correlation).clamp(min=0).topk(min(NEIGHBOURS, correlation.shape[1]), dim=1, largest=False)
    distance, rest = near.values[:, 0], near.values[:, 1:]
    usual = rest.mean(1) if rest.shape[1] else torch.ones_like(distance)
    return distance, candidates.gather(1, near.indices[:, :1])[:, 0], distance / usual.clamp(min=1e-6)


def _views(images: Tensor, flips: bool) -> Tensor:
    return torch.stack([images, images.flip(-1)] if flips else [images], dim=1)  # (b, v, c, h, w)


def _windows(views: Tensor, shift: int) -> Tensor:
    """Cut and standardise every window ``shift`` smaller on each side: (b, v, c, h, w) to (b, v * s, d)."""
    height, width = views.shape[-2] - 2 * shift, views.shape[-1] - 2 * shift
    cut = [
        views[..., top : top + height, left : left + width]
        for top in range(2 * shift + 1)
        for left in range(2 * shift + 1)
    ]
    windows = torch.stack(cut, dim=2).flatten(1, 2)  # (b, v * shifts, c, height, width)
    return standardised(windows.flatten(0, 1)).view(*windows.shape[:2], -1)


def _middle(images: Tensor, shift: int) -> Tensor:
    return images[..., shift : images.shape[-2] - shift, shift : images.shape[-1] - shift]


def _fitting(shift: int, images: Tensor) -> int:
    return min(shift, (min(images.shape[-2:]) - 1) // 4)  # leaves half of a tiny image to compare
