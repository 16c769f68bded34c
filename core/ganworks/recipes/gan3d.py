"""3D-GAN: DCGAN on volumes. Wu et al. 2016."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Average, Draw, Recipe, two_player


def gan3d(
    space: SampleSpace,
    *,
    batch: int = 32,  # the paper: 100
    latent: int = 100,
    width: int = 16,  # channels at full resolution
    lr: float = 1e-3,  # of the generator; the paper: 2.5e-3
    lr_discriminator: float = 1e-3,  # the paper: 1e-5, where the discriminator has BatchNorm
) -> Recipe:
    """Volumetric convolutions. The paper holds the discriminator back by its rate, here spectral norm does.

    With the paper's BatchNorm every sample of a class came out alike on small shapes; the standard deviation
    over groups of four (Karras et al. 2018) shows the discriminator when that happens.

    Raises:
        ValueError: samples are no volumes.
    """
    require_rank(space, 3)
    critic = partial(ConvDiscriminator, space, width=width, norm="spectral", minibatch_std=4)
    return Recipe(
        name="gan3d",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": critic,
        },
        stages=two_player(
            NON_SATURATING,
            discriminator=Adam(lr_discriminator, (0.5, 0.999)),
            generator=Adam(lr, (0.5, 0.999)),
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(),),
        bf16=frozenset({"generator", "discriminator"}),
    )
