"""R3GAN. Huang et al. 2024: a relativistic game that two gradient penalties make converge."""

from __future__ import annotations

from functools import partial

from ganworks.networks import R3Discriminator, R3Generator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import (
    RELATIVISTIC,
    AdaAugment,
    Adam,
    Average,
    Draw,
    Ramp,
    Recipe,
    Term,
    no_augmentation,
    r1,
    r2,
    two_player,
)


def r3gan(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 64,
    width: int = 16,  # channels at full resolution, of both networks
    most: int = 128,  # channels that no map exceeds
    depth: int = 1,  # residual blocks a stage; the paper's networks have 2
    group: int = 16,  # channels a group of the 3 x 3 convolutions
    lr: float = 1e-3,  # the paper's 2e-4 is for far larger networks
    gamma: float = 0.2,  # weight of both penalties at the start, falls to a tenth; blurred samples: less
    penalty_every: int = 1,  # steps between two penalties; the paper has no lazy ones
    augment: float = 0.0,  # strength of the augmentation at the end; 0.3 for a few thousand images
    settle_images: int = 500_000,  # over which rate and gamma fall and the strength rises, half a cosine
) -> Recipe:
    """No normalisation, no tricks: the loss alone keeps the game from cycling and from dropping modes.

    Raises:
        ValueError: samples are no images, or ``augment`` is not in [0, 1].
    """
    require_rank(space, 2)
    if not 0 <= augment <= 1:
        raise ValueError(f"augment is a strength from 0 (none) to 1, got {augment}")
    adam = Adam(Ramp(lr, lr / 4, settle_images, cosine=True), (0.0, 0.99))
    weight = Ramp(gamma, gamma / 10, settle_images, cosine=True)
    slopes = ("real", "fake")  # asked for together: one backward serves both
    penalties = [
        Term("r1", r1, weight=weight, every=penalty_every, slopes=slopes),
        Term("r2", r2, weight=weight, every=penalty_every, slopes=slopes),
    ]
    sizes = {"width": width, "most": most, "depth": depth, "group": group}
    return Recipe(
        name="r3gan",
        space=space,
        networks={
            "generator": partial(R3Generator, space, latent, **sizes),
            "discriminator": partial(R3Discriminator, space, **sizes),
        },
        stages=two_player(RELATIVISTIC, discriminator=adam, generator=adam, discriminator_terms=penalties),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=10_000),),
        augment=AdaAugment() if augment else no_augmentation,
        strength=Ramp(0.0, augment, settle_images, cosine=True) if augment else None,
        bf16=frozenset({"generator"}),  # the penalties' second derivative stays in float32
    )
