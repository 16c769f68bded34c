"""The numbers of a run: translated held-out pictures beside trivial rivals, against the real targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganworks.errors import MissingExtraError
from ganworks.metrics import (
    Extractor,
    frechet_distance,
    frechet_distance_floor,
    kernel_distance,
    kernel_distance_floor,
    perceptual_distance,
)
from ganworks_image.paired_scores import WINDOW, l1, ssim

OURS = "translation"  # the model's row among its rivals
COPY, MEAN, NEAREST = "copy of the input", "mean target", "nearest neighbour"
MEASURES = {"perceptual": "Lite0 perceptual distance", "kid": "Kernel distance (KID)"}
FEWEST = 12  # pictures on either side below which a distance between sets says nothing
LEAST_SIDE = 16  # pixels, for the network under the perceptual distance
RANGE = 2.0  # of values in [-1, 1]
RESAMPLES = 2_000  # of the interval of a mean difference


class PairScores(NamedTuple):
    """How near each result is to its target; one value a picture. None where it cannot be measured."""

    l1: NDArray[np.float64]  # share of the range, 0 is best
    ssim: NDArray[np.float64] | None  # 1 is best
    perceptual: NDArray[np.float64] | None  # Lite0 perceptual distance, 0 is best

    def means(self) -> dict[str, float | None]:
        return {name: None if x is None else float(x.mean()) for name, x in self._asdict().items()}

    @property
    def order(self) -> NDArray[np.intp]:
        """Places of the pictures, the best first; by perceptual distance where it is there."""
        return np.argsort(self.l1 if self.perceptual is None else self.perceptual, kind="stable")


def pair_scores(made: Tensor, targets: Tensor) -> PairScores:
    """Compare each result with its own target; both (rows, channels, H, W) in [-1, 1]."""
    pictures = [(_channels_last(a), _channels_last(b)) for a, b in zip(made, targets, strict=True)]
    absolute = np.array([l1(a, b) / RANGE for a, b in pictures])
    large = min(targets.shape[2:]) >= WINDOW
    alike = np.array([ssim(a, b, RANGE) for a, b in pictures]) if large else None
    return PairScores(absolute, alike, perceptual_rows(made, targets))


def perceptual_rows(made: Tensor, targets: Tensor) -> NDArray[np.float64] | None:
    """Lite0 perceptual distance of each row; None where its weights are not installed, or pictures too small.

    Pictures of other than one or three channels are compared channel by channel, each as a grey one.
    """
    if min(targets.shape[2:]) < LEAST_SIDE:
        return None
    try:
        return _perceptual(made, targets).double().numpy()
    except MissingExtraError:
        return None


def set_scores(made: Tensor, targets: Tensor, extractor: Extractor) -> dict[str, float | None]:
    """Frechet and kernel distance of two sets, with the interval of the latter; None for too few pictures."""
    names = ("fd", "kid", "kid_low", "kid_high")
    if min(len(made), len(targets)) < FEWEST:
        return dict.fromkeys(names)
    real, synthetic = extractor(targets), extractor(made)
    kid = kernel_distance(real, synthetic)
    return dict(zip(names, (frechet_distance(real, synthetic), kid.value, kid.low, kid.high), strict=True))


def set_floors(targets: Tensor, rows: int, extractor: Extractor) -> dict[str, float | None]:
    """What ``rows`` fresh real pictures would reach in `set_scores`; None for too few."""
    if min(len(targets), rows) < FEWEST:
        return {"fd_floor": None, "kid_floor": None}
    real = extractor(targets)
    return {"fd_floor": frechet_distance_floor(real, rows), "kid_floor": kernel_distance_floor(real, rows)}


def judged(
    made: Mapping[str, Tensor],
    targets: Tensor,
    extractor: Extractor,
    *,
    paired: bool,
    progress: Callable[[list[str]], Any] = iter,
) -> dict[str, Any]:
    """A block of ``metrics.json``: every translator's scores on the same pictures, and the verdicts.

    BETTER: nearer than every rival beyond chance. In the kernel distance the nearest neighbour is excused.

    Args:
        made: results by name, (rows, channels, H, W) in [-1, 1]: `OURS`, and its rivals.
        targets: held-out real pictures; those of the results, in their order, where ``paired``.
        extractor: of the distances between sets.
        paired: whether each result has its target.
        progress: told of the names one after the other.
    """
    scores: dict[str, dict[str, Any]] = {}
    rows: dict[str, PairScores] = {}
    for name in progress(list(made)):
        if paired:
            rows[name] = pair_scores(made[name], targets)
        scores[name] = {
            **(rows[name].means() if paired else {}),
            **set_scores(made[name], targets, extractor),
        }
    found = {
        "n": len(made[OURS]),
        "n_real": len(targets),
        "extractor": {"name": extractor.name, "hash": extractor.hash},
        **set_floors(targets, len(made[OURS]), extractor),
        "scores": scores,
    }
    return found | _told(_verdicts(scores, rows))


def _told(verdicts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The verdicts, and the word and the sentence of the last lines on a terminal."""
    if not verdicts:
        return {"verdicts": {}}
    better = all(one["verdict"] == "BETTER" for one in verdicts.values())
    told = "; ".join(sentence(name, one) for name, one in verdicts.items())
    return {"verdict": "BETTER" if better else "NOT BETTER", "reasons": [told], "verdicts": verdicts}


def sentence(measure: str, verdict: Mapping[str, Any]) -> str:
    """What a verdict on a measure of `MEASURES` says."""
    name, unbeaten = MEASURES[measure], ", ".join(verdict["unbeaten"])
    if not unbeaten:
        return f"{name}: better than every rival"
    if verdict["verdict"] == "BETTER":
        return f"{name}: better than every rival but the {unbeaten}, which answers with real pictures"
    return f"{name}: not better than {unbeaten}"


def _verdicts(scores: Mapping[str, Mapping[str, Any]], rows: Mapping[str, PairScores]) -> dict[str, Any]:
    rivals = [name for name in scores if name != OURS]
    found = {}
    if rows and rows[OURS].perceptual is not None:
        unbeaten = [name for name in rivals if not _nearer(rows[OURS], rows[name])]
        found["perceptual"] = _verdict(unbeaten)
    if scores[OURS]["kid"] is not None:
        unbeaten = [name for name in rivals if scores[OURS]["kid_high"] >= scores[name]["kid_low"]]
        # it answers with real pictures: as a set nothing comes nearer to real ones
        found["kid"] = _verdict(unbeaten, excused=NEAREST)
    return found


def _verdict(unbeaten: list[str], excused: str = "") -> dict[str, Any]:
    return {"verdict": "NOT BETTER" if set(unbeaten) - {excused} else "BETTER", "unbeaten": unbeaten}


def _nearer(ours: PairScores, rival: PairScores) -> bool:
    """Whether ours are nearer to the targets, beyond the chance of which pictures were held out."""
    assert ours.perceptual is not None
    assert rival.perceptual is not None
    difference = ours.perceptual - rival.perceptual
    draw = np.random.default_rng(0)
    means = difference[draw.integers(len(difference), size=(RESAMPLES, len(difference)))].mean(1)
    return bool(np.quantile(means, 0.975) < 0)


def _perceptual(a: Tensor, b: Tensor) -> Tensor:
    """(rows,) distances; of more channels the mean."""
    if a.shape[1] in (1, 3):
        return perceptual_distance(a, b)
    each = perceptual_distance(a.flatten(0, 1)[:, None], b.flatten(0, 1)[:, None])
    return each.view(len(a), -1).mean(1)


def _channels_last(x: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = x.permute(1, 2, 0).numpy()
    return found
