"""Downstream gain: does a classifier get better on real images when it also sees the synthetic ones?

The rivals are the strongest simple ones, all with the same number of optimiser steps, the same
class-balanced batches, the same test set and paired seeds (a seed is the initial weights and the order of the
real rows, shared by every arm):

================== ====================================================================================
``real``           the real training images as they are
``real+classical`` the same with classical augmentation
``duplicated``     the better of those two, with copies of real images mixed in as the synthetic ones are
``synthetic_R``    the better of those two, with R synthetic images to each real one in every batch
``synthetic_only`` synthetic images of every class in place of the real ones
================== ====================================================================================

The ratio is chosen on the validation set. The best of the arms without synthetic images is chosen on the
test set, on purpose, and the interval is one for the gain over the best of them
(`gain_summary.gain_over_best`). A validation set may prefer a rival that is weak on the test set: on
PneumoniaMNIST with 388 normal images it takes ``real`` (77.9 % on the test set) for ``real+classical``
(89.9 %), and further images in place of that augmentation (83.2 %) would be called a gain.

Every run has a fixed number of steps under a rate that ends near zero: choosing an epoch by a small
validation set would add noise and give the arms different numbers of steps.

The interval covers the randomness of training on these images and that of having drawn these test images,
each as if it were a patient of its own. It does not cover other training patients.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch

from ganworks.errors import DataError, UsageError
from ganworks.metrics._shrink import SIDE, at_most
from ganworks.metrics.classifier import Augment
from ganworks.metrics.extractors import require_images
from ganworks.metrics.gain_arms import Arm, Bench, Score, default_workers, duplicates
from ganworks.metrics.gain_summary import Choice, best_arm, summary, synthetic_arm
from ganworks.metrics.labelled import Labelled, Mixture, stream

BATCH = 32
WIDTH = 16  # 24 scores the same on 28 x 28 X-rays and takes half as long again
FIDELITY_ROWS = 500  # synthetic images on which the label fidelity is measured


def downstream_gain(
    train: Labelled,
    validation: Labelled,
    test: Labelled,
    synthetic: Labelled,
    *,
    classes: int,
    augment: Augment,
    fill: Sequence[int] | None = None,
    seeds: int = 20,
    steps: int | None = None,
    ratios: Sequence[float] = (0.25, 0.5, 1.0),
    longest_side: int | None = SIDE,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure what the synthetic images are worth to a classifier (see the table above).

    Args:
        train: the real images that the generator was trained on, and nothing else.
        validation: real images that decide on the ratio; every class that matters should occur.
        test: real images for the numbers; every class must occur.
        synthetic: images with the classes they were made for. A class without any keeps its real images in
            every arm, ``synthetic_only`` too: hand over all classes for that arm to be what its name says.
        classes: number of classes.
        augment: the classical augmentation fit for the kind of image, ``augment(images, generator)``.
        fill: classes to which the arms ``synthetic_R`` and ``duplicated`` add images, such as the starved
            ones; None: all that ``synthetic`` holds.
        seeds: paired repetitions; five are too few to see a gain of one or two points.
        steps: optimiser steps of every run; None: `default_steps`.
        ratios: synthetic images to one real image, in every class; a share r / (1 + r) of each batch.
        longest_side: larger images are averaged down to this many pixels before all; None: never.
        workers: classifiers trained at a time; None: one a CPU core. The result does not depend on it.
        progress: called as ``progress(done, total)`` after each of the trained classifiers.

    Returns:
        ``metric``, ``seeds``, ``steps``.
        ``arms``: for each the ``mean``, ``std``, 95 % ``low`` and ``high`` of the balanced accuracy on the
        test set, its ``values`` by seed, and the mean ``auc`` (macro) and ``minority_recall``.
        ``ratio``: the best one on the validation set. ``best_real_arm``: the strongest rival on the test set.
        ``gain``, ``gain_low``, ``gain_high``: paired difference of balanced accuracy between the two on the
        test set, with a 95 % interval over seeds and test images (`gain_summary.gain_over_best`).
        ``verdict``: GAIN where that interval lies above 0, HARM below, NO MEASURABLE GAIN between.
        ``label_fidelity``: share of the images of the filled classes to which the better classifier trained
        on real images gives the class they were made for.
        ``per_class``: recall of each class on the test set, by arm.

    Raises:
        DataError: a class has no training or test images, shapes or labels do not fit, or there is nothing in
            the validation or synthetic set, or nothing synthetic of the classes to fill.
        UsageError: fewer than 2 seeds, or no ratio above 0.
    """
    _check(train, validation, test, synthetic, classes)
    _check_options(seeds, steps, ratios)
    if fill is not None and not bool(synthetic.counts(classes)[list(fill)].any()):
        raise DataError(
            f"downstream gain: no synthetic images of the classes to fill {list(fill)}; draw some"
        )
    train, validation, test, synthetic = (
        _fit_within(part, longest_side) for part in (train, validation, test, synthetic)
    )
    device = train.images.device
    bench = Bench(
        train=train,
        validation=validation,
        test=test,
        classes=classes,
        steps=steps or default_steps(train, classes),
        batch=BATCH,
        width=WIDTH,
        seeds=range(seeds),
        workers=workers or default_workers(device),
        tick=_ticker(progress, seeds * (4 + len(set(ratios)))),
    )
    scores, choice = _run_arms(bench, augment, synthetic, _of_classes(synthetic, fill), sorted(set(ratios)))
    return summary(bench, scores, choice)


