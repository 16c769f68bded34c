"""Terms that tie a translated image to its source, to its pair, or to the way back."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from ganworks.training.losses import AdversarialLoss
from ganworks.training.step import Step
from ganworks.training.terms import Term, generator_side


def paired_l1(step: Step) -> Tensor:
    """Mean |fake - real| of each row, (batch,). Isola et al. 2017 (pix2pix), eq. 3."""
    return _l1(step.fake, step.real)


def cycle(step: Step) -> Tensor:
    """Mean |G(F(y)) - y| + mean |F(G(x)) - x| of each row, (batch,). Zhu et al. 2017 (CycleGAN), eq. 2."""
    there = _l1(step.run("generator", step.latent, back(step)), step.real)
    return there + _l1(step.run("generator_back", step.latent, step.fake), step.source)


def identity(step: Step) -> Tensor:
    """Mean |G(y) - y| + mean |F(x) - x|, (batch,), where both domains have the same channels.

    Zhu et al. 2017, section 5.2 (identity loss): a translator leaves alone what is of its domain already.
    """
    same = _l1(step.run("generator", step.latent, step.real), step.real)
    return same + _l1(step.run("generator_back", step.latent, step.source), step.source)


def back(step: Step) -> Tensor:
    """(batch, *source_space.shape): the real samples translated into the domain of the sources."""
    translated: Tensor = step.run("generator_back", step.latent, step.real)
    return translated


def cycle_critics(loss: AdversarialLoss) -> tuple[Term, Term]:
    """What the critics of both domains minimise, on mixtures of new and past fakes (`ImagePool`)."""
    return (
        Term("discriminator", partial(_critic_side, loss=loss)),
        Term("discriminator_back", partial(_critic_back_side, loss=loss)),
    )


def cycle_makers(loss: AdversarialLoss, weight: float = 1.0) -> tuple[Term, Term]:
    """What the translators minimise against the critics of both domains."""
    return (
        Term("generator", partial(generator_side, loss=loss), weight),
        Term("generator_back", partial(_maker_back_side, loss=loss), weight),
    )


def _critic_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    return _judged_with_pool(step, step.real, step.fake, "discriminator", "pool", loss)


def _critic_back_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    return _judged_with_pool(step, step.source, back(step), "discriminator_back", "pool_back", loss)


def _judged_with_pool(
    step: Step, real: Tensor, fake: Tensor, critic: str, pool: str, loss: AdversarialLoss
) -> Tensor:
    shown, _ = step.networks[pool](fake, step.labels)
    return loss.discriminator(step.judge(real, by=critic).logits, step.judge(shown, by=critic).logits)


def _maker_back_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    logits = step.judge(back(step), by="discriminator_back").logits
    return loss.generator(logits, logits)


def _l1(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs().flatten(1).mean(1)
