"""SAGAN. Zhang et al. 2019."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ResidualDiscriminator, ResidualGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import HINGE, Adam, Average, Draw, Recipe, two_player


def sagan(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 128,
    width: int = 16,  # channels at full resolution, of both networks
    most: int = 128,  # channels of the generator at most; of the discriminator twice as many
    attention: int = 32,  # pixels: a map of a quarter of the picture attends, or the nearest to this; 0: none
    lr: float = 3e-4,  # of the generator; the paper's 1e-4 is for far larger networks
    lr_discriminator: float = 1.2e-3,  # the paper's ratio: four times the generator's
) -> Recipe:
    """Hinge game of residual networks that see the whole picture at once; two time-scale rule.

    Raises:
        ValueError: samples are no images.
    """
    require_rank(space, 2)
    generator = partial(ResidualGenerator, space, latent, width=width, most=most, attention=attention)
    discriminator = partial(ResidualDiscriminator, space, width=width, most=2 * most, attention=attention)
    return Recipe(
        name="sagan",
        space=space,
        networks={"generator": generator, "discriminator": discriminator},
        stages=two_player(
            HINGE, discriminator=Adam(lr_discriminator, (0.0, 0.9)), generator=Adam(lr, (0.0, 0.9))
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=10_000),),
        bf16=frozenset({"generator", "discriminator"}),
    )
