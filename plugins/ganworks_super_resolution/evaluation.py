"""How near restored photos come to the originals, each number beside what needs no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganworks.metrics import perceptual_distance
from ganworks.networks import efficientnet_lite0_installed
from ganworks.training import Sampler
from ganworks_image.paired_scores import WINDOW, psnr_y, ssim_y
from ganworks_super_resolution.held_out import LEAST_SIDE, HeldOut
from ganworks_super_resolution.restoring import as_pixels, plain_ways, restored

Scores = dict[str, float | None]  # None: not defined for this photo
Score = Callable[[NDArray[np.uint8], NDArray[np.uint8], int], float]

MODEL = "model"
PIXELS = "psnr_y"
MEASURES = {PIXELS: "PSNR-Y, dB", "ssim_y": "SSIM-Y", "perceptual": "Lite0 perceptual distance"}


def evaluate_photos(sampler: Sampler, photos: Iterable[HeldOut], scale: int) -> dict[str, Any]:
    """Score the network and its rivals on held-out photos.

    Args:
        sampler: the network.
        photos: pairs of what goes in and what should come out.
        scale: how many times larger the result is; also the border that the scores leave out, in pixels.

    Returns:
        ``photos`` (their number), ``border``, ``mean`` (way -> measure -> mean over photos), ``per_photo``,
        ``rival`` (the best way without a network), ``gain_db`` over it, ``better`` (photos with more PSNR-Y
        than it), ``verdict`` and ``reasons``, and ``seconds_per_megapixel`` of the output. Measures are those
        of `MEASURES`.
    """
    rows, spent, pixels = [], 0.0, 0
    for photo in photos:
        started = perf_counter()
        made = restored(sampler, photo.source)
        spent += perf_counter() - started
        pixels += made.shape[-1] * made.shape[-2]
        ways = {MODEL: made, **plain_ways(photo.source, photo.target.shape[1], scale)}
        found = {name: scores(one, photo.target, scale) for name, one in ways.items()}
        rows.append({"photo": photo.name, "size": list(photo.target.shape[:1:-1]), **found})
    return {**summary(rows, scale), "seconds_per_megapixel": spent / pixels * 1e6}


def scores(made: Tensor, target: Tensor, border: int) -> Scores:
    """The measures of one restored photo; both are (1, channels, H, W) in [-1, 1]."""
    found: Scores = dict.fromkeys(MEASURES)
    found[PIXELS] = decibels(made, target, border)
    if min(made.shape[-2:]) - 2 * border >= WINDOW:
        found["ssim_y"] = _luma_score(ssim_y, made, target, border)
    if min(made.shape[-2:]) >= LEAST_SIDE and made.shape[1] in (1, 3) and efficientnet_lite0_installed():
        found["perceptual"] = float(perceptual_distance(made, target))
    return found


def decibels(made: Tensor, target: Tensor, border: int) -> float | None:
    """PSNR-Y of one restored photo; None where the border leaves nothing, or nothing differs."""
    if min(made.shape[-2:]) <= 2 * border:
        return None
    return _luma_score(psnr_y, made, target, border)


def summary(rows: list[dict[str, Any]], border: int) -> dict[str, Any]:
    """Means over photos, and the gain over the best way without a network."""
    ways = [name for name, value in rows[0].items() if isinstance(value, Mapping)]
    means = {way: {key: mean(row[way][key] for row in rows) for key in MEASURES} for way in ways}
    rival = ways[1]
    both = [(row[MODEL][PIXELS], row[rival][PIXELS]) for row in rows]
    gains = [ours - theirs for ours, theirs in both if ours is not None and theirs is not None]
    gain, better = mean(gains), sum(gain > 0 for gain in gains)
    return {
        **_verdict(gain, f"over {rival}, {better} of {len(gains)} held-out photos better"),
        "photos": len(rows),
        "border": border,
        "mean": means,
        "rival": rival,
        "gain_db": gain,
        "better": better,
        "per_photo": rows,
    }


def _verdict(gain: float | None, over: str) -> dict[str, Any]:
    """The last words on a terminal."""
    if gain is None:
        return {}
    return {"verdict": "BETTER" if gain > 0 else "NOT BETTER", "reasons": [f"{gain:+.2f} dB PSNR-Y {over}"]}


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of those that are defined; None where none is."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _luma_score(score: Score, made: Tensor, target: Tensor, border: int) -> float | None:
    """Of grey and colour photos the protocol's; of other numbers of channels the mean over them as greys.

    None where a photo is met exactly, as an all black one is: infinite decibels have no mean.
    """
    a, b = as_pixels(made[0]), as_pixels(target[0])
    planes = [slice(None)] if a.shape[2] in (1, 3) else [slice(c, c + 1) for c in range(a.shape[2])]
    found = float(np.mean([score(a[:, :, plane], b[:, :, plane], border) for plane in planes]))
    return found if np.isfinite(found) else None
