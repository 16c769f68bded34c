"""InfoGAN. Chen et al. 2016."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from torch import nn

from ganworks.networks import CodedGenerator, CodeReader, Codes, ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import at_least, require_rank
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Draw, Recipe, Term, mutual_information, two_player


def infogan(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 62,  # entries of plain noise; the codes come on top
    categories: int = 10,  # values of the categorical code
    continuous: int = 2,  # continuous codes
    width: int = 32,  # channels of the largest feature map
    lr: float = 2e-4,  # of the discriminator
    lr_generator: float = 1e-3,  # the paper's
    information: float = 1.0,  # weight of the mutual information
) -> Recipe:
    """Codes that come to mean something without any label: labels are not looked at.

    The reader of the codes sees features of the discriminator and moves with the generator.

    Raises:
        ValueError: samples are rows, a code has no values, or the noise fewer than 0 entries.
    """
    require_rank(space, 1, 2, 3)
    at_least(0, latent=latent)
    if categories < 2 or continuous < 1:
        raise ValueError(f"categories must be at least 2 and continuous 1, got {categories} and {continuous}")
    codes, plain = Codes((categories,), continuous), replace(space, classes=())
    size = latent + codes.width
    return Recipe(
        name="infogan",
        space=space,
        networks={
            "generator": partial(_generator, plain, size, categories, continuous, width),
            "discriminator": partial(ConvDiscriminator, plain, width=width),
            "q": partial(_reader, plain, categories, continuous, width),
        },
        stages=two_player(
            NON_SATURATING,
            discriminator=Adam(lr, (0.5, 0.999)),
            generator=Adam(lr_generator, (0.5, 0.999)),
            generator_terms=[Term("mutual_information", mutual_information, weight=information)],
            helpers=("q",),
        ),
        draw=Draw(batch=batch, latent=size, balanced=False),
        bf16=frozenset({"generator", "discriminator"}),
    )


def _generator(space: SampleSpace, latent: int, categories: int, continuous: int, width: int) -> nn.Module:
    return CodedGenerator(Codes((categories,), continuous), DCGANGenerator(space, latent, width=width))


def _reader(space: SampleSpace, categories: int, continuous: int, width: int) -> nn.Module:
    features = ConvDiscriminator(space, width=width).hidden_width
    return CodeReader(features, Codes((categories,), continuous))
