"""pix2pixHD. Wang et al. 2018."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ganworks.networks import MultiscaleDiscriminator, ResidualTranslator
from ganworks.networks.translation import require_same_size
from ganworks.space import SampleSpace
from ganworks.training import (
    LEAST_SQUARES,
    Adam,
    Average,
    Draw,
    Recipe,
    Term,
    game,
    layer_matching,
    two_player,
)


def pix2pixhd(
    space: SampleSpace,
    *,
    source: SampleSpace,
    batch: int = 4,  # the paper: 1
    latent: int = 1,  # the generator does not read it
    width: int = 32,  # channels at full resolution; the paper's 64 wants a GPU
    halvings: int = 3,  # of the generator; the paper: 4, for 1024 x 512 pixels
    blocks: int = 6,  # residual blocks; the paper: 9
    scales: int = 2,  # critics, each at half the resolution of the one before; the paper: 3
    matching: float = 10.0,  # weight of the distance between features of the critics
    lr: float = 2e-4,
) -> Recipe:
    """A residual translator against critics at several resolutions, whose features fake and pair share.

    The paper's global generator without its enhancer; no pretrained network takes part.

    Raises:
        ValueError: source and target differ in size, or are too small.
    """
    require_same_size(source, space)
    adam = Adam(lr, (0.5, 0.999))
    judging, making = game(LEAST_SQUARES)
    return Recipe(
        name="pix2pixhd",
        space=space,
        networks={
            "generator": partial(
                ResidualTranslator, source, space, width=width, blocks=blocks, halvings=halvings
            ),
            "discriminator": partial(MultiscaleDiscriminator, source, space, width=width, scales=scales),
        },
        stages=two_player(
            (judging, replace(making, weight=2.0)),  # the paper's generator minimises (D - 1)^2, not its half
            discriminator=adam,
            generator=adam,
            generator_terms=[Term("layer_matching", layer_matching, weight=matching)],
            reuse_fakes=True,
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=2_000.0),),  # the paper has none
        bf16=frozenset({"generator", "discriminator"}),
    )
