"""SN-GAN with projection. Miyato et al. 2018; Miyato and Koyama 2018."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator
from ganworks.networks.blocks import require_rank
from ganworks.recipes._small_data import AugmentName, hinge_recipe
from ganworks.space import SampleSpace
from ganworks.training import Recipe


def sngan(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 64,
    width: int = 16,  # generator channels at full resolution
    discriminator_width: int = 32,
    lr: float = 2e-4,
    seek: float = 0.08,  # weight of the mode-seeking term; 0 switches it off
    augment: AugmentName = "diffaugment",
) -> Recipe:
    """Hinge game; the discriminator learns twice as fast (two time-scale rule, Heusel et al. 2017).

    Raises:
        ValueError: samples are no images.
    """
    require_rank(space, 2)
    discriminator = partial(
        ConvDiscriminator, space, width=discriminator_width, norm="spectral", minibatch_std=batch
    )
    return hinge_recipe(
        "sngan",
        space,
        discriminator,
        batch=batch,
        latent=latent,
        width=width,
        lr_generator=lr,
        lr_discriminator=2 * lr,
        seek=seek,
        augment=augment,
        halflife_images=4_500,
        bf16=frozenset({"generator", "discriminator"}),
    )
