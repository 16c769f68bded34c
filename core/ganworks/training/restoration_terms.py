"""What restoration asks of a generator beside the mean distance of pixels, and ESRGAN's game."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganworks.training.losses import AdversarialLoss
from ganworks.training.needs import needing, network_called
from ganworks.training.step import Step


def charbonnier(step: Step, *, epsilon: float = 1e-3) -> Tensor:
    """Mean sqrt((fake - real)^2 + epsilon^2) of each row, (batch,). Charbonnier et al. 1994; Lai et al. 2017.

    The absolute distance with a smooth bottom: below ``epsilon``, in values of [-1, 1], it counts less.
    """
    square = (step.fake - step.real).square()
    return (square + epsilon**2).sqrt().flatten(1).mean(1)


@needing(network_called("features"))
def perceptual(step: Step) -> Tensor:
    """Mean |f(fake) - f(real)| over the maps of a frozen network, (batch,). Johnson et al. 2016, section 3.2.

    The maps are compared before their activation, as Wang et al. 2018 (ESRGAN), section 3.3, do. Each counts
    alike, whatever the size of its values: the distance is a share of the mean |f(real)|.
    """
    made, wanted = step.run("features", step.fake), step.run("features", step.real)
    shares = [
        (a - b).abs().flatten(1).mean(1) / b.abs().mean() for a, b in zip(made, wanted, strict=True)
    ]  # (batch,) of each map
    return torch.stack(shares).mean(0)


def _judged_apart(above: Tensor, below: Tensor) -> Tensor:
    """-log P(above the mean of the others), and the reverse for these, halved: shape of the logits."""
    return (softplus(below.mean() - above) + softplus(below - above.mean())) / 2


# Jolicoeur-Martineau 2018; Wang et al. 2018 (ESRGAN), eq. 1 and 2: against the mean of the other side.
RELATIVISTIC_AVERAGE = AdversarialLoss(
    "relativistic average",
    discriminator=lambda real, fake: _judged_apart(real, fake),
    generator=lambda fake, real: _judged_apart(fake, real),
    pairs_real=True,
)
