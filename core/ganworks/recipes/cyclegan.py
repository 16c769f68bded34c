"""CycleGAN. Zhu et al. 2017."""

from __future__ import annotations

from functools import partial

from ganworks.networks import PatchDiscriminator, ResidualTranslator
from ganworks.networks.translation import require_same_size
from ganworks.space import SampleSpace
from ganworks.training import (
    LEAST_SQUARES,
    Adam,
    Average,
    Draw,
    FakesToShow,
    Phase,
    Ramp,
    Recipe,
    Stage,
    Term,
    cycle,
    cycle_critics,
    cycle_makers,
    identity,
)


def cyclegan(
    space: SampleSpace,
    *,
    source: SampleSpace,
    batch: int = 2,  # the paper: 1
    latent: int = 1,  # the generators do not read it
    width: int = 32,  # channels at full resolution; the paper's 64 wants a GPU
    blocks: int = 6,  # residual blocks; the paper has 9 from 256 pixels on
    cycle_weight: float = 10.0,
    identity_weight: float = 5.0,  # used only where both domains have the same channels
    pool: int = 50,  # past fakes that each critic sees again
    lr: float = 2e-4,
    decay_after: int = 100_000,  # images until which the rate is constant; it falls to 0 over as many more
) -> Recipe:
    """Translators both ways, a critic for each domain, and the way there and back as the tie.

    Raises:
        ValueError: the domains differ in size, or are too small.
    """
    require_same_size(source, space)
    adam = Adam(Ramp(lr, 0.0, images=decay_after, after=decay_after), (0.5, 0.999))
    ties = [Term("cycle", cycle, weight=cycle_weight)]
    if identity_weight and source.channels == space.channels:
        # first: it lets each translator answer both domains in one forward
        ties.insert(0, Term("identity", identity, weight=identity_weight))
    critics = Phase(
        name="discriminator",
        moves=("discriminator", "discriminator_back"),
        terms=cycle_critics(LEAST_SQUARES),
        optimizer=adam,
    )
    makers = Phase(
        name="generator",
        moves=("generator", "generator_back"),
        # 2: the paper's translators minimise (D - 1)^2, without the half that its critics have
        terms=(*ties, *cycle_makers(LEAST_SQUARES, weight=2.0)),
        optimizer=adam,
    )
    return Recipe(
        name="cyclegan",
        space=space,
        networks={
            "generator": partial(ResidualTranslator, source, space, width=width, blocks=blocks),
            "generator_back": partial(ResidualTranslator, space, source, width=width, blocks=blocks),
            "discriminator": partial(PatchDiscriminator, space.channels, space.size, width=width),
            "discriminator_back": partial(PatchDiscriminator, source.channels, source.size, width=width),
            "pool": partial(FakesToShow, space, pool),
            "pool_back": partial(FakesToShow, source, pool),
        },
        stages=(Stage((makers, critics)),),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=2_000.0), Average("generator_back", 2_000.0)),  # the paper has none
        bf16=frozenset({"generator", "generator_back", "discriminator", "discriminator_back"}),
    )
