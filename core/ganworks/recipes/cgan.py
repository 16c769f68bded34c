"""Conditional GAN. Mirza and Osindero 2014; the projection of Miyato and Koyama 2018 as an alternative."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import nn

from ganworks.networks import ConcatDiscriminator, ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Draw, Recipe, two_player

Condition = Literal["concat", "projection"]


def cgan(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 100,
    width: int = 32,  # channels of the largest feature map
    lr: float = 2e-4,
    condition: Condition = "concat",  # labels beside the input's channels, or in the discriminator's head
) -> Recipe:
    """DCGAN in which both players are told the label. Without classes it is DCGAN.

    Raises:
        ValueError: samples are rows, or the condition is unknown.
    """
    require_rank(space, 1, 2, 3)
    adam = Adam(lr, (0.5, 0.999))
    return Recipe(
        name="cgan",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": _conditioned(condition, space, partial(ConvDiscriminator, width=width)),
        },
        stages=two_player(NON_SATURATING, discriminator=adam, generator=adam),
        draw=Draw(batch=batch, latent=latent),
        bf16=frozenset({"generator", "discriminator"}),
    )


def _conditioned(
    condition: Condition, space: SampleSpace, build: Callable[[SampleSpace], nn.Module]
) -> Callable[[], nn.Module]:
    known: dict[str, Callable[[], nn.Module]] = {
        "concat": partial(ConcatDiscriminator, space, build),
        "projection": partial(build, space),
    }
    if condition not in known:
        raise ValueError(f"condition must be one of {', '.join(known)}; got '{condition}'")
    return known[condition]
