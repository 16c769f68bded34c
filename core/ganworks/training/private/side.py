"""The discriminator's term of a game in which each real row is in one per-sample gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganworks.training.needs import DISCRIMINATOR, SINGLE_ROWS, UNAUGMENTED, Need, needing
from ganworks.training.private.draw import PoissonDraw
from ganworks.training.private.rule import PrivateAdam
from ganworks.training.step import Step
from ganworks.training.terms import generator_side, plain_loss

if TYPE_CHECKING:
    from ganworks.training.recipe import Phase, Recipe


def _private(recipe: Recipe) -> bool:
    """Whether the argument for privacy holds of the recipe, also after someone has changed it."""
    draw_fits = isinstance(recipe.draw, PoissonDraw) and recipe.accumulate == 1 and recipe.controller is None
    return draw_fits and "discriminator" not in recipe.bf16 and all(map(_reads_rows_once, recipe.phases()))


def _reads_rows_once(phase: Phase) -> bool:
    if any(term.value is private_side for term in phase.terms):
        return len(phase.terms) == 1 and isinstance(phase.optimizer, PrivateAdam)
    games = [plain_loss(term, generator_side) for term in phase.terms]
    return "discriminator" not in phase.moves and all(game and not game.pairs_real for game in games)


PRIVATE = Need(
    _private,
    "privacy holds only where it is the one term that reads real rows, with PrivateAdam and PoissonDraw, one "
    "draw an update, a plain game of the generator, and a discriminator in float32: change none of these",
)


@needing(DISCRIMINATOR, SINGLE_ROWS, UNAUGMENTED, PRIVATE)
def private_side(step: Step) -> Tensor:
    """The discriminator's side of the non-saturating game (Goodfellow et al. 2014, eq. 1): a scalar.

    The sum over the real rows drawn and all fakes, over the number of fakes. Not the mean over the rows: that
    would divide by how many were drawn, so that one row more would change the gradient of every other.
    """
    real, fake = step.real, step.fake  # (drawn, channels), (batch, channels)
    told = torch.cat([_flags_alone(step.condition, real), step.condition])
    # input gradients are of no use here, but hooks on a layer whose input has none make torch warn
    both = torch.cat([real, fake]).requires_grad_()
    logits = step.run("discriminator", both, told).logits
    real_logits, fake_logits = logits[: len(real)], logits[len(real) :]
    return (softplus(-real_logits).sum() + softplus(fake_logits).sum()) / len(fake)


def _flags_alone(told: Tensor, real: Tensor) -> Tensor:
    """For real rows: which parts are given, the same for all, and no values: judges see none."""
    channels = real.shape[1]
    flags = told[:1, channels:].expand(len(real), -1)
    return torch.cat([torch.zeros_like(real), flags], 1)
