"""Images of any size through a network that maps images to images, in parts of bounded size."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._contents import Port

Array = NDArray[Any]
Run = Callable[[Mapping[str, Array]], Mapping[str, Array]]
Sides = tuple[int, int]  # height, width

PROBE_TILE = 16  # pixels a side: the halo does not depend on it
PROBE_RIM = 24  # pixels that no window of the probe reaches


@dataclass(frozen=True)
class Plan:
    """How a model treats an image."""

    source: str  # name of the input
    result: str  # name of the output
    dtype: str
    low: float
    high: float
    channels: int
    fixed: tuple[int | None, int | None]  # height and width where they are not free
    step: Sides  # height and width must be multiples of these
    scale: Sides  # of the output against the input


def plan(inputs: Mapping[str, Port], outputs: Mapping[str, Port]) -> Plan:
    """Return how a model treats an image.

    Raises:
        ValueError: it does not map an image to an image.
    """
    sources = [port for port in inputs.values() if len(port["shape"]) == 4]
    if len(sources) != 1 or len(outputs) != 1:
        raise ValueError("the model does not map one image to one image")
    source, (result,) = sources[0], outputs.values()
    sides, multiples = source["shape"][1:3], source.get("multiples", {})
    scales = [_scale(side, made) for side, made in zip(sides, result["shape"][1:3], strict=False)]
    if len(result["shape"]) != 4 or None in scales:
        raise ValueError("the model does not map one image to one image whose sides are multiples of its own")
    height, width = (multiples.get(side, 1) for side in sides)
    fixed = [side if isinstance(side, int) else None for side in sides]
    return Plan(
        source=source["name"],
        result=result["name"],
        dtype=source["dtype"],
        low=0 if source.get("low") is None else source["low"],
        high=255 if source.get("high") is None else source["high"],
        channels=source["shape"][3],
        fixed=(fixed[0], fixed[1]),
        step=(height, width),
        scale=(scales[0] or 1, scales[1] or 1),
    )


def _scale(side: int | str, made: int | str) -> int | None:
    """Return how many times ``side`` the output's side ``made`` is: 4 for "4*height", None if it is not."""
    if isinstance(side, int):
        return made // side if isinstance(made, int) and side > 0 and made > 0 and made % side == 0 else None
    counted = re.fullmatch(rf"(?:(\d{{1,3}})\*)?{re.escape(side)}", str(made))
    return int(counted[1] or 1) or None if counted else None


def transform(plan: Plan, run: Run, image: Array, tile: int | None, halo: int) -> Array:
    """Run the network on an image (height, width, channels), in tiles or, with ``tile=None``, whole."""
    if image.ndim != 3 or image.shape[2] != plan.channels or 0 in image.shape:
        raise ValueError(f"the image has the shape {image.shape}, not (height, width, {plan.channels})")
    height, width = image.shape[:2]
    padded = (_up(height, plan.step[0]), _up(width, plan.step[1]))
    if tile is None:
        return _part(plan, run, image, (0, 0), padded)[: height * plan.scale[0], : width * plan.scale[1]]
    if plan.fixed != (None, None):
        raise ValueError("the model takes images of one size only and cannot work in tiles")
    if tile < 1 or halo < 0:
        raise ValueError("a tile needs at least one pixel, and a halo cannot be negative")
    step = math.lcm(*plan.step)
    return _tiled(plan, run, image, padded, _up(tile, step), _up(halo, step))


def _tiled(plan: Plan, run: Run, image: Array, padded: Sides, tile: int, halo: int) -> Array:
    result: Array | None = None
    window = (min(padded[0], tile + 2 * halo), min(padded[1], tile + 2 * halo))
    for top in range(0, image.shape[0], tile):
        for left in range(0, image.shape[1], tile):
            # at a border the window moves inwards: all have one size, and see the border the network pads
            start = (
                _between(top - halo, padded[0] - window[0]),
                _between(left - halo, padded[1] - window[1]),
            )
            part = _part(plan, run, image, start, window)
            if result is None:
                sides = [size * scale for size, scale in zip(image.shape, plan.scale, strict=False)]
                result = np.empty((*sides, part.shape[2]), part.dtype)
            target = result[_span(top, tile, plan.scale[0]), _span(left, tile, plan.scale[1])]
            inner = part[
                _span(top - start[0], tile, plan.scale[0]), _span(left - start[1], tile, plan.scale[1])
            ]
            target[:] = inner[: target.shape[0], : target.shape[1]]
    assert result is not None  # the image has a pixel
    return result


def measure_halo(plan: Plan, run: Run, limit: int) -> int:
    """See `Model.measure_halo`; bisects, which takes that a larger halo is no worse."""
    if plan.fixed != (None, None):
        raise ValueError("the model takes images of one size only and cannot work in tiles")
    step = math.lcm(*plan.step)
    tile, most = _up(PROBE_TILE, step), _up(max(limit, 0), step)
    middle = most + _up(PROBE_RIM, step)
    probe = _probe(2 * middle + tile, most + tile // 2, plan)
    whole = _part(plan, run, probe, (0, 0), probe.shape[:2])
    expected = _crop(plan, whole, middle, tile)

    def fits(halo: int) -> bool:
        side = tile + 2 * halo
        part = _part(plan, run, probe, (middle - halo, middle - halo), (side, side))
        gap = np.abs(_crop(plan, part, halo, tile).astype(np.float64) - expected)
        return bool(gap.max() <= (1 if whole.dtype.kind in "iu" else np.ptp(whole) / 255))

    if not fits(most):
        raise ValueError(
            f"no halo up to {most} pixels makes a tile equal to the whole image: the model needs to see more "
            "(instance norm or attention: all of it); transform without tiles, or try a larger limit"
        )
    low, high = -1, most // step
    while high - low > 1:
        half = (low + high) // 2
        low, high = (low, half) if fits(half * step) else (half, high)
    return high * step


def _probe(side: int, reach: int, plan: Plan) -> Array:
    """Return noise, fine and in blocks, in a white rim: what a network takes from all the image is told."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 2, (side // 8 + 1, side // 8 + 1, plan.channels)) * 128
    coarse = blocks.repeat(8, 0).repeat(8, 1)[:side, :side]
    probe = coarse + rng.integers(0, 128, (side, side, plan.channels))
    inside = np.abs(np.arange(side) - (side - 1) / 2) < reach
    probe[~(inside[:, None] & inside[None, :])] = 255
    return np.asarray(plan.low + probe * ((plan.high - plan.low) / 255)).astype(plan.dtype)


def _part(plan: Plan, run: Run, image: Array, start: tuple[int, ...], size: tuple[int, ...]) -> Array:
    """Run on a window of the image; beyond its lower and right border the image goes on as in a mirror."""
    rows, columns = (
        _mirrored(np.arange(first, first + count), side)
        for first, count, side in zip(start, size, image.shape[:2], strict=True)
    )
    part: Array = run({plan.source: image[np.ix_(rows, columns)][None]})[plan.result][0]
    return part


def _mirrored(places: Array, side: int) -> Array:
    period = max(2 * (side - 1), 1)
    return np.asarray(np.minimum(places % period, -places % period))


def _crop(plan: Plan, values: Array, first: int, count: int) -> Array:
    return values[_span(first, count, plan.scale[0]), _span(first, count, plan.scale[1])]


def _span(first: int, count: int, scale: int) -> slice:
    return slice(first * scale, (first + count) * scale)


def _between(place: int, most: int) -> int:
    return max(0, min(place, most))


def _up(size: int, step: int) -> int:
    return -(-size // step) * step
