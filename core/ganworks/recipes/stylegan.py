"""StyleGAN. Karras et al. 2019."""

from __future__ import annotations

from functools import partial

from ganworks.networks import GrowingDiscriminator, StyleGANGenerator
from ganworks.networks.blocks import levels_for, require_rank
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Average, Draw, Growth, Recipe, Term, r1, two_player


def stylegan(
    space: SampleSpace,
    *,
    batch: int = 16,
    latent: int = 128,
    width: int = 8,  # channels at full resolution; each smaller map has twice as many
    most: int = 128,  # channels at most
    style: int = 128,  # numbers in a style w
    depth: int = 4,  # layers of the mapping network; the paper has 8
    mixing: float = 0.9,  # share of the rows that are trained with two latents
    lr: float = 5e-3,  # the paper's 1e-3 to 3e-3 are for 25 million images
    growth_images: int = 1_000,  # of each phase: holding a resolution, fading to the next; its code: 600,000
    gamma: float = 5.0,  # weight of R1, 10 in the paper; at 0.3 short runs collapse
    penalty_every: int = 4,  # steps between two penalties, each with as many times the weight; the paper: 1
) -> Recipe:
    """Growing synthesis from a constant, styled by AdaIN; non-saturating game with R1.

    Raises:
        ValueError: samples are no images.
    """
    require_rank(space, 2)
    adam = Adam(lr, (0.0, 0.99))
    generator = partial(
        StyleGANGenerator, space, latent, width=width, most=most, style=style, depth=depth, mixing=mixing
    )
    return Recipe(
        name="stylegan",
        space=space,
        networks={
            "generator": generator,
            "discriminator": partial(GrowingDiscriminator, space, width=width, most=most),
        },
        stages=two_player(
            NON_SATURATING,
            discriminator=adam,
            generator=adam,
            discriminator_terms=[Term("r1", r1, weight=gamma, every=penalty_every, slopes=("real",))],
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=10_000),),
        growth=Growth(levels_for(space.height, space.width), growth_images),
        bf16=frozenset({"generator"}),  # the second derivative of R1 stays in float32
    )
