"""Knowledge distillation: a small generator learns from a large one. Aguinaldo et al. 2019."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from torch import nn

from ganworks.errors import GanworksError, UsageError
from ganworks.latent.normal import seeded_normal
from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.networks.pruning import pruned
from ganworks.run import Run
from ganworks.space import SampleSpace
from ganworks.training import (
    NON_SATURATING,
    Adam,
    Draw,
    Recipe,
    Term,
    feature_distillation,
    pixel_distillation,
    two_player,
)


def distilled(
    space: SampleSpace,
    *,
    batch: int = 64,
    width: int = 8,  # channels of the student's largest feature map
    keep: float
    | None = None,  # begin with this share of the teacher's channels, in the place of a small DCGAN
    teacher: Path | None = None,  # folder of a trained run; its latent becomes the student's
    lr: float = 2e-4,
    pixels: float = 10.0,  # weight of the distance between the two pictures
    features: float = 1.0,  # weight of the distance between the discriminator's features of both
) -> Recipe:
    """The student answers every latent as the best generator of a trained run does, and plays the game too.

    With ``keep`` it is the teacher itself without its weakest channels: pruning, and training after it.

    Raises:
        UsageError: there is no teacher, it is no trained run, or ``keep`` is not in (0, 1).
        ValueError: samples are rows.

    Building the teacher raises UsageError where it draws other samples than the data are; a trained student
    is sampled without that.
    """
    if teacher is None:
        raise UsageError("distilled needs a trained teacher: name its run, --set recipe_options.teacher=RUN")
    if keep is not None and not 0 < keep < 1:
        raise UsageError(
            f"keep must lie between 0 and 1, got {keep}: it is a share of the teacher's channels"
        )
    folder = teacher.expanduser().resolve()
    latent = _latent_of(folder)
    require_rank(space, 1, 2, 3)
    adam = Adam(lr, (0.5, 0.999))
    return Recipe(
        name="distilled",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width)
            if keep is None
            else partial(_pruned_of, str(folder), space, latent, keep),
            "discriminator": partial(ConvDiscriminator, space, width=32, norm="spectral"),
            "teacher": partial(_generator_of, str(folder), space),
        },
        stages=two_player(
            NON_SATURATING,
            discriminator=adam,
            generator=adam,
            generator_terms=[
                Term("pixels", pixel_distillation, weight=pixels),
                Term("features", feature_distillation, weight=features),
            ],
        ),
        draw=Draw(batch=batch, latent=latent),
        bf16=frozenset({"generator", "discriminator", "teacher"}),
    )


def _latent_of(folder: Path) -> int:
    """Values of the latent that a finished run's generator reads; its data are not opened."""
    if folder.is_file():
        raise UsageError(f"teacher: {folder} is a file; name the folder of a run")
    run = Run(folder)
    try:
        run.settings()  # says so where the folder is no run
        training = run.metrics().get("training", {})
    except GanworksError as error:
        raise UsageError(f"teacher: {error}") from None
    if "latent" not in training:
        raise UsageError(f"teacher: {folder} is not trained yet: continue it with `gan resume {folder}`")
    return int(training["latent"])


def _pruned_of(folder: str, space: SampleSpace, latent: int, keep: float) -> nn.Module:
    """The teacher without its weakest channels, ready to learn.

    Raises:
        UsageError: it draws other samples than those of ``space``, or has no channels that can be cut out.
    """
    example = seeded_normal(torch.arange(2), latent), torch.zeros(2, dtype=torch.long)
    try:
        return pruned(_generator_of(folder, space), example, keep)
    except ValueError as error:
        raise UsageError(f"teacher: {error}; leave keep out to train a small DCGAN instead") from None


def _generator_of(folder: str, space: SampleSpace) -> nn.Module:
    """The best generator of a run, which will not learn.

    Raises:
        UsageError: it draws other samples than those of ``space``.
    """
    from ganworks.registry import discover  # here: a list of recipes needs neither
    from ganworks.session import Session

    session = Session.open(Path(folder), discover())
    taught = session.recipe().space
    if (taught.shape, taught.classes) != (space.shape, space.classes):
        raise UsageError(
            f"teacher: {folder} draws {taught.shape} in {len(taught.classes)} classes, "
            f"the data are {space.shape} in {len(space.classes)}"
        )
    return session.sampler().module().requires_grad_(False)
