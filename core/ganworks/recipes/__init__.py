"""The recipes that ship with ganworks, declared through the same hook as anyone else's."""

from __future__ import annotations

from collections.abc import Iterator

from ganworks import plugin


@plugin.hookimpl
def ganworks_declare() -> Iterator[plugin.Declaration]:
    yield plugin.Recipe(
        name="dcgan",
        summary="Transposed convolutions, BatchNorm, non-saturating loss: the plain starting point.",
        target="ganworks.recipes.dcgan:dcgan",
        paper="Radford et al. 2016, arXiv 1511.06434",
    )
    yield plugin.Recipe(
        name="wgan-gp",
        summary="Wasserstein critic with gradient penalty, five critic steps: slow and steady.",
        target="ganworks.recipes.wgan_gp:wgan_gp",
        paper="Gulrajani et al. 2017, arXiv 1704.00028",
    )
    yield plugin.Recipe(
        name="sngan",
        summary="Spectral norm, hinge loss, class-conditional by projection, averaged weights.",
        target="ganworks.recipes.sngan:sngan",
        paper="Miyato et al. 2018, arXiv 1802.05957; Miyato and Koyama 2018, arXiv 1802.05637",
    )
    yield plugin.Recipe(
        name="projected",
        summary="Discriminator over frozen pretrained features: for 50 to 2,000 images and little time.",
        target="ganworks.recipes.projected:projected",
        paper="Sauer et al. 2021, arXiv 2111.01007",
    )
