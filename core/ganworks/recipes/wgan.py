"""WGAN with weight clipping. Arjovsky et al. 2017, algorithm 1."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import WASSERSTEIN, Draw, Recipe, RMSprop, clip_weights, two_player


def wgan(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 100,
    width: int = 16,  # channels of the largest feature map
    lr: float = 5e-4,  # the paper's 5e-5 is for 100,000 generator steps
    critic_steps: int = 5,  # n_critic
    clip: float = 0.03,  # c: largest weight of the critic; the paper: 0.01
) -> Recipe:
    """The critic stays Lipschitz because its weights are cut; RMSprop, since momentum unsettles it.

    BatchNorm stays in the critic as in the paper: without it, weights this small leave no signal.

    Raises:
        ValueError: samples are rows, or all weights would be cut to 0.
    """
    require_rank(space, 1, 2, 3)
    if clip <= 0:
        raise ValueError(f"clip must be above 0, got {clip}")
    rms = RMSprop(lr)
    return Recipe(
        name="wgan",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(ConvDiscriminator, space, width=width),
        },
        stages=two_player(
            WASSERSTEIN,
            discriminator=rms,
            generator=rms,
            critic_steps=critic_steps,
            after_critic=partial(clip_weights, network="discriminator", most=clip),
        ),
        draw=Draw(batch=batch, latent=latent),
        bf16=frozenset({"generator"}),
    )
