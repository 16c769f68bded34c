"""From the scores of every arm and seed to the numbers and the verdict that are reported."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ganworks.metrics.gain_arms import Bench, Floats, Score

METRIC = "balanced_accuracy"
GAIN, NO_GAIN, HARM = "GAIN", "NO MEASURABLE GAIN", "HARM"

Scores = Mapping[str, Sequence[Score]]  # by arm, one a seed


@dataclass(frozen=True, slots=True)
class Choice:
    """Which arms are compared in the end."""

    base: str  # the better of real and real+classical: what the synthetic images are added to
    rivals: tuple[str, ...]  # the arms without synthetic images
    ratio: float


def synthetic_arm(ratio: float) -> str:
    """Return the name of the arm with that many synthetic images to one real image."""
    return f"synthetic_{float(ratio)}"


def summary(bench: Bench, scores: Scores, choice: Choice) -> dict[str, Any]:
    """Return the result of `ganworks.metrics.gain.downstream_gain`; plain numbers, lists and strings."""
    starved = int(bench.train.counts(bench.classes).argmin())
    values = {name: np.array([score.accuracy for score in of_arm]) for name, of_arm in scores.items()}
    gain, low, high = gain_over_best(
        scores[synthetic_arm(choice.ratio)],
        [scores[name] for name in choice.rivals],
        bench.test.labels.cpu().numpy(),
    )
    recall = {name: np.mean([score.recall for score in of_arm], axis=0) for name, of_arm in scores.items()}
    return {
        "metric": METRIC,
        "arms": {
            name: {
                **_of_seeds(values[name]),
                "auc": float(np.mean([score.auc for score in of_arm])),
                "minority_recall": float(recall[name][starved]),
            }
            for name, of_arm in scores.items()
        },
        "best_real_arm": best_arm(scores, *choice.rivals),
        "ratio": choice.ratio,
        "gain": gain,
        "gain_low": low,
        "gain_high": high,
        "seeds": len(bench.seeds),
        "steps": bench.steps,
        "verdict": verdict(low, high),
        "label_fidelity": float(np.mean([score.fidelity for score in scores[choice.base]])),
        "per_class": {name: of_arm.tolist() for name, of_arm in recall.items()},
    }


def _of_seeds(values: Floats) -> dict[str, Any]:
    mean, low, high = interval(values)
    return {
        "mean": mean,
        "std": float(values.std(ddof=1)),
        "low": low,
        "high": high,
        "values": values.tolist(),
    }


def interval(values: Floats, level: float = 0.95) -> tuple[float, float, float]:
    """Return the mean and its Student t interval over at least two values.

    >>> [round(x, 3) for x in interval(np.array([0.01, 0.02, 0.03]))]
    [0.02, -0.005, 0.045]
    """
    mean = float(values.mean())
    half = float(stats.t.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    return mean, mean - half, mean + half


def best_arm(scores: Scores, *names: str) -> str:
    """Return the arm with the highest mean on the test set; the first of equals."""
    return max(names, key=lambda name: float(np.mean([score.accuracy for score in scores[name]])))


def gain_over_best(
    ours: Sequence[Score],
    rivals: Sequence[Sequence[Score]],
    labels: NDArray[np.int64],
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Return the gain over the best of some rivals, which is not known beforehand, with an interval for it.

    The gain over the best is the least of the gains over each. Its lower end is the least of theirs: who
    claims a gain over each of them need not correct for their number (intersection-union test, Berger
    1982). The upper end is the least of theirs too, each at the stricter level of Bonferroni: the rival that
    looks best among equals is the one that was lucky, and without the correction that would count as harm.
    """
    stricter = 1 - (1 - level) / len(rivals)
    found = [paired_gain(ours, rival, labels, level) for rival in rivals]
    upper = [paired_gain(ours, rival, labels, stricter)[2] for rival in rivals]
    return min(gain for gain, _, _ in found), min(low for _, low, _ in found), min(upper)


def paired_gain(
    ours: Sequence[Score], rival: Sequence[Score], labels: NDArray[np.int64], level: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean paired difference of balanced accuracy with an interval over seeds and test images.

    Two independent sources of error, so their half widths add in quadrature: the Student t interval over the
    seeds, and the normal interval of a mean over test images, stratified by class (variance
    ``sum_k s_k^2 / n_k / K^2`` of the difference in hits, averaged over the seeds; Cochran 1977, 5.6), which
    a stratified bootstrap over test images would give. Test images count as independent of each other.
    """
    gain, low, high = interval(
        np.array([a.accuracy - b.accuracy for a, b in zip(ours, rival, strict=True)]), level
    )
    difference = np.mean(
        [a.hits - b.hits for a, b in zip(ours, rival, strict=True)], axis=0
    )  # (test images,)
    by_class = [difference[labels == label] for label in np.unique(labels)]
    variance = sum(float(rows.var(ddof=1)) / len(rows) for rows in by_class if len(rows) > 1)
    of_images = float(stats.norm.ppf((1 + level) / 2)) * math.sqrt(variance) / len(by_class)
    half = math.hypot((high - low) / 2, of_images)
    return gain, gain - half, gain + half


def verdict(low: float, high: float) -> str:
    """Say what an interval of the gain means.

    >>> verdict(0.004, 0.02), verdict(-0.01, 0.02), verdict(-0.03, -0.01)
    ('GAIN', 'NO MEASURABLE GAIN', 'HARM')
    """
    if low > 0:
        return GAIN
    return HARM if high < 0 else NO_GAIN
