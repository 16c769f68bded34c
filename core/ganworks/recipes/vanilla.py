"""The first GAN. Goodfellow et al. 2014."""

from __future__ import annotations

from functools import partial

from ganworks.networks import MLPDiscriminator, MLPGenerator
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Draw, Recipe, two_player


def vanilla(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 100,
    width: int = 256,  # units of a hidden layer
    depth: int = 3,  # hidden layers of each player
    pieces: int = 5,  # of a maxout unit of the discriminator; 1 is leaky ReLU
    dropout: float = 0.3,  # share of each of its hidden layers
    lr: float = 2e-4,
) -> Recipe:
    """Fully connected players on samples of any rank: the game itself, without convolutions."""
    adam = Adam(lr, (0.5, 0.999))
    judge = partial(MLPDiscriminator, space, width=width, depth=depth, pieces=pieces, dropout=dropout)
    return Recipe(
        name="vanilla",
        space=space,
        networks={
            "generator": partial(MLPGenerator, space, latent, width=width, depth=depth),
            "discriminator": judge,
        },
        stages=two_player(NON_SATURATING, discriminator=adam, generator=adam),
        draw=Draw(batch=batch, latent=latent),
        bf16=frozenset({"generator", "discriminator"}),
    )
