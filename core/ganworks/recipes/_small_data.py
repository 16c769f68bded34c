"""What the recipes for small data sets share: diversity within a class, averaged weights, augmentation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import nn

from ganworks.networks import UpsamplingGenerator
from ganworks.space import SampleSpace
from ganworks.training import (
    HINGE,
    AdaAugment,
    AdaController,
    Adam,
    Augmentation,
    Average,
    DiffAugment,
    Draw,
    Recipe,
    Term,
    mode_seeking,
    no_augmentation,
    two_player,
)

AugmentName = Literal["none", "diffaugment", "ada"]


def hinge_recipe(
    name: str,
    space: SampleSpace,
    discriminator: Callable[[], nn.Module],
    *,
    batch: int,
    latent: int,
    width: int,
    lr_generator: float,
    lr_discriminator: float,
    seek: float,
    augment: AugmentName,
    halflife_images: float,
    bf16: frozenset[str],
) -> Recipe:
    """A hinge game between an upsampling generator and the given discriminator."""
    augmentation, controller = augmentation_named(augment)
    diversity = [Term("mode_seeking", mode_seeking, weight=seek)] if seek else []
    return Recipe(
        name=name,
        space=space,
        networks={
            "generator": partial(UpsamplingGenerator, space, latent, width=width),
            "discriminator": discriminator,
        },
        stages=two_player(
            HINGE,
            discriminator=Adam(lr_discriminator),
            generator=Adam(lr_generator),
            generator_terms=diversity,
        ),
        draw=Draw(batch=batch, latent=latent, pairs=bool(seek)),
        averages=(Average(halflife_images=halflife_images, rampup=0.08),),
        augment=augmentation,
        controller=controller,
        bf16=bf16,
    )


def augmentation_named(name: AugmentName) -> tuple[Augmentation, AdaController | None]:
    """The augmentation of that name, and its controller where it has one.

    Raises:
        ValueError: the name is unknown.
    """
    known: dict[str, tuple[Augmentation, AdaController | None]] = {
        "none": (no_augmentation, None),
        "diffaugment": (DiffAugment(), None),
        "ada": (AdaAugment(), AdaController()),
    }
    if name not in known:
        raise ValueError(f"augment must be one of {', '.join(known)}; got '{name}'")
    return known[name]
