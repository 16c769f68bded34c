"""The arms of a downstream comparison: what a classifier is trained on, and how each seed of it scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import recall_score, roc_auc_score
from torch import Tensor

from ganworks.metrics.classifier import Augment, predict, train_classifier
from ganworks.metrics.labelled import Labelled, Mixture, stream
from ganworks.training import usable_cores

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train: the real rows always, the rest where given."""

    name: str
    augment: Augment | None = None
    mixture: Mixture | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """How one trained classifier did."""

    validation: float  # balanced accuracy on the validation set
    accuracy: float  # balanced accuracy on the test set
    auc: float  # macro one-against-rest area under the curve on the test set
    recall: Floats  # (classes,) on the test set
    hits: Floats  # (test images,) 1 where it is right, else 0
    fidelity: (
        float  # share of the synthetic images that it labels as they were asked for; NaN when not measured
    )


@dataclass(frozen=True)
class Bench:
    """What every arm has in common: data, length of the training, seeds."""

    train: Labelled
    validation: Labelled
    test: Labelled
    classes: int
    steps: int
    batch: int
    width: int
    seeds: Sequence[int]
    workers: int
    tick: Callable[[], None]  # called in the caller's thread after each trained classifier

    def run(self, arm: Arm, asked: Labelled | None = None) -> list[Score]:
        """Train one classifier a seed and score it; ``asked``: synthetic images to measure label fidelity on.

        The result depends on the seeds alone, not on ``workers``: each classifier is computed by one thread.
        """
        with _one_thread_each(), ThreadPoolExecutor(self.workers) as pool:
            jobs = [pool.submit(self._score, arm, seed, asked) for seed in self.seeds]
            try:
                return [self._done(job.result()) for job in jobs]
            except BaseException:  # Ctrl-C too: do not train the rest before leaving
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _done(self, score: Score) -> Score:
        self.tick()
        return score

    def _score(self, arm: Arm, seed: int, asked: Labelled | None) -> Score:
        model = train_classifier(
            self.train.images,
            self.train.labels,
            self.classes,
            steps=self.steps,
            seed=seed,
            batch=self.batch,
            augment=arm.augment,
            mixture=arm.mixture,
            width=self.width,
        )
        on_test = predict(model, self.test.images)
        recall = recalls(self.test.labels, on_test)
        fidelity = float("nan")
        if asked is not None:
            fidelity = float((predict(model, asked.images).argmax(1) == asked.labels.cpu()).double().mean())
        return Score(
            validation=float(recalls(self.validation.labels, predict(model, self.validation.images)).mean()),
            accuracy=float(recall.mean()),
            auc=macro_auc(self.test.labels, on_test),
            recall=recall,
            hits=(on_test.argmax(1) == self.test.labels.cpu()).double().numpy(),
            fidelity=fidelity,
        )


def recalls(labels: Tensor, probabilities: Tensor) -> Floats:
    """Return the recall of each class that occurs in ``labels``; their mean is the balanced accuracy."""
    truth = labels.cpu().numpy()
    found = recall_score(truth, probabilities.argmax(1).numpy(), labels=np.unique(truth), average=None)
    return np.asarray(found, dtype=np.float64)


def macro_auc(labels: Tensor, probabilities: Tensor) -> float:
    """Return the mean area under the one-against-rest ROC curves; every class must occur."""
    truth, guess = labels.cpu().numpy(), probabilities.double().numpy()
    one_per_class = [roc_auc_score(truth == k, guess[:, k]) for k in range(guess.shape[1])]
    return float(np.mean(one_per_class))


def duplicates(train: Labelled, like: Labelled, classes: int) -> Labelled:
    """Return copies of real rows, as many of each class as ``like`` holds: the control for repetition.

    The rows of a class take turns in a random order. Copies drawn one by one would weigh some rows twice as
    much as others in every seed, which moves the arm by a point and which no interval over seeds can see.
    """
    random, labels = stream(0, "duplicates"), train.labels.cpu()
    turns = []
    for label, wanted in enumerate(like.counts(classes).tolist()):
        own = (labels == label).nonzero().flatten()
        order = own[torch.randperm(len(own), generator=random)]
        turns.append(order[torch.arange(wanted) % len(own)] if wanted else order[:0])
    index = torch.cat(turns)
    return Labelled(train.images[index.to(train.images.device)], train.labels[index.to(train.labels.device)])


def default_workers(device: torch.device) -> int:
    """Return how many classifiers to train at a time: one a usable CPU core, one on a GPU."""
    return usable_cores() if device.type == "cpu" else 1


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let each worker compute on one thread: sums keep one order, workers do not fight for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
