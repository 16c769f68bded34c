"""Projected GAN over EfficientNet-Lite0. Sauer et al. 2021."""

from __future__ import annotations

from functools import partial

from torch import nn

from ganworks.networks import ProjectedDiscriminator
from ganworks.networks.blocks import require_rank
from ganworks.networks.efficientnet_lite import MIN_SIZE, load_efficientnet_lite0
from ganworks.recipes._small_data import AugmentName, hinge_recipe
from ganworks.space import SampleSpace
from ganworks.training import Recipe


def projected(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 64,
    width: int = 16,  # generator channels at full resolution
    lr: float = 4e-4,
    seek: float = 0.08,  # without it the generator settles on one picture a class
    augment: AugmentName = "ada",
) -> Recipe:
    """Recognisable pictures from 50 to 2,000 images in minutes; needs the extra ``pretrained``.

    The features see ImageNet; never judge this recipe in the same feature space alone.

    Raises:
        ValueError: samples are no images, or the images are too small for the feature network.

    Building the discriminator raises MissingExtraError where the pretrained weights are absent; a trained
    generator is sampled without them.
    """
    require_rank(space, 2)
    if min(space.height, space.width) < MIN_SIZE:
        raise ValueError(
            f"images of {space.height} x {space.width} are too small: {MIN_SIZE} x {MIN_SIZE} or more"
        )
    return hinge_recipe(
        "projected",
        space,
        partial(_discriminator, space, batch),
        batch=batch,
        latent=latent,
        width=width,
        lr_generator=lr,
        lr_discriminator=lr,
        seek=seek,
        augment=augment,
        halflife_images=4_500,
        bf16=frozenset({"generator"}),  # depthwise backward is slower in bfloat16 on a CPU
    )


def _discriminator(space: SampleSpace, batch: int) -> nn.Module:
    return ProjectedDiscriminator(space, load_efficientnet_lite0(), minibatch_std=batch)
