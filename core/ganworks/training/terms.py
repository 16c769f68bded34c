"""Terms of a loss: functions of a step. A new penalty is one function.

A term returns one value a row, or a scalar; the loop takes the mean, multiplies by the weight and sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from ganworks.training.losses import AdversarialLoss
from ganworks.training.needs import DISCRIMINATOR, Need, needing, needs_of
from ganworks.training.schedule import Schedule, value_at
from ganworks.training.step import Step


@dataclass(frozen=True)
class Term:
    """A named part of a phase's loss."""

    name: str
    value: Callable[[Step], Tensor]
    weight: float | Schedule = 1.0
    every: int = 1  # a lazy term is evaluated on every n-th step only, with n times its weight
    slopes: tuple[str, ...] = ()  # of "real", "fake": inputs whose slope the term asks for

    def loss(self, step: Step) -> Tensor:
        """Weighted mean over the rows: a scalar."""
        return self.value(step).mean() * (value_at(self.weight, step.images) * self.every)

    def due(self, step: int) -> bool:
        return step % self.every == 0

    @property
    def needs(self) -> tuple[Need, ...]:
        """What its value needs of the recipe (`ganworks.training.needs`)."""
        return needs_of(self.value)


@needing(DISCRIMINATOR)
def discriminator_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    """The discriminator's side of the game, (batch, k)."""
    real, fake = step.judge_both()
    return loss.discriminator(real.logits, fake.logits)


@needing(DISCRIMINATOR)
def generator_side(step: Step, *, loss: AdversarialLoss) -> Tensor:
    """The generator's side of the game, (batch, k)."""
    if loss.pairs_real:
        real, fake = step.judge_both()
        return loss.generator(fake.logits, real.logits)
    fake_logits = step.judge(step.fake).logits
    return loss.generator(fake_logits, fake_logits)


def game(loss: AdversarialLoss) -> tuple[Term, Term]:
    """The two adversarial terms of a game: (discriminator's, generator's)."""
    return (
        Term("discriminator", partial(discriminator_side, loss=loss)),
        Term("generator", partial(generator_side, loss=loss)),
    )


@needing(DISCRIMINATOR)
def top_k_side(step: Step, *, loss: AdversarialLoss, share: float | Schedule) -> Tensor:
    """The generator's side over the ``share`` of the batch that is judged most real, (kept, k).

    Sinha et al. 2020 (Top-k training), eq. 3: the gradient of the worst samples points away from the data.
    """
    logits = step.judge(step.fake).logits
    kept = max(1, round(len(logits) * value_at(share, step.images)))
    best = logits[logits.mean(1).topk(kept).indices]  # (kept, k)
    return loss.generator(best, best)


def top_k(making: Term, share: float | Schedule) -> Term:
    """The generator's plain term of a game, over its best samples only.

    Raises:
        ValueError: the term is no plain game, or its loss compares each fake with a real sample.
    """
    loss = plain_loss(making, generator_side)
    if loss is None:
        raise ValueError(f"top-k needs a plain game, and the term {making.name} is none")
    if loss.pairs_real:
        raise ValueError(
            f"top-k drops fakes, but the {loss.name} loss compares every fake with a real sample: "
            "use another loss"
        )
    return replace(making, value=partial(top_k_side, loss=loss, share=share))


def plain_loss(term: Term, side: Callable[..., Tensor]) -> AdversarialLoss | None:
    """The loss of a term whose value is this very side of a game; None for any other term."""
    value = term.value
    if not isinstance(value, partial) or value.func is not side:
        return None
    loss = value.keywords["loss"]
    assert isinstance(loss, AdversarialLoss)
    return loss
