"""PacGAN over DCGAN. Lin et al. 2018."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvDiscriminator, DCGANGenerator, PackedDiscriminator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Draw, Recipe, two_player


def pacgan(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 100,
    width: int = 32,  # channels of the largest feature map
    lr: float = 2e-4,
    pack: int = 2,  # samples that are judged together
) -> Recipe:
    """DCGAN whose discriminator judges packs: a pack without variety gives a collapsed generator away.

    Raises:
        ValueError: samples are rows, the packs are empty, or the batch does not make whole ones.
    """
    require_rank(space, 1, 2, 3)
    if pack < 1:
        raise ValueError(f"a pack holds 1 sample or more, got pack={pack}")
    if batch % pack:
        raise ValueError(f"a batch of {batch} does not make whole packs: choose a multiple of {pack}")
    adam = Adam(lr, (0.5, 0.999))
    judge = partial(ConvDiscriminator, width=width)
    return Recipe(
        name="pacgan",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(PackedDiscriminator, space, judge, pack=pack),
        },
        stages=two_player(NON_SATURATING, discriminator=adam, generator=adam),
        draw=Draw(batch=batch, latent=latent),
        bf16=frozenset({"generator", "discriminator"}),
    )
