"""Knowledge distillation: a small generator learns from a large one. Aguinaldo et al. 2019."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from torch import nn

from ganworks.errors import GanworksError, UsageError
from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.run import Run
from ganworks.space import SampleSpace
from ganworks.training import (
    NON_SATURATING,
    Adam,
    Draw,
    Phase,
    Recipe,
    Stage,
    Term,
    feature_distillation,
    pixel_distillation,
    teacher_judged,
    teacher_side,
    two_player,
)


def distilled(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 100,  # of a teacher that learns along; a trained one brings its own
    width: int = 8,  # channels of the student's largest feature map
    teacher: str = "",  # folder of a finished run; empty: the teacher learns along
    teacher_width: int = 32,  # of a teacher that learns along
    lr: float = 2e-4,
    pixels: float = 10.0,  # weight of the distance between the two pictures
    features: float = 1.0,  # weight of the distance between the discriminator's features of both
) -> Recipe:
    """The student answers every latent as the teacher does, and plays the game too.

    With ``teacher`` the run's best generator stays as it is. Without, teacher and student train side by side
    against one discriminator, which judges the teacher's and the student's samples.

    Raises:
        ValueError: samples are rows, or the teacher is no finished run.

    Building a trained teacher raises UsageError where it draws other samples than the data are; a trained
    student is sampled without that.
    """
    require_rank(space, 1, 2, 3)
    adam = Adam(lr, (0.5, 0.999))
    trained = str(Path(teacher).expanduser().resolve()) if teacher else ""
    latent = _latent_of(trained) if trained else latent
    learning = partial(DCGANGenerator, space, latent, width=teacher_width)
    judging = [] if teacher else [Term("teacher", partial(teacher_judged, loss=NON_SATURATING))]
    (game,) = two_player(
        NON_SATURATING,
        discriminator=adam,
        generator=adam,
        discriminator_terms=judging,
        generator_terms=[
            Term("pixels", pixel_distillation, weight=pixels),
            Term("features", feature_distillation, weight=features),
        ],
    )
    return Recipe(
        name="distilled",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(ConvDiscriminator, space, width=32, norm="spectral"),
            "teacher": partial(_generator_of, trained, space) if trained else learning,
        },
        stages=(game if teacher else Stage((*game.phases, _teaching(adam))),),
        draw=Draw(batch=batch, latent=latent),
        bf16=frozenset({"generator", "discriminator", "teacher"}),
    )


def _teaching(adam: Adam) -> Phase:
    """The phase in which a teacher that is not trained yet plays the game itself."""
    side = Term("teacher", partial(teacher_side, loss=NON_SATURATING))
    return Phase(name="teacher", moves=("teacher",), terms=(side,), optimizer=adam)


def _latent_of(folder: str) -> int:
    """Values of the latent that a finished run's generator reads; its data are not opened."""
    run = Run(Path(folder))
    try:
        run.settings()  # says so where the folder is no run
        training = run.metrics().get("training", {})
    except GanworksError as error:
        raise ValueError(f"teacher: {error}") from None
    if "latent" not in training:
        raise ValueError(f"teacher: {folder} is not trained yet: continue it with `gan resume {folder}`")
    return int(training["latent"])


def _generator_of(folder: str, space: SampleSpace) -> nn.Module:
    """The best generator of a run, which will not learn.

    Raises:
        UsageError: it draws other samples than those of ``space``.
    """
    from ganworks.registry import discover  # a recipe without a trained teacher needs neither
    from ganworks.session import Session

    session = Session.open(Path(folder), discover())
    taught = session.recipe().space
    if (taught.shape, taught.classes) != (space.shape, space.classes):
        raise UsageError(
            f"teacher: {folder} draws {taught.shape} in {len(taught.classes)} classes, "
            f"the data are {space.shape} in {len(space.classes)}"
        )
    return session.sampler().module().requires_grad_(False)
