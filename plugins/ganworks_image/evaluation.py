"""The numbers of a run: fidelity, privacy and downstream gain, against unseen real images."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from ganworks.data import ArrayDataset
from ganworks.metrics import (
    Cached,
    Extractor,
    Labelled,
    at_most,
    default_extractor,
    downstream_gain,
    fidelity,
    kernel_distance,
    privacy,
    self_trained_extractor,
)
from ganworks.run import Run
from ganworks_image.gate import CopyGate, Kept, heldout
from ganworks_image.policies import augment
from ganworks_image.study import Part, Study

FEWEST_REAL = 12  # held-out images below which a distance says nothing
FEWEST_COMPARED = 5  # the same for the tests on copies
FEWEST_VALIDATION = 8  # validation images below which training images choose the checkpoint
FEWEST_TEST = 20  # test images of each class for the downstream gain: one image is 5 points of its recall
FEWEST_KEPT = 12  # synthetic images left by the gate for a number about them, of each class downstream
LEAST_CLASS_ROWS = 12  # validation images of a class for a distance of its own
NOT_APPLICABLE = "NOT APPLICABLE"
VALIDATED_ON = "kernel distance, self"  # what chooses the checkpoint, in words
FIDELITY_ROWS = (500, 2_000)  # fewest and most synthetic images of the fidelity and privacy numbers


def own_extractor(study: Study, gate: CopyGate, seed: int) -> Extractor:
    """Features of a classifier trained on the training part: another family than any pretrained network."""
    labels = study.part("train").labels
    return self_trained_extractor(
        gate.train, labels, len(study.classes), seed, augment=partial(_augmented, study)
    )


@cache
def pretrained() -> tuple[Extractor, str]:
    """The default extractor and a note on it; it remembers the features of the sets that blocks share."""
    extractor, note = default_extractor()
    return Cached(extractor), note


def not_applicable(reason: str, **fields: Any) -> dict[str, Any]:
    """A block of ``metrics.json`` without numbers, and why."""
    return {"verdict": NOT_APPLICABLE, "reason": reason, **fields}


def fidelity_block(study: Study, made: Kept, own: Extractor) -> dict[str, Any]:
    """``fidelity`` of ``metrics.json``: against unseen real images, in two feature spaces."""
    test = judged_by(study)
    sizes = {"n_real": len(test), "n_synthetic": len(made.labels)}
    if len(test) < FEWEST_REAL:
        reason = f"{len(test)} held-out real images are too few: {FEWEST_REAL} are needed for these numbers"
        return not_applicable(reason, **sizes)
    if len(made.labels) < FEWEST_KEPT:
        return not_applicable(_memorised(len(made.labels), made.dropped), **sizes)
    measure = partial(
        fidelity,
        test.all_rows(),
        made.images,
        real_labels=test.labels,
        synthetic_labels=made.labels,
        classes=study.classes if study.labelled else (),
    )
    extractor, note = pretrained()
    found = measure(extractor)
    return found | {"independent": measure(own)} | ({"note": note} if note else {})


def privacy_block(study: Study, gate: CopyGate, made: Kept) -> dict[str, Any]:
    """``privacy`` of ``metrics.json``: copies of training images, and whether membership shows."""
    unseen = heldout(study)
    if len(unseen) < FEWEST_COMPARED:
        reason = f"{len(unseen)} held-out real images are too few to tell a copy from natural likeness"
        return not_applicable(reason, dropped=made.dropped)
    extractor, _ = pretrained()
    return privacy(
        gate.train,
        gate.heldout,
        at_most(made.images),
        extractor,
        labels=(study.part("train").labels, unseen.labels, made.labels),
        classes=study.classes if study.labelled else (),
        dropped=made.dropped,
        rule=gate.rule,
    )


def memorised_block(study: Study, gate: CopyGate, everything: Kept, made: Kept) -> dict[str, Any]:
    """``privacy`` where the gate left too little to test: ``fail``, with the numbers of the ungated draw.

    Args:
        study: the data.
        gate: that ``made`` passed.
        everything: the draw without the gate; its copies are counted.
        made: what the gate left.
    """
    found = privacy_block(study, gate, everything)
    reason = _memorised(len(made.labels), made.dropped)
    if "reason" in found:  # too few held-out images for the tests, but these are copies beyond doubt
        return found | {"verdict": "fail", "reason": reason, "dropped": made.dropped}
    return found | {"verdict": "fail", "reasons": [reason, *found["reasons"]]}


def _memorised(left: int, dropped: int) -> str:
    return (
        f"the generator repeats training images: {dropped} samples were dropped as near-copies, "
        f"{left} are left, and {FEWEST_KEPT} are needed for numbers about them"
    )


def downstream_block(
    study: Study, gate: CopyGate, draw: Callable[[], Kept], seeds: int, run: Run
) -> dict[str, Any]:
    """``downstream`` of ``metrics.json``: what the synthetic images are worth to a classifier.

    ``draw`` returns synthetic images of every class; it is called where they are needed.
    """
    if reason := _no_test(study):
        return not_applicable(reason)
    made = draw()
    if reason := _no_samples(study, made):
        return not_applicable(reason)
    train, validation, test = (study.part(part) for part in ("train", "validation", "test"))
    chosen = Labelled(gate.train, train.labels)
    if len(validation) >= FEWEST_VALIDATION:
        chosen = Labelled(gate.heldout[: len(validation)], validation.labels)

    def progress(done: int, total: int) -> None:
        run.tell({"event": "progress", "label": "downstream", "done": done, "total": total})

    return downstream_gain(
        Labelled(gate.train, train.labels),
        chosen,
        Labelled(gate.heldout[len(validation) :], test.labels),
        Labelled(at_most(made.images), made.labels),
        classes=len(study.classes),
        augment=partial(_augmented, study),
        fill=starved_classes(study),
        seeds=seeds,
        progress=progress,
    )


def _no_test(study: Study) -> str:
    """Why the test part cannot show a gain; empty where it can."""
    if len(study.classes) < 2:
        return "one class: there is nothing to classify"
    test = study.part("test").labels.bincount(minlength=len(study.classes)).tolist()
    if min(test) >= FEWEST_TEST:
        return ""
    each = ", ".join(f"{name} {n}" for name, n in zip(study.classes, test, strict=True))
    return f"too few test images ({each}): {FEWEST_TEST} of each class are needed"


def _no_samples(study: Study, made: Kept) -> str:
    """Why what the gate left cannot show a gain; empty where it can."""
    left = made.labels.bincount(minlength=len(study.classes)).tolist()
    if min(left) >= FEWEST_KEPT:
        return ""
    name = study.classes[left.index(min(left))]
    return (
        f"class '{name}': {min(left)} synthetic images are left, the others were near-copies of training "
        f"images; {FEWEST_KEPT} are needed"
    )


def judged_by(study: Study) -> ArrayDataset:
    """The test part; with the validation part where the test part alone is too small to judge by."""
    test = study.part("test")
    return test if len(test) >= FEWEST_REAL else heldout(study)


def validated_by(study: Study) -> Part:
    """The part by which the checkpoint is chosen: the training part where hardly any other is there."""
    return "validation" if len(study.rows("validation")) >= FEWEST_VALIDATION else "train"


def mean_over_classes(real: Tensor, made: Tensor, labels: Tensor) -> float:
    """Kernel distance, averaged over classes: a rare class counts as much as a common one."""
    members = [labels == label for label in labels.unique()]
    large = [rows for rows in members if int(rows.sum()) >= LEAST_CLASS_ROWS]
    if len(large) < len(members):
        return kernel_distance(real, made).value
    return sum(kernel_distance(real[rows], made[rows]).value for rows in large) / len(large)


def warn_of_few(study: Study, run: Run) -> None:
    """Say what a study with hardly any unseen images will not tell."""
    if len(heldout(study)) == 0:
        run.warn(
            "no-held-out-images",
            f"no image is held out (one {study.owner}, or all others were copies): fidelity, privacy and "
            f"downstream gain cannot be measured; add images of other {study.owner}s",
        )
    if validated_by(study) == "train":
        run.warn(
            "validation-on-training",
            f"{len(study.rows('validation'))} validation images, {FEWEST_VALIDATION} are needed: training "
            "images choose the checkpoint instead, which favours one that repeats them",
        )


def like_the_real_ones(study: Study) -> Tensor:
    """Labels for the fidelity samples: the classes as often as among the real images that judge them.

    Without any such images: as often as among the training images.
    """
    labels = judged_by(study).labels
    if len(labels) == 0:
        labels = study.part("train").labels
    least, most = FIDELITY_ROWS
    count = min(max(2 * len(labels), least), most)
    spread = torch.arange(count) * len(labels) // count  # every row alike, though rows may be sorted by class
    return labels[spread]


def starved_classes(study: Study) -> list[int]:
    """Classes to fill up: those with less than half the training images of the largest; else all."""
    counts = study.part("train").labels.bincount(minlength=len(study.classes))
    starved = [label for label, n in enumerate(counts.tolist()) if 2 * n < int(counts.max())]
    return starved or list(range(len(study.classes)))


def _augmented(study: Study, images: Tensor, generator: torch.Generator) -> Tensor:
    return augment(images, study.policy, generator)
