"""SRGAN. Ledig et al. 2017."""

from __future__ import annotations

from ganworks.recipes._restored import NetworkName, adversarial_recipe, upscaler
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Recipe


def srgan(
    space: SampleSpace,
    *,
    source: SampleSpace,
    batch: int = 16,
    latent: int = 1,  # the network does not read it
    network: NetworkName = "compact",
    width: int | None = None,  # channels; None: 32 of compact and rrdb, 48 of residual; the paper: 64
    depth: int | None = None,  # layers or blocks; None: 8 of compact and residual, 6 of rrdb
    critic_width: int = 16,  # channels of the critic at half of the size
    warm_images: int = 100_000,  # images that teach it pixels alone, before the game; 0: none
    lr_pixels: float = 1e-3,  # of that stage, at its beginning
    lr: float = 5e-4,  # of both players
    pixels: float = 1.0,  # weight of the mean distance of pixels, in values of [-1, 1]
    features: float = 1.0,  # weight of the distance of frozen features
    adversarial: float = 0.05,  # weight of the game
) -> Recipe:
    """Pixels alone first; then a critic of patches, frozen features and pixels together.

    Features are those of EfficientNet-Lite0 (the extra ``pretrained``), where the paper has VGG;
    ``features=0`` needs neither.

    Raises:
        ValueError: source and target do not fit, or an option has no such value.

    Building the features raises MissingExtraError where their weights are not installed; a trained generator
    is used without them.
    """
    return adversarial_recipe(
        "srgan",
        space,
        upscaler(network, source, space, width, depth),
        NON_SATURATING,
        batch=batch,
        latent=latent,
        critic_width=critic_width,
        lr_pixels=lr_pixels,
        lr=lr,
        warm_images=warm_images,
        pixels=pixels,
        features=features,
        adversarial=adversarial,
    )
