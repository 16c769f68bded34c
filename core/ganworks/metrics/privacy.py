"""The privacy block of ``metrics.json``: did the generator learn, or does it remember its training images?

A pass means that these tests found no copies. It does not mean that the images are anonymous.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganworks.errors import DataError
from ganworks.metrics.extractors import Extractor, require_images
from ganworks.metrics.manifold import nearest_distance
from ganworks.metrics.memorisation import (
    CopyRule,
    FeatureReference,
    RankTest,
    authenticity,
    chance_of_copies,
    copy_rule,
    nearest_training,
    rank_test,
)

LEAST_ROWS = 5  # in each set
LEAST_CLASS_ROWS = 20  # held-out and synthetic rows for a verdict about one class
TOO_FEW = "too few"

WARN, FAIL = "warn", "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Where a warning and a failure begin. ``z`` says that an effect is real, the size that it matters.

    Fresh real images cross a limit of 3 standard errors in about 1 of 700 evaluations, of 6 never.
    """

    z_warn: float = 3.0
    z_fail: float = 6.0
    ct_auc_fail: float = 0.3  # blurred and averaged sets stay above .35, noisy or shifted copies below .2
    membership_warn: float = 0.6  # AUC of telling training from held-out images
    membership_fail: float = 0.75
    authenticity_warn: float = 0.8  # times the authenticity of held-out images
    authenticity_fail: float = 0.5
    copies_fail: float = 0.01  # share of near-copies
    copies_chance: float = 1e-3  # probability below which that many are no accident
    heldout_least: int = 30  # held-out images below which the tests can hardly see anything


class Labels(NamedTuple):
    """Class of every row (n,) of the three sets."""

    train: Tensor
    heldout: Tensor
    synthetic: Tensor


def privacy(
    train: Tensor,
    heldout: Tensor,
    synthetic: Tensor,
    extractor: Extractor,
    *,
    labels: tuple[Tensor, Tensor, Tensor] | None = None,
    classes: Sequence[str] = (),
    dropped: int = 0,
    flips: bool = True,
    rule: CopyRule | None = None,
    limits: Limits | None = None,
) -> dict[str, Any]:
    """Test for memorisation, with held-out real images as the measure of natural likeness.

    ``ct`` is the data-copying statistic (Meehan 2020): the standardised rank of synthetic against held-out
    distances to the training set, negative when synthetic images lie nearer (a blurred set does so too,
    moderately); ``ct_auc`` the same as a probability, 0.5 when alike. ``authenticity`` (Alaa 2022) is about
    ``authenticity_heldout`` when nothing is copied: half to two thirds, not 1. ``membership_auc`` tells
    training from held-out images by their distance to the synthetic set, 0.5 when nothing leaks. ``copies``
    counts the rows that are copies of one training image by `CopyRule`, mirrored or shifted a little too;
    ``threshold`` is the distance of that rule.

    ``verdict`` is "pass", "warn" or "fail", with ``reasons``. ``per_class`` repeats the rank tests for each
    class; a class with fewer than 20 rows has "too few".

    Args:
        train: (n, c, h, w) in [-1, 1], what the generator was trained on.
        heldout: (h, c, h, w) real images it has not seen, of other patients.
        synthetic: (m, c, h, w).
        extractor: the feature space of the set-wise tests.
        labels: class of every row (rows,) of the three sets, in this order; they make the rank tests
            independent of the mix of classes.
        classes: names in label order; without them there are no blocks per class.
        dropped: near-copies already removed from ``synthetic``; they count.
        flips: whether a mirrored training image counts as a copy.
        rule: from `copy_rule`, if known; otherwise it is found here.
        limits: of the verdict.

    Raises:
        DataError: fewer than 5 images in a set, not finite, or shapes that do not fit.
    """
    _check(train, heldout, synthetic, labels)
    limits = limits or Limits()
    rows = Labels(*labels) if labels is not None else _one_class(train, heldout, synthetic)
    space = _Space(train, heldout, synthetic, extractor, flips)
    rule = rule or copy_rule(heldout, train, flips=flips)
    near = nearest_training(synthetic, train, rule, flips=flips)
    copies = int(near.is_copy.sum())

    copying, membership = space.copying(rows), space.membership(rows)
    real_share = authenticity(space.reference, space.heldout)
    share = authenticity(space.reference, space.synthetic)
    findings = [
        *_judge_size(len(heldout), limits),
        *_judge_copies(copies + dropped, len(synthetic) + dropped, len(heldout), limits),
        *_judge_copying(copying, "", limits),
        *_judge_membership(membership, "", limits),
        *_judge_authenticity(share, real_share, len(synthetic), len(heldout), limits),
    ]
    per_class = {}
    for label, name in enumerate(classes):
        per_class[name], found = _judge_class(space, rows, label, name, limits)
        findings += found
    return {
        "ct": copying.z,
        "ct_auc": copying.auc,
        "authenticity": share,
        "authenticity_heldout": real_share,
        "membership_auc": membership.auc,
        "copies": copies,
        "dropped": dropped,
        "threshold": rule.distance,
        "verdict": _verdict(findings),
        "reasons": [text for level, text in sorted(findings, key=lambda found: found[0] != FAIL)],
        "n_train": len(train),
        "n_heldout": len(heldout),
        "n_synthetic": len(synthetic),
        "per_class": per_class,
    }


