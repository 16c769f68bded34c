"""pix2pix with the distance of frozen features. Isola et al. 2017; Johnson et al. 2016."""

from __future__ import annotations

from dataclasses import replace

from ganworks.networks.efficientnet_lite import MIN_SIZE
from ganworks.networks.frozen import lite0_pyramid
from ganworks.recipes.pix2pix import pix2pix
from ganworks.space import SampleSpace
from ganworks.training import Recipe, Term, perceptual
from ganworks.training.changes import in_phases, with_network


def pix2pix_perceptual(
    space: SampleSpace,
    *,
    source: SampleSpace,
    batch: int = 2,  # more and smaller steps
    latent: int = 1,  # the generator does not read it
    width: int = 32,  # channels at half resolution; the paper's 64 wants a GPU
    levels: int | None = None,  # halvings; None: to a map of about 2 places across (the paper: 1)
    dropout: float = 0.5,  # the noise of the decoder while training; 0 for none. Samples are made without it
    weight: float = 100.0,  # of the distance to the pair, in values of [-1, 1]
    features: float = 60.0,  # weight of the distance of frozen features
    lr: float = 5e-4,  # the paper: 2e-4
) -> Recipe:
    """`pix2pix`, and its results must also look like their pairs to a network trained on photographs.

    Features are those of EfficientNet-Lite0 (the extra ``pretrained``), where the code of pix2pixHD and SPADE
    has VGG's. A short training profits most: textures are learned sooner than from a critic alone.

    Raises:
        ValueError: source and target differ in size, or are too small.

    Building the features raises MissingExtraError where their weights are not installed; a trained generator
    is used without them.
    """
    if min(space.size) < MIN_SIZE:
        raise ValueError(
            f"targets of {space.height} x {space.width} are too small to compare their features: "
            f"{MIN_SIZE} x {MIN_SIZE} or more, or the recipe pix2pix"
        )
    paired = pix2pix(
        space,
        source=source,
        batch=batch,
        latent=latent,
        width=width,
        levels=levels,
        dropout=dropout,
        weight=weight,
        lr=lr,
    )
    term = Term("perceptual", perceptual, weight=features)
    seen = in_phases(
        with_network(paired, "features", lite0_pyramid),
        "generator",
        lambda phase: replace(phase, terms=(*phase.terms, term)),
    )
    return replace(seen, name="pix2pix-perceptual")
