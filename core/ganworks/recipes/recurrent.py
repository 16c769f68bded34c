"""Recurrent GANs for sequences. Esteban et al. 2017 (RCGAN); Mogren 2016 (C-RNN-GAN)."""

from __future__ import annotations

from functools import partial

from ganworks.networks import RecurrentDiscriminator, RecurrentGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Average, Draw, Recipe, two_player


def recurrent(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 64,
    width: int = 64,  # units of both LSTMs
    noise: int = 8,  # values that drive the generator at each step
    layers: int = 1,  # of the generator
    lr: float = 3e-3,
) -> Recipe:
    """LSTMs on both sides; the discriminator judges every step.

    Raises:
        ValueError: samples are no sequences.
    """
    require_rank(space, 1)
    adam = Adam(lr, (0.5, 0.999))
    return Recipe(
        name="recurrent",
        space=space,
        networks={
            "generator": partial(RecurrentGenerator, space, latent, width=width, noise=noise, layers=layers),
            "discriminator": partial(RecurrentDiscriminator, space, width=width),
        },
        stages=two_player(NON_SATURATING, discriminator=adam, generator=adam),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(),),
    )