def default_steps(train: Labelled, classes: int) -> int:
    """Return the optimiser steps for a training set, from its classes and the size of the smallest.

    200 steps of 32 images for two classes with up to 100 images in the smaller one, growing with the square
    root of that number to 400, and in proportion to the classes, so that each is drawn as often; 800 at most.
    On chest X-rays of 28 x 28 pixels twice as many steps cost the arm with classical augmentation 2 points at
    30 images in the smaller class (it learns them by heart); at 388, half as many cost it 1 point.
    """
    smallest = int(train.counts(classes).min())
    by_size = min(max((smallest / 100) ** 0.5, 1.0), 2.0)
    by_classes = max(classes / 2, 1.0)
    return min(int(200 * by_size * by_classes), 800)


def _run_arms(
    bench: Bench, augment: Augment, synthetic: Labelled, filling: Labelled, ratios: Sequence[float]
) -> tuple[dict[str, list[Score]], Choice]:
    """Run the arms; what the later ones consist of depends on how the earlier ones did."""
    asked = _sample(filling, FIDELITY_ROWS)
    scores = {arm.name: bench.run(arm, asked) for arm in (Arm("real"), Arm("real+classical", augment))}
    base = best_arm(scores, "real", "real+classical")
    chosen_augment = augment if base == "real+classical" else None

    for ratio in ratios:
        scores[synthetic_arm(ratio)] = bench.run(
            Arm(synthetic_arm(ratio), chosen_augment, Mixture(filling, _share(ratio)))
        )
    scores["synthetic_only"] = bench.run(Arm("synthetic_only", chosen_augment, Mixture(synthetic, 1.0)))
    ratio = max(ratios, key=lambda ratio: _mean(score.validation for score in scores[synthetic_arm(ratio)]))

    copies = duplicates(bench.train, filling, bench.classes)
    scores["duplicated"] = bench.run(Arm("duplicated", chosen_augment, Mixture(copies, _share(ratio))))
    return scores, Choice(base=base, rivals=("real", "real+classical", "duplicated"), ratio=ratio)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _share(ratio: float) -> float:
    return ratio / (1 + ratio)


def _fit_within(rows: Labelled, longest_side: int | None) -> Labelled:
    return rows if longest_side is None else Labelled(at_most(rows.images, longest_side), rows.labels)


def _of_classes(rows: Labelled, wanted: Sequence[int] | None) -> Labelled:
    if wanted is None:
        return rows
    chosen = torch.isin(rows.labels, torch.tensor(list(wanted), device=rows.labels.device))
    return Labelled(rows.images[chosen.to(rows.images.device)], rows.labels[chosen])


def _sample(rows: Labelled, most: int) -> Labelled:
    chosen = torch.randperm(len(rows), generator=stream(0, "sample"))[:most]
    return Labelled(rows.images[chosen.to(rows.images.device)], rows.labels[chosen.to(rows.labels.device)])


def _ticker(progress: Callable[[int, int], None] | None, total: int) -> Callable[[], None]:
    done = itertools.count(1)
    return lambda: progress(next(done), total) if progress is not None else None


def _check(train: Labelled, validation: Labelled, test: Labelled, synthetic: Labelled, classes: int) -> None:
    parts = {"training": train, "validation": validation, "test": test, "synthetic": synthetic}
    shape = tuple(train.images.shape[1:])
    for name, rows in parts.items():
        require_images(rows.images, f"downstream gain, {name} images")
        counts = rows.counts(classes)
        if tuple(rows.images.shape[1:]) != shape:
            found = tuple(rows.images.shape[1:])
            raise DataError(
                f"downstream gain: {name} images are {found}, training images {shape}; bring them to one"
            )
        if name in ("training", "test") and int(counts.min()) == 0:
            missing = (counts == 0).nonzero().flatten().tolist()
            raise DataError(
                f"downstream gain: no {name} images of class {missing}; leave the class out or add some"
            )


def _check_options(seeds: int, steps: int | None, ratios: Sequence[float]) -> None:
    if seeds < 2:
        raise UsageError(f"downstream gain: {seeds} seed gives no interval; use at least 2, better 20")
    if steps is not None and steps < 1:
        raise UsageError(
            f"downstream gain: {steps} steps train nothing; use at least 1, or None for the rule"
        )
    if not ratios or min(ratios) <= 0:
        raise UsageError(f"downstream gain: ratios {list(ratios)} must be above 0, for example 0.25, 0.5, 1")
