"""CTGAN: WGAN-GP on packs of table rows. Xu et al. 2019."""

from __future__ import annotations

from functools import partial

from ganworks.networks.blocks import at_least
from ganworks.networks.rows import RowDiscriminator, RowGenerator
from ganworks.space import SampleSpace
from ganworks.training import WASSERSTEIN, Adam, Draw, Recipe, Term, gradient_penalty, two_player


def ctgan(
    space: SampleSpace,
    *,
    source: SampleSpace,  # of the values that are given
    batch: int = 500,
    latent: int = 128,  # normal numbers a row, beside one for each choice
    width: int = 256,  # units of a hidden layer of both players
    lr: float = 2e-4,
    pack: int = 10,  # rows that are judged together
    penalty: float = 10.0,
) -> Recipe:
    """The objective of CTGAN, for comparison: Xu et al. 2019, section 4 (WGAN-GP, packs of ten, BatchNorm).

    Numbers are encoded as for `tabular`, not by mode-specific normalisation, and hidden layers are added to
    their input instead of appended. A batch is whole packs, one at least.

    Raises:
        ValueError: a pack holds no row.
    """
    at_least(1, pack=pack)
    batch = max(batch // pack, 1) * pack
    choices = sum(part > 1 for part in space.parts)
    return Recipe(
        name="ctgan",
        space=space,
        networks={
            "generator": partial(
                RowGenerator, space, latent + choices, width=width, depth=2, norm="batch", temperature=0.2
            ),
            "discriminator": partial(RowDiscriminator, space, width=width, depth=2, dropout=0.5, pack=pack),
        },
        stages=two_player(
            WASSERSTEIN,
            discriminator=Adam(lr, (0.5, 0.9)),
            generator=Adam(lr, (0.5, 0.9)),
            discriminator_terms=(Term("gradient_penalty", gradient_penalty, penalty),),
        ),
        draw=Draw(batch=batch, latent=latent + choices),
        averages=(),
    )
