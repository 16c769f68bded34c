"""Rows of a table: relativistic pairing with zero-centred penalties on residual perceptrons."""

from __future__ import annotations

from functools import partial

from ganworks.networks.rows import RowDiscriminator, RowGenerator
from ganworks.space import SampleSpace
from ganworks.training import (
    RELATIVISTIC,
    Adam,
    Average,
    Draw,
    Ramp,
    Recipe,
    Term,
    moment_matching,
    r1,
    r2,
    two_player,
)


def tabular(
    space: SampleSpace,
    *,
    source: SampleSpace,  # of the values that are given
    batch: int = 256,
    latent: int = 64,  # normal numbers a row, beside one for each choice
    width: int = 192,  # units of a hidden layer of the generator; the discriminator has a third more
    depth: int = 2,  # residual blocks of the generator; the discriminator has a hidden layer more
    lr: float = 2e-3,
    images: int = 768_000,  # rows after which rate and penalties have fallen to their ends
    gamma: float = 0.05,  # weight of R1 and R2 at the start; a fifth of it in the end
    lazy: int = 4,  # the penalties are evaluated on every so many steps
    moments: float = 1.0,  # weight of the distance between means and covariances
    oversampling: float = 4.0,  # a rare class weighs so many times its share at most; see `Draw.class_shares`
) -> Recipe:
    """Ours: the objective of R3GAN (Huang et al. 2024) without BatchNorm and without packs.

    Any values of a row may be given: training hides what a data set of partly given rows does not give
    (`ganworks.data.PartlyGiven`), as CTGAN's training by sampling does for one column (Xu et al. 2019).
    """
    rate = Ramp(lr, lr / 50, images=images, cosine=True)
    weight = Ramp(gamma, gamma / 5, images=max(images // 2, 1), cosine=True)
    adam = Adam(rate, (0.0, 0.99))
    choices = sum(part > 1 for part in space.parts)
    return Recipe(
        name="tabular",
        space=space,
        networks={
            "generator": partial(RowGenerator, space, latent + choices, width=width, depth=depth),
            "discriminator": partial(RowDiscriminator, space, width=width * 4 // 3, depth=depth + 1),
        },
        stages=two_player(
            RELATIVISTIC,
            discriminator=adam,
            generator=adam,
            discriminator_terms=(
                Term("r1", r1, weight, every=lazy, slopes=("real",)),
                Term("r2", r2, weight, every=lazy, slopes=("fake",)),
            ),
            generator_terms=(Term("moments", moment_matching, moments),) if moments else (),
            reuse_fakes=True,
        ),
        draw=Draw(batch=batch, latent=latent + choices, max_repeat=oversampling),
        averages=(Average(halflife_images=20_000.0),),
        bf16=frozenset({"generator", "discriminator"}),
    )
