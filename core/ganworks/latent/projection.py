"""Where in its latent space a generator has a given sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganworks.latent.spaces import LatentSpace, latent_space

Features = Callable[[Tensor], Tensor]  # (rows, *space.shape) -> (rows, values)


@dataclass(frozen=True)
class Projected:
    """What a projection found."""

    points: Tensor  # (rows, size) in w or z, of `latent_space(generator)`
    samples: Tensor  # (rows, *space.shape): the reconstructions
    distance: Tensor  # (rows,): mean squared difference of the pixels


def project(
    generator: nn.Module,
    targets: Tensor,
    labels: Tensor,
    latent: int,
    *,
    features: Features | None = None,
    feature_weight: float = 1.0,
    steps: int = 300,
    lr: float = 0.05,
    candidates: int = 128,
    pull: float = 1e-3,
    seed: int = 0,
) -> Projected:
    """Search the points whose samples come nearest to ``targets`` (Abdal et al. 2019; Karras et al. 2020, D).

    Each row starts from the nearest of the centre and some drawn candidates, and follows Adam with a falling
    rate. The best point it passes is kept.

    Args:
        generator: any generator, in evaluation mode; its weights stay.
        targets: (rows, *space.shape) in [-1, 1], on the generator's device.
        labels: (rows,) int64.
        latent: numbers in a latent.
        features: compared beside the pixels, such as a perceptual network; None for pixels alone.
        feature_weight: of the mean squared difference of the features.
        steps: of Adam.
        lr: the first rate; it falls to 0 as half a cosine.
        candidates: starting points tried for each row.
        pull: weight of the mean squared distance to the centre, which keeps points plausible.
        seed: of the candidates.
    """
    space = latent_space(generator)
    wanted = None if features is None else features(targets).detach()

    def distance(samples: Tensor) -> Tensor:
        pixels = _mean_square(samples - targets)
        if features is None or wanted is None:
            return pixels
        return pixels + feature_weight * _mean_square(features(samples) - wanted)

    points = _nearest_start(space, distance, labels, latent, candidates, seed).requires_grad_()
    centre = space.centre(points, labels).detach()
    optimizer = torch.optim.Adam([points], lr)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    best, least = points.detach().clone(), torch.full((len(points),), torch.inf, device=points.device)
    for _ in range(steps + 1):  # the last pass looks at where the last step led
        off = distance(space.samples(points, labels))
        nearer = off.detach() < least
        best = torch.where(nearer[:, None], points.detach(), best)
        least = torch.where(nearer, off.detach(), least)
        loss = (off + pull * _mean_square(points - centre)).sum()
        (points.grad,) = torch.autograd.grad(loss, points)  # the generator's own gradients stay untouched
        optimizer.step()
        falling.step()
    with torch.no_grad():
        samples = space.samples(best, labels).clamp(-1, 1)
    return Projected(best, samples, _mean_square(samples - targets))


@torch.no_grad()
def _nearest_start(
    space: LatentSpace,
    distance: Callable[[Tensor], Tensor],
    labels: Tensor,
    latent: int,
    candidates: int,
    seed: int,
) -> Tensor:
    """(rows, size): for each row the nearest of the centre and of the candidates, which all rows share."""
    drawn = torch.randn(candidates + 1, latent, generator=torch.Generator().manual_seed(seed))
    tried = [space.points(z.expand(len(labels), -1), labels) for z in drawn.to(labels.device)]
    tried[0] = space.centre(tried[0], labels)
    off = torch.stack([distance(space.samples(points, labels)) for points in tried])  # (candidates + 1, rows)
    rows = torch.arange(len(labels), device=labels.device)
    return torch.stack(tried)[off.argmin(0), rows].clone()


def _mean_square(x: Tensor) -> Tensor:
    return x.flatten(1).square().mean(1)
