"""Progressive GAN. Karras et al. 2018."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from ganworks.networks import GrowingDiscriminator, ProgressiveGenerator
from ganworks.networks.blocks import levels_for, require_rank
from ganworks.space import SampleSpace
from ganworks.training import (
    WASSERSTEIN,
    Adam,
    Average,
    Draw,
    Growth,
    Recipe,
    Step,
    Term,
    gradient_penalty,
    two_player,
)


def progressive(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 128,
    width: int = 8,  # channels at full resolution; each smaller map has twice as many
    most: int = 128,  # channels at most
    lr: float = 5e-3,  # the paper's 1e-3 is for 12 million images
    growth_images: int = 1_000,  # of each phase: holding a resolution, fading to the next; the paper: 800,000
    penalty: float = 10.0,  # lambda of the gradient penalty
    penalty_every: int = 4,  # steps between two penalties, each with as many times the weight; the paper: 1
    drift: float = 1e-3,  # epsilon of the drift term
) -> Recipe:
    """WGAN-GP on networks that begin at about 4 x 4 and double; equalised learning rate, pixel norm.

    Raises:
        ValueError: samples are no images.
    """
    require_rank(space, 2)
    adam = Adam(lr, (0.0, 0.99))
    return Recipe(
        name="progressive",
        space=space,
        networks={
            "generator": partial(ProgressiveGenerator, space, latent, width=width, most=most),
            "discriminator": partial(GrowingDiscriminator, space, width=width, most=most),
        },
        stages=two_player(
            WASSERSTEIN,
            discriminator=adam,
            generator=adam,
            discriminator_terms=[
                Term("gradient_penalty", gradient_penalty, weight=penalty, every=penalty_every),
                Term("drift", squared_logits, weight=drift),
            ],
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=10_000),),
        growth=Growth(levels_for(space.height, space.width), growth_images),
        bf16=frozenset({"generator"}),  # the penalty's second derivative stays in float32
    )


def squared_logits(step: Step) -> Tensor:
    """D(x)^2 at real samples, (batch, k): holds the critic's free offset near 0. Karras et al. 2018, A.1."""
    return step.judge(step.real).logits.square()
