"""Unrolled GAN. Metz et al. 2017."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import at_least, require_rank
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Draw, Recipe, two_player, unrolled_game


def unrolled(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 100,
    width: int = 16,  # channels of the generator's largest feature map
    discriminator_width: int = 16,  # small, as in the paper: it is what is unrolled
    lr: float = 1e-3,
    steps: int = 1,  # descents of the discriminator that the generator foresees; the paper: up to 10
    unroll_lr: float = 0.05,  # of those descents, which are plain gradient descents
) -> Recipe:
    """The generator answers the discriminator that would have answered it: it gains nothing by collapsing.

    A step costs as much as ``steps`` further ones with second derivatives. The discriminator has
    spectral norm, because BatchNorm would let the rows of a batch decide together. The generator's side is
    the zero-sum one, whose gradient fades where the discriminator wins: Adam with beta2 = 0.9 scales it up
    again within some ten steps, with 0.999 only within a thousand.

    Raises:
        ValueError: samples are rows, or there are fewer than 0 descents.
    """
    require_rank(space, 1, 2, 3)
    at_least(0, steps=steps)
    adam = Adam(lr, (0.5, 0.9))
    return Recipe(
        name="unrolled",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(ConvDiscriminator, space, width=discriminator_width, norm="spectral"),
        },
        stages=two_player(
            unrolled_game(NON_SATURATING, steps=steps, lr=unroll_lr), discriminator=adam, generator=adam
        ),
        draw=Draw(batch=batch, latent=latent),
        bf16=frozenset({"generator"}),  # second derivatives stay in float32
    )
