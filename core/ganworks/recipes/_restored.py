"""What the recipes that restore images share: network, rate, the pixel phase, and the game after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

from torch import nn

from ganworks.networks.efficientnet_lite import MIN_SIZE
from ganworks.networks.frozen import lite0_pyramid
from ganworks.networks.patches import SpectralPatchDiscriminator
from ganworks.networks.upscaling import Upscaler, scale_between, upscaler_named
from ganworks.space import SampleSpace
from ganworks.training import (
    Adam,
    AdversarialLoss,
    Average,
    Draw,
    Phase,
    Ramp,
    Recipe,
    Stage,
    Term,
    charbonnier,
    game,
    paired_l1,
    perceptual,
    two_player,
)

NetworkName = Literal["compact", "residual", "rrdb"]
END = 0.02  # what a falling rate ends at, as a share of what it begins with


def upscaler(
    network: str, source: SampleSpace, space: SampleSpace, width: int | None, depth: int | None
) -> partial[Upscaler]:
    """What builds the generator; None is the width or depth that the network has by itself.

    Raises:
        ValueError: the sizes do not fit, the network is unknown, or a number is below 1.
    """
    scale_between(source, space)
    given = {name: value for name, value in (("width", width), ("depth", depth)) if value is not None}
    for name, value in given.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    return partial(upscaler_named(network), source, space, **given)


def pixel_phase(lr: float, decay_images: int, *, epsilon: float = 0.0, cosine: bool = True) -> Phase:
    """The generator alone learns to answer with the target, pixel by pixel."""
    value = partial(charbonnier, epsilon=epsilon) if epsilon else paired_l1
    return Phase(
        name="pixels",
        moves=("generator",),
        terms=(Term("pixels", value),),
        optimizer=Adam(falling(lr, decay_images, cosine=cosine), (0.9, 0.999)),
    )


def falling(lr: float, images: int, *, cosine: bool = True) -> float | Ramp:
    """A rate that falls to a fiftieth over so many images; 0 images: a constant one."""
    return Ramp(lr, END * lr, images=images, cosine=cosine) if images else lr


def adversarial_recipe(
    name: str,
    space: SampleSpace,
    generator: Callable[[], nn.Module],
    loss: AdversarialLoss,
    *,
    batch: int,
    latent: int,
    critic_width: int,
    lr_pixels: float,
    lr: float,
    warm_images: int,
    pixels: float,
    features: float,
    adversarial: float,
) -> Recipe:
    """Pixels alone until ``warm_images``, then a game, features and pixels together, by their weights.

    Raises:
        ValueError: images are too small for the features.
    """
    if features and min(space.size) < MIN_SIZE:
        raise ValueError(
            f"targets of {space.height} x {space.width} are too small to compare their features: "
            f"{MIN_SIZE} x {MIN_SIZE} or more, or features=0"
        )
    judging, making = game(loss)
    adam = Adam(lr, (0.9, 0.99))
    weighed = (Term("perceptual", perceptual, features), Term("pixels", paired_l1, pixels))
    played = two_player(
        (judging, replace(making, weight=adversarial)),
        discriminator=adam,
        generator=adam,
        generator_terms=[term for term in weighed if term.weight],
    )
    warm_up = Stage((pixel_phase(lr_pixels, warm_images),), until_images=warm_images)
    frozen: Mapping[str, Callable[[], nn.Module]] = {"features": lite0_pyramid} if features else {}
    return Recipe(
        name=name,
        space=space,
        networks={
            "generator": generator,
            "discriminator": partial(SpectralPatchDiscriminator, space.channels, width=critic_width),
            **frozen,
        },
        stages=(warm_up, *played) if warm_images else played,
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=10_000),),
        bf16=frozenset({"generator", "discriminator"}),  # of the features, the depthwise backward is slower
    )
