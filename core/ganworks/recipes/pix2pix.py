"""pix2pix. Isola et al. 2017."""

from __future__ import annotations

from functools import partial

from ganworks.networks import PairDiscriminator, UNetGenerator
from ganworks.networks.translation import require_same_size
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Draw, Recipe, Term, paired_l1, two_player


def pix2pix(
    space: SampleSpace,
    *,
    source: SampleSpace,
    batch: int = 4,  # the paper: 1 to 10
    latent: int = 1,  # the generator does not read it
    width: int = 64,  # channels at half resolution
    dropout: float = 0.5,  # in the decoder, while training
    weight: float = 100.0,  # of the distance to the pair
    lr: float = 2e-4,
) -> Recipe:
    """A U-Net against a critic of patches, and the distance to the pair.

    Raises:
        ValueError: source and target differ in size, or are too small.
    """
    require_same_size(source, space)
    adam = Adam(lr, (0.5, 0.999))
    return Recipe(
        name="pix2pix",
        space=space,
        networks={
            "generator": partial(UNetGenerator, source, space, width=width, most=8 * width, dropout=dropout),
            "discriminator": partial(PairDiscriminator, source, space, width=width),
        },
        stages=two_player(
            NON_SATURATING,
            discriminator=adam,
            generator=adam,
            generator_terms=[Term("l1", paired_l1, weight=weight)],
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(),
        bf16=frozenset({"generator", "discriminator"}),
    )
