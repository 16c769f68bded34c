"""Auxiliary classifier GAN. Odena et al. 2017."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ClassifyingDiscriminator, ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import (
    NON_SATURATING,
    Adam,
    Draw,
    Recipe,
    Term,
    fake_class,
    mode_seeking,
    real_class,
    two_player,
)


def acgan(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 100,
    width: int = 32,  # channels of the largest feature map
    lr: float = 2e-4,
    classify: float = 1.0,  # weight of the class likelihood of real samples
    classify_fakes: float = 0.1,  # of fakes, for the discriminator; at the paper's 1 it learns their errors
    recognise: float = 0.5,  # of fakes, for the generator; the paper: 1
    seek: float = 0.08,  # weight of the mode-seeking term, which is not in the paper; 0 switches it off
) -> Recipe:
    """The discriminator names the class of every sample; the generator wants its own to be recognised.

    Only the generator is told the label. Without classes it is DCGAN. The class term rewards one typical
    sample of each class, so that mode seeking (Mao et al. 2019) must keep the variety.

    Raises:
        ValueError: samples are rows.
    """
    require_rank(space, 1, 2, 3)
    adam = Adam(lr, (0.5, 0.999))
    known, made = Term("real_class", real_class, classify), Term("fake_class", fake_class, classify_fakes)
    asked = [Term("fake_class", fake_class, recognise)]
    asked += [Term("mode_seeking", mode_seeking, weight=seek)] if seek else []
    return Recipe(
        name="acgan",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(
                ClassifyingDiscriminator, space, partial(ConvDiscriminator, width=width)
            ),
        },
        stages=two_player(
            NON_SATURATING,
            discriminator=adam,
            generator=adam,
            discriminator_terms=[known, made] if space.classes else [],
            generator_terms=asked if space.classes else [],
        ),
        draw=Draw(batch=batch, latent=latent, pairs=bool(seek and space.classes)),
        bf16=frozenset({"generator", "discriminator"}),
    )
