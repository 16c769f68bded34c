"""StyleGAN2. Karras et al. 2020."""

from __future__ import annotations

from functools import partial

from ganworks.networks import StyleGAN2Discriminator, StyleGAN2Generator
from ganworks.networks.blocks import require_rank
from ganworks.recipes._small_data import AugmentName, augmentation_named
from ganworks.space import SampleSpace
from ganworks.training import (
    NON_SATURATING,
    Adam,
    Average,
    Draw,
    PathLengths,
    Recipe,
    Term,
    mode_seeking,
    path_length,
    path_length_weight,
    r1,
    two_player,
)


def stylegan2(
    space: SampleSpace,
    *,
    batch: int = 16,
    latent: int = 128,
    width: int = 8,  # channels at full resolution; each smaller map has twice as many
    most: int = 128,  # channels at most
    style: int = 128,  # numbers in a style w
    depth: int = 2,  # layers of the mapping network; the paper has 8, its successor 2 for small pictures
    mixing: float = 0.9,  # share of the rows that are trained with two latents
    lr: float = 7e-3,  # the paper's 2e-3 is for 25 million images
    gamma: float = 5.0,  # weight of R1, 10 in the paper; at 0.3 short runs collapse
    penalty_every: int = 4,  # steps between two penalties, each with as many times the weight; the paper: 16
    smoothness: float = 1.0,  # weight of the path length term, times that of the paper for this resolution
    seek: float = 0.02,  # weight of the mode-seeking term, not in the paper: short runs repeat themselves
    augment: AugmentName = "none",  # ada for fewer than some thousand images
) -> Recipe:
    """Modulated convolutions, summed pictures, residual discriminator; lazy R1 and path length.

    Raises:
        ValueError: samples are no images.
    """
    require_rank(space, 2)
    adam = Adam(lr, (0.0, 0.99))
    augmentation, controller = augmentation_named(augment)
    terms = [
        Term("path_length", path_length, weight=smoothness * path_length_weight(space), every=8),
        Term("mode_seeking", mode_seeking, weight=seek),
    ]
    generator = partial(
        StyleGAN2Generator, space, latent, width=width, most=most, style=style, depth=depth, mixing=mixing
    )
    return Recipe(
        name="stylegan2",
        space=space,
        networks={
            "generator": generator,
            "discriminator": partial(StyleGAN2Discriminator, space, width=width, most=most),
            PathLengths.name: PathLengths,
        },
        stages=two_player(
            NON_SATURATING,
            discriminator=adam,
            generator=adam,
            discriminator_terms=[Term("r1", r1, weight=gamma, every=penalty_every, slopes=("real",))],
            generator_terms=[term for term in terms if term.weight],
        ),
        draw=Draw(batch=batch, latent=latent, pairs=bool(seek)),
        averages=(Average(halflife_images=10_000),),
        augment=augmentation,
        controller=controller,
        bf16=frozenset({"generator"}),  # second derivatives stay in float32
    )
