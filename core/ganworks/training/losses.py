"""Adversarial losses: a pair of pure functions of logits, one value a logit.

A new loss is one expression: ``AdversarialLoss("name", discriminator=..., generator=...)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor
from torch.nn.functional import relu, softplus

Pair = Callable[[Tensor, Tensor], Tensor]
Soft = Callable[[Tensor, float], Tensor]  # (logits, target from 0 (fake) to 1 (real)) -> loss, same shape


@dataclass(frozen=True)
class AdversarialLoss:
    """The two sides of a game. Both functions are minimised by the network they are named after."""

    name: str
    discriminator: Pair  # (real logits, fake logits) -> loss, same shape
    generator: Pair  # (fake logits, real logits) -> loss, same shape
    pairs_real: bool = False  # True when the generator's side reads the real logits (relativistic losses)
    soft: Soft | None = None  # the discriminator's loss of one logit, where its target is a number


def _cross_entropy(logits: Tensor, target: float) -> Tensor:
    """-t log sigmoid(x) - (1 - t) log(1 - sigmoid(x))."""
    return softplus(logits) - target * logits


def _half_square(logits: Tensor, target: float) -> Tensor:
    return (logits - target).square() / 2


# Goodfellow et al. 2014, eq. 1; the discriminator maximises log D(x) + log(1 - D(G(z))).
MINIMAX = AdversarialLoss(
    "minimax",
    discriminator=lambda real, fake: softplus(-real) + softplus(fake),
    generator=lambda fake, _real: -softplus(fake),
    soft=_cross_entropy,
)

# Goodfellow et al. 2014, section 3: the same game with a generator gradient that does not vanish.
NON_SATURATING = AdversarialLoss(
    "non-saturating",
    discriminator=MINIMAX.discriminator,
    generator=lambda fake, _real: softplus(-fake),
    soft=_cross_entropy,
)

# Mao et al. 2017 (LSGAN), eq. 9 with a = 0, b = c = 1.
LEAST_SQUARES = AdversarialLoss(
    "least-squares",
    discriminator=lambda real, fake: ((real - 1).square() + fake.square()) / 2,
    generator=lambda fake, _real: (fake - 1).square() / 2,
    soft=_half_square,
)

# Lim and Ye 2017; Miyato et al. 2018 (SN-GAN), eq. 16 and 17.
HINGE = AdversarialLoss(
    "hinge",
    discriminator=lambda real, fake: relu(1 - real) + relu(1 + fake),
    generator=lambda fake, _real: -fake,
)

# Arjovsky et al. 2017 (WGAN), eq. 2; the critic must be kept Lipschitz by a term or by clipping.
WASSERSTEIN = AdversarialLoss(
    "wasserstein",
    discriminator=lambda real, fake: fake - real,
    generator=lambda fake, _real: -fake,
)

# Jolicoeur-Martineau 2018; Huang et al. 2024 (R3GAN), eq. 2.
RELATIVISTIC = AdversarialLoss(
    "relativistic",
    discriminator=lambda real, fake: softplus(fake - real),
    generator=lambda fake, real: softplus(real - fake),
    pairs_real=True,
)


def smoothed(loss: AdversarialLoss, amount: float = 0.1) -> AdversarialLoss:
    """The same game in which the discriminator's target for real samples is ``1 - amount``.

    Salimans et al. 2016, section 3.4: one-sided, because smoothing the fakes' target too would reward the
    generator for staying where it is.

    Raises:
        ValueError: the loss has no target, or ``amount`` is not in [0, 0.5).
    """
    if loss.soft is None:
        raise ValueError(
            f"label smoothing softens the target of a real sample, and the {loss.name} loss has none: "
            "it compares logits. Use a non-saturating, minimax or least-squares game"
        )
    if not 0 <= amount < 0.5:
        raise ValueError(f"label smoothing must be at least 0 and below 0.5, got {amount}")
    side = partial(_smoothed_discriminator, soft=loss.soft, target=1 - amount)
    return replace(loss, name=f"{loss.name}, real target {1 - amount:g}", discriminator=side)


def _smoothed_discriminator(real: Tensor, fake: Tensor, *, soft: Soft, target: float) -> Tensor:
    return soft(real, target) + soft(fake, 0.0)
