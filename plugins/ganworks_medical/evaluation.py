"""The numbers of a run: fidelity, privacy and downstream gain, against unseen real images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from ganworks.data import ArrayDataset
from ganworks.metrics import (
    Cached,
    Extractor,
    Labelled,
    NearestTraining,
    copy_rule,
    default_extractor,
    downstream_gain,
    fidelity,
    nearest_training,
    privacy,
    self_trained_extractor,
)
from ganworks.run import Run
from ganworks.training import Sampler
from ganworks_medical.policies import augment
from ganworks_medical.study import Study

# Seeds of samples for different purposes never meet: nothing is evaluated on what it was chosen by.
VALIDATION_SEEDS, EVALUATION_SEEDS, FILE_SEEDS = 1 << 40, 2 << 40, 3 << 40
FEWEST_REAL = 12  # held-out images below which a distance says nothing
FEWEST_COMPARED = 5  # the same for the tests on copies
NOT_APPLICABLE = "NOT APPLICABLE"
FIDELITY_ROWS = (500, 2_000)  # fewest and most synthetic images of the fidelity and privacy numbers


@dataclass(frozen=True)
class Kept:
    """Synthetic images that are no near-copies of a training image."""

    images: Tensor
    labels: Tensor
    seeds: Tensor
    distances: Tensor  # to the nearest training image, 1 - NCC
    dropped: int


class CopyGate:
    """Draws samples and drops those closer to a training image than any held-out real image is."""

    def __init__(self, study: Study) -> None:
        self.train = study.part("train").all_rows()
        self.heldout = heldout(study).all_rows()
        self.rule = copy_rule(self.heldout, self.train)

    def nearest(self, images: Tensor) -> NearestTraining:
        """The most alike training image of each image."""
        return nearest_training(images, self.train, self.rule)

    def draw(self, sampler: Sampler, labels: Tensor, first_seed: int) -> Kept:
        """One sample for each label, drawn again where it was a near-copy (twice at most)."""
        seeds = first_seed + torch.arange(len(labels))
        images = sampler.sample(labels, seeds)
        near = self.nearest(images)
        distances, copies = near.distance.clone(), near.is_copy.clone()
        dropped = int(copies.sum())
        for _ in range(2):
            if not copies.any():
                break
            again = copies.nonzero()[:, 0]
            seeds[again] += len(labels) * 2
            images[again] = sampler.sample(labels[again], seeds[again])
            near = self.nearest(images[again])
            distances[again], copies[again] = near.distance, near.is_copy
            dropped += int(near.is_copy.sum())
        keep = ~copies
        return Kept(images[keep], labels[keep], seeds[keep], distances[keep], dropped)


def heldout(study: Study) -> ArrayDataset:
    """Real images the generator has not seen: validation and test together."""
    rows = [study.rows("validation"), study.rows("test")]
    index = torch.cat([torch.from_numpy(part) for part in rows])
    everything = ArrayDataset(study.images, study.table["index"].to_numpy(), study.classes)
    return everything.subset(index)


def own_extractor(study: Study, seed: int) -> Extractor:
    """Features of a classifier trained on the training part: another family than any pretrained network."""
    train = study.part("train")
    return self_trained_extractor(
        train.all_rows(), train.labels, len(study.classes), seed, augment=partial(_augmented, study)
    )


@cache
def pretrained() -> tuple[Extractor, str]:
    """The default extractor and a note on it; it remembers the features of the sets that blocks share."""
    extractor, note = default_extractor()
    return Cached(extractor), note


def fidelity_block(study: Study, made: Kept, own: Extractor) -> dict[str, Any]:
    """``fidelity`` of ``metrics.json``: against unseen real images, in two feature spaces."""
    test = judged_by(study)
    if len(test) < FEWEST_REAL:
        reason = f"{len(test)} held-out real images are too few: {FEWEST_REAL} are needed for these numbers"
        return {"reason": reason, "n_real": len(test), "n_synthetic": len(made.labels)}
    measure = partial(
        fidelity,
        test.all_rows(),
        made.images,
        real_labels=test.labels,
        synthetic_labels=made.labels,
        classes=study.classes,
    )
    extractor, note = pretrained()
    found = measure(extractor)
    return found | {"independent": measure(own)} | ({"note": note} if note else {})


def privacy_block(study: Study, gate: CopyGate, made: Kept) -> dict[str, Any]:
    """``privacy`` of ``metrics.json``: copies of training images, and whether membership shows."""
    unseen = heldout(study)
    if len(unseen) < FEWEST_COMPARED:
        reason = f"{len(unseen)} held-out real images are too few to tell a copy from natural likeness"
        return {"verdict": NOT_APPLICABLE, "reason": reason, "dropped": made.dropped}
    extractor, _ = pretrained()
    return privacy(
        gate.train,
        gate.heldout,
        made.images,
        extractor,
        labels=(study.part("train").labels, unseen.labels, made.labels),
        classes=study.classes,
        dropped=made.dropped,
        rule=gate.rule,
    )


def downstream_block(study: Study, made: Kept, seeds: int, run: Run) -> dict[str, Any]:
    """``downstream`` of ``metrics.json``: what the synthetic images are worth to a classifier."""
    if len(study.classes) < 2:
        return {"verdict": NOT_APPLICABLE, "reason": "one class: there is nothing to classify"}
    train, validation, test = (_labelled(study.part(p)) for p in ("train", "validation", "test"))
    present = test.counts(len(study.classes))
    if int(present.min()) == 0:
        missing = study.classes[int(present.argmin())]
        return {"verdict": NOT_APPLICABLE, "reason": f"class '{missing}' has no test images"}

    def progress(done: int, total: int) -> None:
        run.tell({"event": "progress", "label": "downstream", "done": done, "total": total})

    return downstream_gain(
        train,
        validation if len(validation) else train,
        test,
        Labelled(made.images, made.labels),
        classes=len(study.classes),
        augment=partial(_augmented, study),
        seeds=seeds,
        progress=progress,
    )


def judged_by(study: Study) -> ArrayDataset:
    """The test part; with the validation part where the test part alone is too small to judge by."""
    test = study.part("test")
    return test if len(test) >= FEWEST_REAL else heldout(study)


def like_the_real_ones(study: Study) -> Tensor:
    """Labels for the fidelity samples: the classes as often as among the real images that judge them."""
    labels = judged_by(study).labels
    least, most = FIDELITY_ROWS
    count = min(max(2 * len(labels), least), most)
    return labels.repeat(-(-count // len(labels)))[:count]


def starved_classes(study: Study) -> list[int]:
    """Classes to fill up: those with less than half the training images of the largest; else all."""
    counts = study.part("train").labels.bincount(minlength=len(study.classes))
    starved = [label for label, n in enumerate(counts.tolist()) if 2 * n < int(counts.max())]
    return starved or list(range(len(study.classes)))


def _augmented(study: Study, images: Tensor, generator: torch.Generator) -> Tensor:
    return augment(images, study.policy, generator)


def _labelled(part: ArrayDataset) -> Labelled:
    return Labelled(part.all_rows(), part.labels)
