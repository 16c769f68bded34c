"""Terms that tie a translated image to its source, to its pair, or to the way back."""

from __future__ import annotations

from functools import partial
from typing import cast

import torch
from torch import Tensor

from ganworks.training.losses import AdversarialLoss
from ganworks.training.needs import DISCRIMINATOR, needing
from ganworks.training.pool import ImagePool
from ganworks.training.step import Step
from ganworks.training.terms import Term, generator_side


def paired_l1(step: Step) -> Tensor:
    """Mean |fake - real| of each row, (batch,). Isola et al. 2017 (pix2pix), eq. 3."""
    return _l1(step.fake, step.real)


@needing(DISCRIMINATOR)
def layer_matching(step: Step) -> Tensor:
    """Mean |f(fake) - f(real)|, summed over the layers f of a critic, mean over its scales: (batch,).

    Wang et al. 2018 (pix2pixHD), eq. 4. The critic names its features ``SCALE/LAYER``, as
    `MultiscaleDiscriminator` does. Other than `feature_matching` it compares each fake with its own pair.
    """
    real, fake = step.judge(step.real).features, step.judge(step.fake).features
    scales = {name.partition("/")[0] for name in fake}
    return torch.stack([_l1(fake[name], real[name].detach()) for name in fake]).sum(0) / len(scales)


def cycle(step: Step) -> Tensor:
    """Mean |G(F(y)) - y| + mean |F(G(x)) - x| of each row, (batch,). Zhu et al. 2017 (CycleGAN), eq. 2."""
    there = _l1(step.run("generator", step.latent, back(step)), step.real)
    return there + _l1(step.run("generator_back", step.latent, step.fake), step.source)


def identity(step: Step) -> Tensor:
    """Mean |G(y) - y| + mean |F(x) - x|, (batch,), where both domains have the same channels.

    Zhu et al. 2017, section 5.2 (identity loss): a translator leaves alone what is of its domain already.
    Each translator answers both domains in one forward, if no term before this one has asked it already.
    """
    _run_together(step, "generator", step.source, step.real)
    _run_together(step, "generator_back", step.real, step.source)
    same = _l1(step.run("generator", step.latent, step.real), step.real)
    return same + _l1(step.run("generator_back", step.latent, step.source), step.source)


def back(step: Step) -> Tensor:
    """(batch, *source_space.shape): the real samples translated into the domain of the sources."""
    translated: Tensor = step.run("generator_back", step.latent, step.real)
    return translated


class FakesToShow(ImagePool):
    """An `ImagePool` that keeps its last answer: makers fill it, and the critics after them judge that.

    So the critics need no translations of their own: a forward of each translator less.
    """

    shown: Tensor | None = None  # of this step only, so no part of a checkpoint

    def show(self, step: Step, fake: Tensor) -> None:
        """Take in new samples (batch, ...) and hold the mixture of new and past ones for the critics."""
        self.shown, _ = self(fake, step.labels)


def cycle_critics(loss: AdversarialLoss) -> tuple[Term, Term]:
    """What the critics of both domains minimise, on mixtures of new and past fakes (`FakesToShow`).

    Their phase follows that of the makers, as in the paper's code.
    """
    return (
        Term("discriminator", partial(_critic_side, loss=loss)),
        Term("discriminator_back", partial(_critic_back_side, loss=loss)),
    )


def cycle_makers(loss: AdversarialLoss, weight: float = 1.0) -> tuple[Term, Term]:
    """What the translators minimise against the critics of both domains; their fakes are kept for these."""
    return (
        Term("generator", partial(_maker_side, loss=loss), weight),
        Term("generator_back", partial(_maker_back_side, loss=loss), weight),
    )


def _critic_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    return _judged_with_pool(step, step.real, "discriminator", "pool", loss)


def _critic_back_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    return _judged_with_pool(step, step.source, "discriminator_back", "pool_back", loss)


def _judged_with_pool(step: Step, real: Tensor, critic: str, pool: str, loss: AdversarialLoss) -> Tensor:
    shown = _pool(step, pool).shown
    if shown is None:
        raise ValueError("the critics judge what the makers have made: let the makers' phase come first")
    logits = step.judge(torch.cat([real, shown]), step.labels.repeat(2), by=critic).logits
    return loss.discriminator(*logits.chunk(2))


def _maker_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    _pool(step, "pool").show(step, step.fake)
    return generator_side(step, loss=loss)


def _maker_back_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    _pool(step, "pool_back").show(step, back(step))
    logits = step.judge(back(step), by="discriminator_back").logits
    return loss.generator(logits, logits)


def _pool(step: Step, name: str) -> FakesToShow:
    return cast(FakesToShow, step.networks[name])


def _run_together(step: Step, network: str, *sources: Tensor) -> None:
    """Translate several sources in one forward; `Step.run` then finds the answer to each.

    The same function as one forward each, because no row of a translator looks at another one.
    """
    keys = [(network, id(step.latent), id(source)) for source in sources]
    if any(key in step._memo for key in keys):
        return
    answers = step.run(network, step.latent.repeat(len(sources), 1), torch.cat(sources)).chunk(len(sources))
    for key, source, answer in zip(keys, sources, answers, strict=True):
        step._memo[key] = ((step.latent, source), answer)


def _l1(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs().flatten(1).mean(1)
