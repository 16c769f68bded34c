"""DCGAN. Radford et al. 2016, with the class condition of Mirza and Osindero 2014 where there are classes."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Draw, Recipe, two_player


def dcgan(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 100,
    width: int = 32,
    lr: float = 2e-4,  # the paper's
) -> Recipe:
    """Non-saturating game, BatchNorm on both sides, Adam with beta1 = 0.5.

    Raises:
        ValueError: samples are rows.
    """
    require_rank(space, 1, 2, 3)
    adam = Adam(lr, (0.5, 0.999))
    return Recipe(
        name="dcgan",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(ConvDiscriminator, space, width=width, norm="batch"),
        },
        stages=two_player(NON_SATURATING, discriminator=adam, generator=adam, reuse_fakes=True),
        draw=Draw(batch=batch, latent=latent),
        averages=(),
        bf16=frozenset({"generator", "discriminator"}),
    )
