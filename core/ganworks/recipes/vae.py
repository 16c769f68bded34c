"""The variational autoencoder. Kingma and Welling 2014; conditional as in Sohn et al. 2015."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ConvEncoder, DCGANGenerator
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import Adam, Draw, Phase, Recipe, Stage, Term, kl_to_normal, reconstruction


def vae(
    space: SampleSpace,
    *,
    batch: int = 64,
    latent: int = 32,
    width: int = 32,
    beta: float = 1.0,  # weight of the KL term; above 1 it is a beta-VAE (Higgins et al. 2017)
    lr: float = 1e-3,
) -> Recipe:
    """No game: encoder and decoder maximise one bound on the likelihood. What GANs are compared with.

    Raises:
        ValueError: samples are rows.
    """
    require_rank(space, 1, 2, 3)
    phase = Phase(
        name="autoencoder",
        moves=("encoder", "generator"),
        terms=(Term("reconstruction", reconstruction), Term("kl", kl_to_normal, weight=beta)),
        optimizer=Adam(lr, (0.9, 0.999)),
    )
    return Recipe(
        name="vae",
        space=space,
        networks={
            "encoder": partial(ConvEncoder, space, latent, width=width),
            "generator": partial(DCGANGenerator, space, latent, width=width),
        },
        stages=(Stage((phase,)),),
        draw=Draw(batch=batch, latent=latent),
        averages=(),
        bf16=frozenset({"encoder", "generator"}),
    )
