"""CUT: contrastive unpaired translation. Park et al. 2020."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import nn

from ganworks.networks import PatchDiscriminator, PatchHeads, ResidualTranslator
from ganworks.networks.blocks import at_least
from ganworks.networks.translation import require_same_size
from ganworks.space import SampleSpace
from ganworks.training import (
    LEAST_SQUARES,
    Adam,
    Average,
    Draw,
    Ramp,
    Recipe,
    Term,
    game,
    identity_nce,
    patch_nce,
    two_player,
)


def cut(
    space: SampleSpace,
    *,
    source: SampleSpace,
    batch: int = 2,  # the paper: 1
    latent: int = 1,  # the generator does not read it
    width: int = 32,  # channels at full resolution; the paper's 64 wants a GPU
    blocks: int = 6,  # residual blocks; the paper: 9
    contrast: float = 1.0,  # weight of the contrast; 10 without identity is the paper's FastCUT
    identity: bool = True,  # contrast targets with their own translation too, where the channels allow it
    patches: int = 256,  # places of an image that are compared
    temperature: float = 0.07,
    lr: float = 2e-4,
    decay_after: int = 100_000,  # images until which the rate is constant; it falls to 0 over as many more
) -> Recipe:
    """One translator: a patch of the result must be recognised by the patch of the source at its place.

    Cheaper than CycleGAN, which trains the way back as well. Where source and target differ in channels, a
    learned 1x1 convolution brings translations into those of the source before patches are compared.

    Raises:
        ValueError: the domains differ in size, or are too small; there is nothing to contrast.
    """
    require_same_size(source, space)
    at_least(2, patches=patches)
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    alike = source.channels == space.channels
    values = (patch_nce, identity_nce) if identity and alike else (patch_nce,)
    terms = [
        Term(value.__name__, partial(value, patches=patches, temperature=temperature), contrast / len(values))
        for value in values
    ]
    translator = partial(ResidualTranslator, source, space, width=width, blocks=blocks)
    helpers: dict[str, Callable[[], nn.Module]] = {"heads": partial(_heads, translator)}
    if not alike:
        helpers["adapter"] = partial(nn.Conv2d, space.channels, source.channels, 1)
    adam = Adam(Ramp(lr, 0.0, images=decay_after, after=decay_after), (0.5, 0.999))
    judging, making = game(LEAST_SQUARES)
    return Recipe(
        name="cut",
        space=space,
        networks={
            "generator": translator,
            "discriminator": partial(PatchDiscriminator, space.channels, space.size, width=width),
            **helpers,
        },
        stages=two_player(
            (judging, replace(making, weight=2.0)),  # the paper's generator minimises (D - 1)^2, not its half
            discriminator=adam,
            generator=adam,
            generator_terms=terms,
            helpers=tuple(helpers),
            reuse_fakes=True,
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=2_000.0),),  # the paper has none
        bf16=frozenset({"generator", "discriminator"}),
    )


def _heads(translator: Callable[[], ResidualTranslator]) -> PatchHeads:
    return PatchHeads(translator().encoded_channels)
