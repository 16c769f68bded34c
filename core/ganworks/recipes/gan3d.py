"""3D-GAN: DCGAN on volumes. Wu et al. 2016."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Average, Draw, Recipe, two_player


def gan3d(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 100,
    width: int = 16,  # channels at full resolution
    lr: float = 4e-4,  # of the generator
    lr_discriminator: float = 4e-4,
) -> Recipe:
    """Volumetric convolutions; the discriminator learns slower, because volumes are easy to tell apart.

    Raises:
        ValueError: samples are no volumes.
    """
    if space.rank != 3:
        raise ValueError(f"samples have {space.rank} axes: this recipe is made for volumes, of three")
    return Recipe(
        name="gan3d",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(ConvDiscriminator, space, width=width, norm="spectral", minibatch_std=4),
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
