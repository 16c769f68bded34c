"""Images of any size through a network that maps images to images, in parts of bounded size."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Run = Callable[[Mapping[str, Array]], Mapping[str, Array]]
Sides = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Plan:
    """How a model treats an image."""

    source: str  # name of the input
    result: str  # name of the output
    dtype: str
    low: float
    high: float
    channels: int
    made: tuple[str, int]  # dtype and channels of the output
    clips: bool  # whether values beyond low and high are moved there: not where they are labels
    fixed: tuple[int | None, int | None]  # height and width where they are not free
    step: Sides  # height and width, and the places of tiles, must be multiples of these
    scale: Sides  # of the output against the input


def plan(card: Mapping[str, Any]) -> Plan:
    """Return how the model with this card treats an image.

    Raises:
        ValueError: it does not map an image to an image.
    """
    sources = [port for port in card["inputs"] if len(port["shape"]) == 4]
    if len(sources) != 1 or len(card["outputs"]) != 1:
        raise ValueError("the model does not map one image to one image")
    source, (result,) = sources[0], card["outputs"]
    sides, multiples = source["shape"][1:3], source.get("multiples", {})
    scales = [_scale(side, made) for side, made in zip(sides, result["shape"][1:3], strict=False)]
    if len(result["shape"]) != 4 or None in scales:
        raise ValueError("the model does not map one image to one image whose sides are multiples of its own")
    aligned = card.get("tiles", {}).get("multiple", 1)
    height, width = (math.lcm(multiples.get(side, 1), aligned) for side in sides)
    fixed = [side if isinstance(side, int) else None for side in sides]
    return Plan(
        source=source["name"],
        result=result["name"],
        dtype=source["dtype"],
        low=0 if source.get("low") is None else source["low"],
        high=255 if source.get("high") is None else source["high"],
        channels=source["shape"][3],
        made=(result["dtype"], result["shape"][3]),
        clips=not card.get("labels"),
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


def transform(
    plan: Plan, run: Run, image: Array, tile: int | None, halo: int, blend: int = 0, out: Array | None = None
) -> Array:
    """See `Model.transform`; ``tile=None`` runs the network on the image whole."""
    if image.ndim != 3 or image.shape[2] != plan.channels or 0 in image.shape:
        raise ValueError(f"the image has the shape {image.shape}, not (height, width, {plan.channels})")
    height, width = image.shape[:2]
    shape = (height * plan.scale[0], width * plan.scale[1], plan.made[1])
    if out is not None and (out.shape != shape or out.dtype != plan.made[0]):
        raise ValueError(f"`out` is {out.dtype} {out.shape}, the result {plan.made[0]} {shape}")
    padded = (up(height, plan.step[0]), up(width, plan.step[1]))
    if tile is None:
        whole = part_of(plan, run, image, (0, 0), padded)[: shape[0], : shape[1]]
        if out is None:
            return whole
        out[:] = whole
        return out
    require_free(plan)
    if tile < 1 or halo < 0 or blend < 0:
        raise ValueError("a tile needs at least one pixel, and a halo or a blend cannot be negative")
    out = np.empty(shape, plan.made[0]) if out is None else out
    step = math.lcm(*plan.step)
    tiles = _Tiles(up(tile, step), up(halo + blend, step), blend)
    if 2 * blend > tiles.side:
        raise ValueError(f"a blend of {blend} needs a tile of {2 * blend} pixels")
    _fill(out, plan, run, image, padded, tiles)
    return out


def require_free(plan: Plan) -> None:
    """Raise ValueError for a model that takes no tiles."""
    if plan.fixed != (None, None):
        raise ValueError("the model takes images of one size only and cannot work in tiles")


@dataclass(frozen=True)
class _Tiles:
    side: int
    halo: int  # pixels round a tile that are computed: those that blend, and those that are not kept
    blend: int  # pixels on each side of a seam where both tiles are kept and fade into each other

    def kept(self, first: int, side: int) -> Sides:
        """Return where the tile that begins at ``first`` begins and ends, with what is blended."""
        return max(first - self.blend, 0), min(first + self.side + self.blend, side)


def _fill(out: Array, plan: Plan, run: Run, image: Array, padded: Sides, tiles: _Tiles) -> None:
    """Compute a row of tiles after the other; beside ``out`` no more than two are held."""
    height, scale = image.shape[0], plan.scale[0]
    above: Array | None = None  # what the last row and this one share
    for top in range(0, height, tiles.side):
        first, last = tiles.kept(top, height)
        row = _row(plan, run, image, padded, tiles, top)
        if above is not None:
            _fade(above, row, 2 * tiles.blend * scale)
        final = last if top + tiles.side >= height else top + tiles.side - tiles.blend
        done, above = np.split(row, [(final - first) * scale])
        out[first * scale : final * scale] = done if done.dtype == out.dtype else np.rint(done)


def _row(plan: Plan, run: Run, image: Array, padded: Sides, tiles: _Tiles, top: int) -> Array:
    """Return the tiles that begin at the row ``top``, (rows, width, channels); blended ones not rounded."""
    (first, last), width = tiles.kept(top, image.shape[0]), image.shape[1]
    kind = np.result_type(plan.made[0], np.float32) if tiles.blend else np.dtype(plan.made[0])
    row = np.empty(((last - first) * plan.scale[0], width * plan.scale[1], plan.made[1]), kind)
    window = tuple(min(side, tiles.side + 2 * tiles.halo) for side in padded)
    for left in range(0, width, tiles.side):
        begin, end = tiles.kept(left, width)
        # at a border the window moves inwards: all have one size, and see the border the network pads
        start = tuple(
            min(max(place - tiles.halo, 0), side - size)
            for place, side, size in zip((top, left), padded, window, strict=True)
        )
        part = part_of(plan, run, image, start, window)
        rows = span(first - start[0], last - first, plan.scale[0])
        inner = part[rows, span(begin - start[1], end - begin, plan.scale[1])].astype(kind, copy=False)
        if left:
            seam = row[:, span(begin, min(left + tiles.blend, width) - begin, plan.scale[1])]
            _fade(seam.swapaxes(0, 1), inner.swapaxes(0, 1), 2 * tiles.blend * plan.scale[1])
        row[:, span(begin, end - begin, plan.scale[1])] = inner
    return row


def _fade(old: Array, new: Array, steps: int) -> None:
    """Let the first rows of ``new`` begin as ``old`` and become their own in so many steps."""
    if steps:
        share = ((np.arange(steps, dtype=new.dtype) + 0.5) / steps)[: len(old), None, None]
        new[: len(old)] = old + (new[: len(old)] - old) * share


def part_of(plan: Plan, run: Run, image: Array, start: tuple[int, ...], size: tuple[int, ...]) -> Array:
    """Run on a window of the image; beyond its lower and right border the image goes on as in a mirror."""
    rows, columns = (
        _mirrored(np.arange(first, first + count), side)
        for first, count, side in zip(start, size, image.shape[:2], strict=True)
    )
    window = image[np.ix_(rows, columns)]
    if plan.clips and window.dtype == plan.dtype:  # another type is refused by the model
        window = window.clip(plan.low, plan.high)
    part: Array = run({plan.source: window[None]})[plan.result][0]
    return part


def _mirrored(places: Array, side: int) -> Array:
    period = max(2 * (side - 1), 1)
    return np.asarray(np.minimum(places % period, -places % period))


def span(first: int, count: int, scale: int) -> slice:
    return slice(first * scale, (first + count) * scale)


def up(size: int, step: int) -> int:
    return -(-size // step) * step
