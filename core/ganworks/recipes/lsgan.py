"""LSGAN. Mao et al. 2017."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import LEAST_SQUARES, Adam, Draw, Recipe, two_player


def lsgan(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 100,
    width: int = 32,  # channels of the largest feature map
    lr: float = 2e-4,
) -> Recipe:
    """DCGAN with squared distances to the targets: samples far from the border still teach the generator.

    Raises:
        ValueError: samples are rows.
    """
    require_rank(space, 1, 2, 3)
    adam = Adam(lr, (0.5, 0.999))
    return Recipe(
        name="lsgan",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(ConvDiscriminator, space, width=width),
        },
        stages=two_player(LEAST_SQUARES, discriminator=adam, generator=adam),
        draw=Draw(batch=batch, latent=latent),
        bf16=frozenset({"generator", "discriminator"}),
    )
