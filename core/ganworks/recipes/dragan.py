"""DRAGAN. Kodali et al. 2017."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Draw, Recipe, Term, dragan_penalty, two_player


def dragan(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 100,
    width: int = 32,  # channels of the largest feature map
    lr: float = 2e-4,
    penalty: float = 10.0,  # lambda
    spread: float = 0.5,  # deviation of the noise around real samples, in deviations of the data
) -> Recipe:
    """DCGAN whose discriminator has a slope near 1 around the data: no sharp peaks, fewer collapses.

    Raises:
        ValueError: samples are rows.
    """
    require_rank(space, 1, 2, 3)
    adam = Adam(lr, (0.5, 0.999))
    smooth = Term("dragan_penalty", partial(dragan_penalty, spread=spread), weight=penalty)
    return Recipe(
        name="dragan",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(ConvDiscriminator, space, width=width, norm="none"),
        },
        stages=two_player(NON_SATURATING, discriminator=adam, generator=adam, discriminator_terms=[smooth]),
        draw=Draw(batch=batch, latent=latent),
        bf16=frozenset({"generator"}),  # the penalty's second derivative stays in float32
    )
