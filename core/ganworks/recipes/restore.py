"""Super-resolution and restoration by pixels. Dong et al. 2016 (SRCNN); L1 as in Lim et al. 2017 (EDSR)."""

from __future__ import annotations

from typing import Literal

from ganworks.recipes._restored import NetworkName, pixel_phase, upscaler
from ganworks.space import SampleSpace
from ganworks.training import Average, Draw, Recipe, Stage


def restore(
    space: SampleSpace,
    *,
    source: SampleSpace,
    batch: int = 16,
    latent: int = 1,  # the network does not read it
    network: NetworkName = "compact",
    width: int | None = None,  # channels; None: 32 of compact and rrdb, 48 of residual
    depth: int | None = None,  # layers or blocks; None: 8 of compact and residual, 6 of rrdb
    lr: float = 1e-3,
    decay_images: int = 300_000,  # images over which the rate falls to a fiftieth; 0: it stays
    decay: Literal["cosine", "linear"] = "cosine",
    charbonnier: float = 0.0,  # rounds the bottom of the distance, in values of [-1, 1]; 0 is plain L1
) -> Recipe:
    """The mean distance to the original: faithful, and soft where the source leaves several answers open.

    Raises:
        ValueError: source and target do not fit, or an option has no such value.
    """
    if decay not in ("cosine", "linear"):
        raise ValueError(f"decay must be cosine or linear, got '{decay}'")
    phase = pixel_phase(lr, decay_images, epsilon=charbonnier, cosine=decay == "cosine")
    return Recipe(
        name="restore",
        space=space,
        networks={"generator": upscaler(network, source, space, width, depth)},
        stages=(Stage((phase,)),),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=10_000),),
        bf16=frozenset({"generator"}),
    )
