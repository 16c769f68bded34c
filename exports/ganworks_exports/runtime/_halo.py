"""How far a network looks: what a tile needs around it."""

from __future__ import annotations

import math

import numpy as np

from ._tiles import Array, Plan, Run, part_of, require_free, span, up

PROBE_TILE = 16  # pixels a side: the halo does not depend on it
PROBE_RIM = 24  # pixels that no window of the probe reaches


def measure(plan: Plan, run: Run, limit: int) -> int:
    """See `Model.measure_halo`; bisects, which takes that a larger halo is no worse."""
    require_free(plan)
    step = math.lcm(*plan.step)
    tile, most = up(PROBE_TILE, step), up(max(limit, 0), step)
    middle = most + up(PROBE_RIM, step)
    probe = _probe(2 * middle + tile, most + tile // 2, plan)
    whole = part_of(plan, run, probe, (0, 0), probe.shape[:2])
    expected = _crop(plan, whole, middle, tile)

    def fits(halo: int) -> bool:
        side = tile + 2 * halo
        part = part_of(plan, run, probe, (middle - halo, middle - halo), (side, side))
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


def _crop(plan: Plan, values: Array, first: int, count: int) -> Array:
    return values[span(first, count, plan.scale[0]), span(first, count, plan.scale[1])]