class _Space:
    """The three sets in feature space, and the distances between them, computed once."""

    def __init__(
        self, train: Tensor, heldout: Tensor, synthetic: Tensor, extractor: Extractor, flips: bool
    ) -> None:
        own, mirrored = extractor(train), extractor(train.flip(-1)) if flips else None
        self.reference = FeatureReference(own, mirrored)
        self.heldout, self.synthetic = extractor(heldout), extractor(synthetic)
        self.heldout_to_train, _ = self.reference.nearest(self.heldout)
        self.synthetic_to_train, _ = self.reference.nearest(self.synthetic)
        self.train_to_synthetic, _ = nearest_distance(own, self.synthetic)
        self.heldout_to_synthetic, _ = nearest_distance(self.heldout, self.synthetic)
        if mirrored is not None:  # both alike, or the mirrored side would win by having two tries
            turned, _ = nearest_distance(mirrored, self.synthetic)
            self.train_to_synthetic = self.train_to_synthetic.minimum(turned)
            turned, _ = nearest_distance(extractor(heldout.flip(-1)), self.synthetic)
            self.heldout_to_synthetic = self.heldout_to_synthetic.minimum(turned)

    def copying(self, rows: Labels) -> RankTest:
        return rank_test(self.synthetic_to_train, self.heldout_to_train, rows.synthetic, rows.heldout)

    def membership(self, rows: Labels) -> RankTest:
        return rank_test(self.heldout_to_synthetic, self.train_to_synthetic, rows.heldout, rows.train)


Finding = tuple[str, str]  # level and one line for the report


def _judge_size(heldout: int, limits: Limits) -> Iterator[Finding]:
    if heldout < limits.heldout_least:
        yield WARN, f"only {heldout} held-out images: these tests can hardly see copying"


def _judge_copies(copies: int, synthetic: int, heldout: int, limits: Limits) -> Iterator[Finding]:
    if copies and chance_of_copies(copies, synthetic, heldout) < limits.copies_chance:
        level = FAIL if copies > limits.copies_fail * synthetic else WARN
        yield level, f"{copies} of {synthetic} images are near-copies of a training image"


def _judge_copying(test: RankTest, where: str, limits: Limits) -> Iterator[Finding]:
    if test.z < -limits.z_warn:
        level = FAIL if test.z < -limits.z_fail and test.auc < limits.ct_auc_fail else WARN
        yield (
            level,
            (
                f"{where}synthetic images lie nearer to the training set than held-out images do "
                f"(C_T {test.z:.1f}, AUC {test.auc:.2f})"
            ),
        )


def _judge_membership(test: RankTest, where: str, limits: Limits) -> Iterator[Finding]:
    if test.z > limits.z_warn and test.auc > limits.membership_warn:
        level = FAIL if test.z > limits.z_fail and test.auc > limits.membership_fail else WARN
        yield level, f"{where}training images can be told from held-out ones (membership AUC {test.auc:.2f})"


def _judge_authenticity(share: float, real: float, n: int, m: int, limits: Limits) -> Iterator[Finding]:
    pooled = (share * n + real * m) / (n + m)  # the two-proportion z test
    error = (pooled * (1 - pooled) * (1 / n + 1 / m)) ** 0.5
    z = (share - real) / error if error > 0 else 0.0
    if z < -limits.z_warn and share < limits.authenticity_warn * real:
        level = FAIL if z < -limits.z_fail and share < limits.authenticity_fail * real else WARN
        yield level, f"authenticity {share:.2f}, where held-out images have {real:.2f}"


def _judge_class(
    space: _Space, rows: Labels, label: int, name: str, limits: Limits
) -> tuple[dict[str, Any], list[Finding]]:
    train, heldout, synthetic = (one == label for one in rows)
    block: dict[str, Any] = {
        "n_train": int(train.sum()),
        "n_heldout": int(heldout.sum()),
        "n_synthetic": int(synthetic.sum()),
    }
    if min(block["n_heldout"], block["n_synthetic"]) < LEAST_CLASS_ROWS or not block["n_train"]:
        return {"ct": TOO_FEW, "membership_auc": TOO_FEW} | block, []
    copying = rank_test(space.synthetic_to_train[synthetic], space.heldout_to_train[heldout])
    membership = rank_test(space.heldout_to_synthetic[heldout], space.train_to_synthetic[train])
    found = [
        *_judge_copying(copying, f"class {name}: ", limits),
        *_judge_membership(membership, f"class {name}: ", limits),
    ]
    return {"ct": copying.z, "ct_auc": copying.auc, "membership_auc": membership.auc} | block, found


def _verdict(findings: Sequence[Finding]) -> str:
    levels = {level for level, _ in findings}
    return FAIL if FAIL in levels else WARN if WARN in levels else "pass"


def _one_class(*sets: Tensor) -> Labels:
    return Labels(*(torch.zeros(len(rows), dtype=torch.int64) for rows in sets))


def _check(
    train: Tensor, heldout: Tensor, synthetic: Tensor, labels: tuple[Tensor, Tensor, Tensor] | None
) -> None:
    sets = {"training images": train, "held-out images": heldout, "synthetic images": synthetic}
    for place, (what, images) in enumerate(sets.items()):
        require_images(images, what)
        if len(images) < LEAST_ROWS:
            raise DataError(f"{what}: {len(images)}, but the privacy tests need {LEAST_ROWS} or more")
        if images.shape[1:] != train.shape[1:]:
            raise DataError(f"{what} are {tuple(images.shape[1:])}, training images {tuple(train.shape[1:])}")
        if labels is not None and labels[place].shape != images.shape[:1]:
            raise DataError(f"{what}: {len(images)} rows but labels of shape {tuple(labels[place].shape)}")
