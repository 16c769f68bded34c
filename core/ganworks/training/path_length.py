"""Path length regularisation: equal steps in w make equally large changes of the picture."""

from __future__ import annotations

from math import log, sqrt
from typing import cast

import torch
from torch import Tensor, nn

from ganworks.latent.spaces import StyleGenerator
from ganworks.space import SampleSpace
from ganworks.training.needs import Need, blueprint, needing, network_called
from ganworks.training.step import Step


class PathLengths(nn.Module):
    """The running mean of path lengths, kept with the run: put it into ``Recipe.networks`` by this name.

    Early on it is the plain mean of what it has seen: a moving average that starts from 0 would pull the
    lengths to 0.
    """

    name = "path_lengths"
    mean: Tensor
    count: Tensor

    def __init__(self, memory: float = 0.99) -> None:
        super().__init__()
        self.memory = memory
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("count", torch.zeros(()))

    @torch.no_grad()
    def forward(self, lengths: Tensor) -> Tensor:
        """Take in lengths (rows,), and return the mean, a scalar."""
        self.count += 1
        self.mean += (1 / self.count).clamp(min=1 - self.memory) * (lengths.mean() - self.mean)
        return self.mean.clone()


STYLES = Need(
    # an empty network: it cannot be built, which is said where it is tried
    lambda recipe: isinstance(blueprint(recipe.networks["generator"]), StyleGenerator | nn.Identity),
    "path length is defined on styles, and the recipe's generator has no mapping and synthesis",
)


@needing(STYLES, network_called(PathLengths.name))
def path_length(step: Step) -> Tensor:
    """(|J_w^T y| - a)^2, (rows / 2,), for pictures y of white noise. Karras et al. 2020 (StyleGAN2), eq. 4.

    J_w is the Jacobian of the synthesis at the styles w, a the running mean of the lengths. The noise is
    scaled by 1 / sqrt(pixels), so that lengths do not depend on the resolution. Half of the batch is enough.
    """
    generator = cast(StyleGenerator, step.networks["generator"])
    rows = len(step.latent) // 2
    w = generator.mapping(step.latent[:rows], step.labels[:rows])  # (rows, style)
    w = w if w.requires_grad else w.requires_grad_()  # a frozen mapping
    x = generator.synthesis(w[:, None])
    noise = torch.randn_like(x) / sqrt(x[0, 0].numel())
    (pulled,) = torch.autograd.grad((x * noise).sum(), w, create_graph=True)
    lengths = (pulled.square().sum(1) + 1e-12).sqrt()  # a finite slope at 0
    mean: Tensor = step.networks[PathLengths.name](lengths.detach())
    return (lengths - mean).square()


def path_length_weight(space: SampleSpace) -> float:
    """ln 2 / (ln r - ln 2) for pictures of r x r. Karras et al. 2020, appendix B; its r^2 is in the noise."""
    side = max(sqrt(space.height * space.width), 4.0)
    return log(2) / (log(side) - log(2))
