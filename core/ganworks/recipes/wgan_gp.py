"""WGAN-GP. Gulrajani et al. 2017, algorithm 1."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import WASSERSTEIN, Adam, Average, Draw, Recipe, Term, gradient_penalty, two_player


def wgan_gp(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 128,
    width: int = 16,  # channels of the largest feature map
    lr: float = 5e-4,  # the paper's 1e-4 is for 200,000 generator steps
    critic_steps: int = 5,  # n_critic
    penalty: float = 10.0,  # lambda
) -> Recipe:
    """Five critic steps a generator step; the critic has no BatchNorm, because the penalty is per row.

    Raises:
        ValueError: samples are rows.
    """
    require_rank(space, 1, 2, 3)
    adam = Adam(lr, (0.0, 0.9))
    return Recipe(
        name="wgan-gp",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(ConvDiscriminator, space, width=width, norm="none"),
        },
        stages=two_player(
            WASSERSTEIN,
            discriminator=adam,
            generator=adam,
            discriminator_terms=[Term("gradient_penalty", gradient_penalty, weight=penalty)],
            critic_steps=critic_steps,
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=20_000),),
        bf16=frozenset({"generator"}),  # the penalty's second derivative stays in float32
    )
