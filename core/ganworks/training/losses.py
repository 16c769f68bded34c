"""Adversarial losses: a pair of pure functions of logits, one value a logit.

A new loss is one expression: ``AdversarialLoss("name", discriminator=..., generator=...)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus

Pair = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class AdversarialLoss:
    """The two sides of a game. Both functions are minimised by the network they are named after."""

    name: str
    discriminator: Pair  # (real logits, fake logits) -> loss, same shape
    generator: Pair  # (fake logits, real logits) -> loss, same shape
    pairs_real: bool = False  # True when the generator's side reads the real logits (relativistic losses)


# Goodfellow et al. 2014, eq. 1; the discriminator maximises log D(x) + log(1 - D(G(z))).
MINIMAX = AdversarialLoss(
    "minimax",
    discriminator=lambda real, fake: softplus(-real) + softplus(fake),
    generator=lambda fake, _real: -softplus(fake),
)

# Goodfellow et al. 2014, section 3: the same game with a generator gradient that does not vanish.
NON_SATURATING = AdversarialLoss(
    "non-saturating",
    discriminator=MINIMAX.discriminator,
    generator=lambda fake, _real: softplus(-fake),
)

# Mao et al. 2017 (LSGAN), eq. 9 with a = 0, b = c = 1.
LEAST_SQUARES = AdversarialLoss(
    "least-squares",
    discriminator=lambda real, fake: ((real - 1).square() + fake.square()) / 2,
    generator=lambda fake, _real: (fake - 1).square() / 2,
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
