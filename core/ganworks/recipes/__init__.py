"""The recipes that ship with ganworks, declared through the same hook as anyone else's."""

from __future__ import annotations

from collections.abc import Iterator

from ganworks import plugin


@plugin.hookimpl
def ganworks_declare() -> Iterator[plugin.Declaration]:
    yield plugin.Recipe(
        name="vanilla",
        summary="The first GAN: fully connected players, maxout with dropout in the discriminator.",
        target="ganworks.recipes.vanilla:vanilla",
        paper="Goodfellow et al. 2014, arXiv 1406.2661",
        use="teaching, and points or rows where nothing is to be convolved",
    )
    yield plugin.Recipe(
        name="dcgan",
        summary="Transposed convolutions, BatchNorm, non-saturating loss: the plain starting point.",
        target="ganworks.recipes.dcgan:dcgan",
        paper="Radford et al. 2016, arXiv 1511.06434",
        use="a first look at new data",
    )
    yield plugin.Recipe(
        name="cgan",
        summary="DCGAN whose players are both told the label, by concatenation or by projection.",
        target="ganworks.recipes.cgan:cgan",
        paper="Mirza and Osindero 2014, arXiv 1411.1784",
        use="samples of a class you ask for",
    )
    yield plugin.Recipe(
        name="acgan",
        summary="The discriminator also names the class, and the generator wants to be recognised.",
        target="ganworks.recipes.acgan:acgan",
        paper="Odena et al. 2017, arXiv 1610.09585",
        use="classes that are easy to tell apart",
    )
    yield plugin.Recipe(
        name="infogan",
        summary="Latent codes that come to mean something without any label.",
        target="ganworks.recipes.infogan:infogan",
        paper="Chen et al. 2016, arXiv 1606.03657",
        use="finding factors of variation without labels",
        labels=False,
    )
    yield plugin.Recipe(
        name="lsgan",
        summary="DCGAN with a least-squares game: a gradient also for samples far from the border.",
        target="ganworks.recipes.lsgan:lsgan",
        paper="Mao et al. 2017, arXiv 1611.04076",
        use="a plain start with smoother losses",
    )
    yield plugin.Recipe(
        name="wgan",
        summary="Wasserstein critic whose weights are clipped: the first one, mostly of historical interest.",
        target="ganworks.recipes.wgan:wgan",
        paper="Arjovsky et al. 2017, arXiv 1701.07875",
        use="comparison with wgan-gp",
    )
    yield plugin.Recipe(
        name="wgan-gp",
        summary="Wasserstein critic with gradient penalty, five critic steps: slow and steady.",
        target="ganworks.recipes.wgan_gp:wgan_gp",
        paper="Gulrajani et al. 2017, arXiv 1704.00028",
        use="training that does not collapse, where time is no matter",
    )
    yield plugin.Recipe(
        name="dragan",
        summary="Discriminator with a slope near 1 around the data: no sharp peaks, one critic step.",
        target="ganworks.recipes.dragan:dragan",
        paper="Kodali et al. 2017, arXiv 1705.07215",
        use="a steady DCGAN without critic steps",
    )
    yield plugin.Recipe(
        name="pacgan",
        summary="The discriminator judges several samples together, so that missing variety shows.",
        target="ganworks.recipes.pacgan:pacgan",
        paper="Lin et al. 2018, arXiv 1712.04086",
        use="data of many modes",
    )
    yield plugin.Recipe(
        name="unrolled",
        summary="The generator answers the discriminator of a few steps ahead.",
        target="ganworks.recipes.unrolled:unrolled",
        paper="Metz et al. 2017, arXiv 1611.02163",
        use="small problems on which a generator hops between modes",
    )
    yield plugin.Recipe(
        name="distilled",
        summary="A small generator learns what a large one draws, from pixels, features and a game.",
        target="ganworks.recipes.distilled:distilled",
        paper="Aguinaldo et al. 2019, arXiv 1902.00159",
        use="a generator that must be small or fast",
    )
    yield plugin.Recipe(
        name="sngan",
        summary="Spectral norm, hinge loss, class-conditional by projection, averaged weights.",
        target="ganworks.recipes.sngan:sngan",
        paper="Miyato et al. 2018, arXiv 1802.05957; Miyato and Koyama 2018, arXiv 1802.05637",
        use="a quick result where there are no pretrained features",
    )
    yield plugin.Recipe(
        name="sagan",
        summary="Residual networks with self-attention, spectral norm on both sides, two learning rates.",
        target="ganworks.recipes.sagan:sagan",
        paper="Zhang et al. 2019, arXiv 1805.08318",
        use="pictures whose distant parts must agree",
    )
    yield plugin.Recipe(
        name="biggan",
        summary="Class and latent at every residual block, orthogonal regularisation, latents to truncate.",
        target="ganworks.recipes.biggan:biggan",
        paper="Brock et al. 2019, arXiv 1809.11096",
        use="many classes, and trading variety for quality when sampling",
    )
    yield plugin.Recipe(
        name="progressive",
        summary="Networks that grow from 4 x 4 to the full size while they train; WGAN-GP.",
        target="ganworks.recipes.progressive:progressive",
        paper="Karras et al. 2018, arXiv 1710.10196",
        use="larger pictures, layout first and detail later",
    )
    yield plugin.Recipe(
        name="stylegan",
        summary="Styles at every layer of a growing generator, mixed in training; R1.",
        target="ganworks.recipes.stylegan:stylegan",
        paper="Karras et al. 2019, arXiv 1812.04948",
        use="mixing coarse and fine styles, moving along directions",
    )
    yield plugin.Recipe(
        name="stylegan2",
        summary="Modulated convolutions, skip and residual networks, lazy R1 and path length.",
        target="ganworks.recipes.stylegan2:stylegan2",
        paper="Karras et al. 2020, arXiv 1912.04958",
        use="the best latent controls: truncation, styles, directions, projection",
    )
    yield plugin.Recipe(
        name="r3gan",
        summary="Relativistic loss with penalties on real and fake slopes, residual networks without norms.",
        target="ganworks.recipes.r3gan:r3gan",
        paper="Huang et al. 2024, arXiv 2501.05441",
        use="long, stable training without a trick to tune",
    )
    yield plugin.Recipe(
        name="projected",
        summary="Discriminator over frozen pretrained features: for 50 to 2,000 images and little time.",
        target="ganworks.recipes.projected:projected",
        paper="Sauer et al. 2021, arXiv 2111.01007",
        use="50 to 2,000 images, and little time",
    )
    yield plugin.Recipe(
        name="pix2pix",
        summary="U-Net and patch discriminator: translates images, learned from pairs.",
        target="ganworks.recipes.pix2pix:pix2pix",
        paper="Isola et al. 2017, arXiv 1611.07004",
        use="translation where every source has its target",
        data="pairs",
        labels=False,
    )
    yield plugin.Recipe(
        name="pix2pix-perceptual",
        summary="pix2pix whose results must also look like their pairs to a pretrained network.",
        target="ganworks.recipes.pix2pix_perceptual:pix2pix_perceptual",
        paper="Isola et al. 2017, arXiv 1611.07004; Johnson et al. 2016, arXiv 1603.08155",
        use="translation from pairs in minutes",
        data="pairs",
        labels=False,
    )
    yield plugin.Recipe(
        name="pix2pixhd",
        summary="Residual translator, discriminators at several resolutions whose features are matched.",
        target="ganworks.recipes.pix2pixhd:pix2pixhd",
        paper="Wang et al. 2018, arXiv 1711.11585",
        use="pairs in fine detail, larger pictures",
        data="pairs",
        labels=False,
    )
    yield plugin.Recipe(
        name="spade",
        summary="Normalisation driven by a label map at every layer, hinge loss, matched features.",
        target="ganworks.recipes.spade:spade",
        paper="Park et al. 2019, arXiv 1903.07291",
        use="label maps to pictures",
        data="pairs",
        labels=False,
    )
    yield plugin.Recipe(
        name="cyclegan",
        summary="Translators both ways that undo each other: learned from two sets without pairs.",
        target="ganworks.recipes.cyclegan:cyclegan",
        paper="Zhu et al. 2017, arXiv 1703.10593",
        use="translation between two domains without pairs",
        data="unpaired",
        labels=False,
    )
    yield plugin.Recipe(
        name="restore",
        summary="Enlarges or cleans images by the distance of pixels alone: faithful, a little soft.",
        target="ganworks.recipes.restore:restore",
        paper="Shi et al. 2016, arXiv 1609.05158; Lim et al. 2017, arXiv 1707.02921",
        use="super-resolution and restoration: the default",
        data="restored",
        labels=False,
    )
    yield plugin.Recipe(
        name="srgan",
        summary="Pixels first, then a critic of patches and frozen features: sharp where pixels blur.",
        target="ganworks.recipes.srgan:srgan",
        paper="Ledig et al. 2017, arXiv 1609.04802",
        use="super-resolution that looks sharp, on a processor without a GPU",
        data="restored",
        labels=False,
    )
    yield plugin.Recipe(
        name="esrgan",
        summary="Dense residual blocks, a relativistic critic, frozen features: the sharpest, the slowest.",
        target="ganworks.recipes.esrgan:esrgan",
        paper="Wang et al. 2018, arXiv 1809.00219",
        use="super-resolution that looks sharp, with hours or a GPU",
        data="restored",
        labels=False,
    )
    yield plugin.Recipe(
        name="cut",
        summary="One translator, tied to its source by contrasting patches: no way back to train.",
        target="ganworks.recipes.cut:cut",
        paper="Park et al. 2020, arXiv 2007.15651",
        use="translation without pairs in one direction, cheaper than cyclegan",
        data="unpaired",
        labels=False,
    )
    yield plugin.Recipe(
        name="gan3d",
        summary="DCGAN on volumes: volumetric convolutions, a spectrally normalised discriminator.",
        target="ganworks.recipes.gan3d:gan3d",
        paper="Wu et al. 2016, arXiv 1610.07584",
        use="volumes: voxel shapes, scans",
        data="volumes",
    )
    yield plugin.Recipe(
        name="recurrent",
        summary="LSTM generator and discriminator, driven and judged at every step.",
        target="ganworks.recipes.recurrent:recurrent",
        paper="Esteban et al. 2017, arXiv 1706.02633; Mogren 2016, arXiv 1611.09904",
        use="sequences: signals, time series",
        data="sequences",
    )
    yield plugin.Recipe(
        name="tabular",
        summary="Relativistic pairing with R1 and R2 on residual perceptrons; any columns may be given.",
        target="ganworks.recipes.tabular:tabular",
        paper="Huang et al. 2024, arXiv 2501.05441; Xu et al. 2019, arXiv 1907.00503",
        use="tables: the default",
        data="tables",
    )
    yield plugin.Recipe(
        name="ctgan",
        summary="WGAN-GP on packs of ten rows, BatchNorm in the generator.",
        target="ganworks.recipes.ctgan:ctgan",
        paper="Xu et al. 2019, arXiv 1907.00503",
        use="tables: comparison with tabular",
        data="tables",
    )
    yield plugin.Recipe(
        name="tabular-private",
        summary="Non-saturating game with DP-SGD on the discriminator: differential privacy of every row.",
        target="ganworks.recipes.tabular_private:tabular_private",
        paper="Abadi et al. 2016, arXiv 1607.00133; Xie et al. 2018, arXiv 1802.06739",
        use="tables that must be released with a guarantee, where quality comes second",
        data="tables",
    )
    yield plugin.Recipe(
        name="vae",
        summary="Variational autoencoder: one likelihood bound, no game; smooth samples, no collapse.",
        target="ganworks.recipes.vae:vae",
        paper="Kingma and Welling 2014, arXiv 1312.6114",
        use="comparison with likelihood training",
    )
    yield plugin.Recipe(
        name="rbm",
        summary="Restricted Boltzmann machine by persistent contrastive divergence, sampled by Gibbs chains.",
        target="ganworks.recipes.rbm:rbm",
        paper="Hinton 2002, doi 10.1162/089976602760128018; Tieleman 2008",
        use="comparison with what came before; nearly binary images",
    )
