"""Terms beside the game: what else the generator or the discriminator should achieve."""

from __future__ import annotations

from math import log, pi
from typing import Any, cast

from torch import Tensor
from torch.nn import functional as F

from ganworks.errors import UsageError
from ganworks.training.needs import DISCRIMINATOR, PAIRS, discriminator_feature, needing, network_called
from ganworks.training.step import Step

HIDDEN, CLASSES = discriminator_feature("hidden"), discriminator_feature("classes")


@needing(PAIRS)
def mode_seeking(step: Step, *, floor: float = 0.02) -> Tensor:
    """1 / (image distance / latent distance + floor) for pairs that share a label, (batch / 2,).

    Mao et al. 2019 (MSGAN), eq. 4 in the inverted form that is minimised. Needs ``Draw(pairs=True)``:
    row i and row i + batch / 2 are a pair. Images are compared after standardising each one, because a
    generator otherwise meets the term by varying brightness; points are compared as they are. Each pair
    counts for itself: a rare class that collapses is not outvoted by a varied one. The floor bounds the
    gradient of equal pairs.

    Raises:
        UsageError: the generator translates; what a pair shares would be its source, not its label.
    """
    if step.batch.source is not None:
        raise UsageError(
            "mode seeking compares two answers to one label, and a translation answers its source: drop it"
        )
    image_a, image_b = _standardised(step.fake).chunk(2)
    latent_a, latent_b = step.latent.chunk(2)
    image = (image_a - image_b).abs().mean(1)
    latent = (latent_a - latent_b).abs().mean(1)
    return 1 / (image / latent + floor)


def _standardised(x: Tensor) -> Tensor:
    """Each row with mean 0 and standard deviation 1: (rows, values of a sample). Points stay as they are."""
    if x.dim() == 2:  # of two columns nothing but a sign would be left
        return x
    centred = x.flatten(1) - x.flatten(1).mean(1, keepdim=True)
    return centred / (centred.std(1, keepdim=True) + 0.05)  # a blank image stays blank


@needing(DISCRIMINATOR, HIDDEN)
def feature_matching(step: Step, *, feature: str = "hidden") -> Tensor:
    """|mean f(real) - mean f(fake)|^2 over a discriminator's layer: a scalar. Salimans et al. 2016, 3.1."""
    real, fake = (feature_of(step, x, feature) for x in (step.real, step.fake))
    return (real.detach().mean(0) - fake.mean(0)).square().sum()


def moment_matching(step: Step) -> Tensor:
    """Squared distances between the means and between the covariances of real and fake rows: a scalar.

    Only for points and rows of a table, (rows, channels). After Li et al. 2015 (generative moment matching),
    with the first two moments instead of a kernel: pairs of columns are learned from the start.
    """
    real, fake = step.real.detach(), step.fake
    means = (real.mean(0) - fake.mean(0)).square().sum()
    return means + (_covariance(real) - _covariance(fake)).square().sum()


def _covariance(rows: Tensor) -> Tensor:
    centred = rows - rows.mean(0)
    return centred.T @ centred / len(rows)


@needing(DISCRIMINATOR, CLASSES)
def real_class(step: Step) -> Tensor:
    """-log P(class | real sample), (batch,). Odena et al. 2017 (AC-GAN), eq. 3, first half."""
    return F.cross_entropy(feature_of(step, step.real, "classes"), step.labels, reduction="none")


@needing(DISCRIMINATOR, CLASSES)
def fake_class(step: Step) -> Tensor:
    """-log P(class | generated sample), (batch,). Odena et al. 2017 (AC-GAN), eq. 3, second half."""
    return F.cross_entropy(feature_of(step, step.fake, "classes"), step.labels, reduction="none")


@needing(DISCRIMINATOR, HIDDEN, network_called("q"))
def mutual_information(step: Step, *, feature: str = "hidden", continuous: float = 0.1) -> Tensor:
    """-log Q(code | sample), (batch,): minimising it raises a lower bound of I(code; sample).

    Chen et al. 2016 (InfoGAN), eq. 5, without the constant entropy of the codes. ``q`` reads features of the
    discriminator and answers with a tuple: logits of each categorical code (rows, values), then mean and log
    variance of the continuous ones (rows, codes) each. ``continuous`` weighs the latter (appendix C).
    """
    codes = cast(Any, step.networks["generator"]).codes
    categories, values = codes.split(step.latent)
    *logits, mean, log_variance = step.run("q", feature_of(step, step.fake, feature))
    found = continuous * gaussian_nll(values, mean, log_variance).sum(1)
    for answer, category in zip(logits, categories, strict=True):
        found = found + F.cross_entropy(answer, category, reduction="none")
    return found


def feature_of(step: Step, x: Tensor, name: str) -> Tensor:
    """A feature that the discriminator computes of ``x``, (rows, ...).

    Raises:
        UsageError: it offers none of that name.
    """
    features = step.judge(x).features
    if name not in features:
        offered = ", ".join(features) or "none"
        raise UsageError(f"the discriminator offers no feature '{name}' (it offers {offered})")
    return features[name]


def gaussian_nll(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """-log N(x; mean, exp(log_variance)), elementwise."""
    return ((x - mean).square() * (-log_variance).exp() + log_variance + log(2 * pi)) / 2
