"""Rows of a table, with differential privacy: DP-SGD on the discriminator of a plain game."""

from __future__ import annotations

from functools import partial

from ganworks.networks.rows import RowDiscriminator, RowGenerator
from ganworks.space import SampleSpace
from ganworks.training import NON_SATURATING, Adam, Average, Phase, Recipe, Stage, Term, game
from ganworks.training.private import PoissonDraw, PrivateAdam, limit_slopes, private_side


def tabular_private(
    space: SampleSpace,
    *,
    source: SampleSpace,  # of the values that are given
    batch: int = 256,  # fakes of an update, and real rows expected in it
    latent: int = 64,  # normal numbers a row, beside one for each choice
    width: int = 64,  # units of a hidden layer of both players
    depth: int = 2,  # residual blocks of the generator, hidden layers of the discriminator
    lr: float = 3e-3,  # of the discriminator
    generator_lr: float = 1e-3,
    limit: float = 2.0,  # spectral norm of each layer of the discriminator at most
    noise: float = 1.0,  # standard deviation over clip: `ganworks.training.private.noise_for` an epsilon
    clip: float = 1.0,  # largest norm of the gradient of one row
    rows: int | None = None,  # of the training data, a public number; None: as many as there are
    shares: tuple[float, ...] = (),  # of the classes, from private counts; (): all alike
    critic_steps: int = 4,  # noisy updates for each move of the generator: count each of them
    secure: bool = False,  # rows and noise from the operating system: safe, and not to be repeated
) -> Recipe:
    """A private table: what is protected, and what is not, says `ganworks.training.private`.

    Left out, of what `tabular` has, is all that reads real rows beside the clipped gradients: relativistic
    pairing and moments in the generator's phase, penalties on real slopes, values of real rows as conditions,
    classes drawn by their rows. So of what may be given the generator learns the class alone.
    Privacy holds for rows that were encoded by private statistics; the recipe cannot see to that.

    The discriminator stays in float32: norms of rounded gradients would not bound the sensitivity.

    Raises:
        ValueError: all slopes would be limited to 0.
    """
    if limit <= 0:
        raise ValueError(f"limit must be above 0, got {limit}")
    choices = sum(part > 1 for part in space.parts)
    _, making = game(NON_SATURATING)
    critic = Phase(
        name="discriminator",
        moves=("discriminator",),
        terms=(Term("discriminator", private_side),),
        optimizer=PrivateAdam(lr=lr, noise=noise, clip=clip, batch=batch, secure=secure),
        repeat=critic_steps,
        after=partial(limit_slopes, limit=limit),
    )
    maker = Phase(
        name="generator", moves=("generator",), terms=(making,), optimizer=Adam(generator_lr, (0.0, 0.99))
    )
    return Recipe(
        name="tabular-private",
        space=space,
        networks={
            "generator": partial(RowGenerator, space, latent + choices, width=width, depth=depth),
            "discriminator": partial(RowDiscriminator, space, width=width, depth=depth),
        },
        stages=(Stage((critic, maker)),),
        draw=PoissonDraw(batch=batch, latent=latent + choices, rows=rows, shares=shares, secure=secure),
        averages=(Average(halflife_images=20_000.0),),
        bf16=frozenset({"generator"}),
    )
