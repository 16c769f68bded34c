"""BigGAN. Brock et al. 2019, sized by its width and most channels: 96 and 1,536 are the paper's."""

from __future__ import annotations

from functools import partial

from ganworks.networks import ResidualDiscriminator, ResidualGenerator, SplitConditioning
from ganworks.networks.blocks import require_rank
from ganworks.space import SampleSpace
from ganworks.training import HINGE, Adam, Average, Draw, Recipe, Term, orthogonal, two_player


def biggan(
    space: SampleSpace,
    *,
    batch: int = 32,
    latent: int = 80,  # numbers, divided among the first layer and the blocks
    width: int = 16,  # channels at full resolution, of both networks; the paper's is 96
    most: int = 128,  # channels of the generator at most; of the discriminator twice as many
    attention: int = 32,  # pixels: a map of a quarter of the picture attends, or the nearest to this; 0: none
    embedding: int = 32,  # numbers that describe a class, shared by all blocks
    lr: float = 2e-4,
    critic_steps: int = 2,
    beta: float = 1e-4,  # weight of the orthogonal regularisation
    standing_batches: int = 16,  # batches that settle BatchNorm before sampling
) -> Recipe:
    """Class and latent reach every block; filters are kept apart so that latents may be truncated.

    Raises:
        ValueError: samples are no images.
    """
    require_rank(space, 2)
    adam = Adam(lr, (0.0, 0.999))
    conditioning = partial(SplitConditioning, embedding=embedding)
    sizes = {"width": width, "attention": attention}
    generator = partial(ResidualGenerator, space, latent, conditioning=conditioning, most=most, **sizes)
    return Recipe(
        name="biggan",
        space=space,
        networks={
            "generator": generator,
            "discriminator": partial(ResidualDiscriminator, space, most=2 * most, **sizes),
        },
        stages=two_player(
            HINGE,
            discriminator=adam,
            generator=adam,
            generator_terms=[Term("orthogonal", orthogonal, weight=beta)],
            critic_steps=critic_steps,
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=10_000),),
        standing_batches=standing_batches,
        bf16=frozenset({"generator", "discriminator"}),
    )
