"""pix2pix. Isola et al. 2017."""

from __future__ import annotations

from functools import partial

from ganworks.networks import PairDiscriminator, UNetGenerator
from ganworks.networks.translation import require_same_size
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Average, Draw, Recipe, Term, paired_l1, two_player


def pix2pix(
    space: SampleSpace,
    *,
    source: SampleSpace,
    batch: int = 4,  # the paper: 1 to 10
    latent: int = 1,  # the generator does not read it
    width: int = 32,  # channels at half resolution; the paper's 64 wants a GPU
    levels: int | None = None,  # halvings; None: to a map of about 2 places across (the paper: 1)
    dropout: float = 0.5,  # the noise of the decoder while training; 0 for none. Samples are made without it
    weight: float = 100.0,  # of the distance to the pair
    lr: float = 2e-4,
) -> Recipe:
    """A U-Net against a critic of patches, and the distance to the pair.

    Raises:
        ValueError: source and target differ in size, or are too small.
    """
    require_same_size(source, space)
    adam = Adam(lr, (0.5, 0.999))
    unet = partial(UNetGenerator, width=width, most=8 * width, levels=levels, dropout=dropout)
    return Recipe(
        name="pix2pix",
        space=space,
        networks={
            "generator": partial(unet, source, space),
            "discriminator": partial(PairDiscriminator, source, space, width=width),
        },
        stages=two_player(
            NON_SATURATING,
            discriminator=adam,
            generator=adam,
            generator_terms=[Term("l1", paired_l1, weight=weight)],
            reuse_fakes=True,  # as the paper's code: one forward of the U-Net a step
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=2_000.0),),  # the paper has none
        bf16=frozenset({"generator", "discriminator"}),
    )
