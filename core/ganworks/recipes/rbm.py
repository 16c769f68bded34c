"""The restricted Boltzmann machine. Hinton 2002; trained by persistent chains, Tieleman 2008."""

from __future__ import annotations

from functools import partial

from ganworks.networks import BoltzmannMachine
from ganworks.networks.blocks import at_least
from ganworks.space import SampleSpace
from ganworks.training import Adam, Average, Draw, Phase, Recipe, Stage, Term, persistent_divergence


def rbm(
    space: SampleSpace,
    *,
    batch: int = 64,
    width: int = 500,  # hidden units
    chains: int = 20,  # persistent samples a class
    gibbs: int = 1,  # steps of the chains for each update
    steps: int = 15,  # from a chain to a sample
    lr: float = 1e-3,
) -> Recipe:
    """No game and no back-propagation through a generator: what came before. Best on nearly binary images.

    Raises:
        ValueError: the chains would not move.
    """
    at_least(1, gibbs=gibbs)
    phase = Phase(
        name="machine",
        moves=("generator",),
        terms=(Term("divergence", partial(persistent_divergence, steps=gibbs)),),
        optimizer=Adam(lr, (0.5, 0.999)),
    )
    return Recipe(
        name="rbm",
        space=space,
        networks={
            "generator": partial(BoltzmannMachine, space, hidden=width, chains=chains, steps=steps),
        },
        stages=(Stage((phase,)),),
        draw=Draw(batch=batch, latent=BoltzmannMachine.latent(space, width)),
        averages=(Average(),),
    )
