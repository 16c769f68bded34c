"""SPADE. Park et al. 2019."""

from __future__ import annotations

from functools import partial

from ganworks.networks import MultiscaleDiscriminator, SpadeGenerator
from ganworks.networks.translation import require_same_size
from ganworks.space import SampleSpace
from ganworks.training import HINGE, Adam, Average, Draw, Recipe, Term, layer_matching, two_player


def spade(
    space: SampleSpace,
    *,
    source: SampleSpace,  # one channel a class: 1 where the class is, -1 elsewhere
    batch: int = 4,  # the paper: 32
    latent: int = 1,  # the generator does not read it
    width: int = 32,  # channels at full resolution; the paper's 64 wants a GPU
    hidden: int = 32,  # channels between the label map and its scales and shifts; the paper: 128
    scales: int = 2,  # critics, each at half the resolution of the one before
    matching: float = 10.0,  # weight of the distance between features of the critics
    lr: float = 1e-4,
    lr_discriminator: float = 4e-4,
) -> Recipe:
    """Label maps to pictures: every layer is normalised, then scaled and shifted by the map.

    One picture a map: the paper's encoder of styles, and its pretrained perceptual term, are left out.

    Raises:
        ValueError: source and target differ in size, or are too small.
    """
    require_same_size(source, space)
    critic = partial(MultiscaleDiscriminator, width=width, scales=scales, spectral_norm=True)
    return Recipe(
        name="spade",
        space=space,
        networks={
            "generator": partial(
                SpadeGenerator, source, space, width=width, most=8 * width, hidden=hidden
            ),  # the paper: 16 * width
            "discriminator": partial(critic, source, space),
        },
        stages=two_player(
            HINGE,
            discriminator=Adam(lr_discriminator, (0.0, 0.999)),
            generator=Adam(lr, (0.0, 0.999)),
            generator_terms=[Term("layer_matching", layer_matching, weight=matching)],
            reuse_fakes=True,
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=2_000.0),),  # the paper has none
        bf16=frozenset({"generator", "discriminator"}),
    )
