"""The generator looks ahead: it plays against the discriminator that would answer it."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.func import functional_call

from ganworks.training.losses import AdversarialLoss
from ganworks.training.needs import DISCRIMINATOR, ROW_CRITIC, needing
from ganworks.training.step import Judgement, Step
from ganworks.training.terms import Term, game

Tensors = dict[str, Tensor]


@needing(DISCRIMINATOR, ROW_CRITIC)
def unrolled_side(step: Step, *, loss: AdversarialLoss, steps: int, lr: float) -> Tensor:
    """Minus the loss of the discriminator after ``steps`` more descents, (batch, k).

    Metz et al. 2017 (Unrolled GAN), eq. 4 to 6: the gradient also flows through those descents, so that the
    judgement of real samples counts too. They change nothing of the discriminator itself: buffers
    (the vectors of spectral norm) move in a copy. BatchNorm is refused.
    """
    network = step.networks["discriminator"]
    weights = {name: p.detach().clone().requires_grad_() for name, p in network.named_parameters()}
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    for _ in range(steps):
        real, fake = (_logits(step, weights | buffers, x) for x in (step.real, step.fake))
        weights = _descended(loss.discriminator(real, fake).mean(), weights, lr)
    real, fake = (_logits(step, weights | buffers, x) for x in (step.real, step.fake))
    return -loss.discriminator(real, fake)


def unrolled_game(loss: AdversarialLoss, *, steps: int, lr: float) -> tuple[Term, Term]:
    """The two terms of a game in which the generator looks ``steps`` descents of rate ``lr`` ahead."""
    judging, making = game(loss)
    return judging, Term(making.name, partial(unrolled_side, loss=loss, steps=steps, lr=lr))


def _logits(step: Step, state: Tensors, x: Tensor) -> Tensor:
    with step.autocast("discriminator"):
        arguments = (step.augment(x, step.labels), step.condition)
        judgement: Judgement = functional_call(step.networks["discriminator"], state, arguments)
    return judgement.logits.float()


def _descended(value: Tensor, weights: Tensors, lr: float) -> Tensors:
    slopes = torch.autograd.grad(
        value, list(weights.values()), create_graph=True, allow_unused=True, materialize_grads=True
    )
    return {name: weight - lr * slope for (name, weight), slope in zip(weights.items(), slopes, strict=True)}
