"""The space that a generator is controlled in: its normal latents z, or its styles w where it has some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn

from ganworks.latent.normal import normal_quantile


@runtime_checkable
class StyleGenerator(Protocol):
    """A generator that makes styles of latents, and pictures of styles."""

    def mapping(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Styles (rows, style) of latents (rows, latent) and labels (rows,)."""
        ...

    def synthesis(self, styles: Tensor) -> Tensor:
        """Pictures of styles (rows, layers, style), or of (rows, 1, style): the same style for all layers."""
        ...

    def mean_style(self, labels: Tensor) -> Tensor:
        """(rows, style): the mean style of each row's class."""
        ...

    def style_weights(self) -> Sequence[Tensor]:
        """What each layer reads of a style: (styled channels, style) a layer, in order."""
        ...


class LatentSpace(Protocol):
    """Points (rows, size) from which samples are made; labels are (rows,)."""

    name: str  # z or w

    def points(self, latent: Tensor, labels: Tensor) -> Tensor:
        """The points (rows, size) of latents (rows, latent)."""
        ...

    def samples(self, points: Tensor, labels: Tensor) -> Tensor:
        """The samples (rows, *space.shape) of points; those of styles may leave [-1, 1] a little."""
        ...

    def centre(self, points: Tensor, labels: Tensor) -> Tensor:
        """(rows, size): what the points are truncated to, the mean of their classes."""
        ...

    def truncated(self, points: Tensor, labels: Tensor, truncation: float | Tensor) -> Tensor:
        """Points (rows, size) nearer to the centre: all of them at 0, unchanged at 1; a number or scalar."""
        ...

    def between(self, start: Tensor, end: Tensor, share: Tensor) -> Tensor:
        """Points (rows, size) on the way from ``start`` to ``end``, at ``share`` (rows, 1) in [0, 1]."""
        ...


class StyleSpace:
    """The styles w. Karras et al. 2019: straight lines and shrinking to the mean keep samples plausible."""

    name = "w"

    def __init__(self, generator: StyleGenerator) -> None:
        self.generator = generator

    def points(self, latent: Tensor, labels: Tensor) -> Tensor:
        return self.generator.mapping(latent, labels)

    def samples(self, points: Tensor, labels: Tensor) -> Tensor:
        return self.generator.synthesis(points[:, None])

    def centre(self, points: Tensor, labels: Tensor) -> Tensor:
        return self.generator.mean_style(labels)

    def truncated(self, points: Tensor, labels: Tensor, truncation: float | Tensor) -> Tensor:
        """mean + truncation (w - mean). Karras et al. 2019, appendix B."""
        share = torch.as_tensor(truncation, dtype=points.dtype, device=points.device)
        return self.centre(points, labels).lerp(points, share)  # exact at both ends

    def between(self, start: Tensor, end: Tensor, share: Tensor) -> Tensor:
        return start.lerp(end, share)


class NormalSpace:
    """The standard normal latents z of any generator."""

    name = "z"

    def __init__(self, generator: nn.Module) -> None:
        self.generator = generator

    def points(self, latent: Tensor, labels: Tensor) -> Tensor:
        return latent

    def samples(self, points: Tensor, labels: Tensor) -> Tensor:
        return cast(Tensor, self.generator(points, labels))

    def centre(self, points: Tensor, labels: Tensor) -> Tensor:
        return torch.zeros_like(points)

    def truncated(self, points: Tensor, labels: Tensor, truncation: float | Tensor) -> Tensor:
        """Standard normal values, made truncated normal ones: Phi^-1(1/2 + truncation (Phi(z) - 1/2)).

        Brock et al. 2019 (BigGAN), section 3.1, draw again what lies outside of a threshold. The monotone map
        gives the same distribution, that of the central share ``truncation`` of the normal, and keeps
        every sample a continuous function of its seed.
        """
        if not isinstance(truncation, Tensor) and truncation == 1:
            return points  # a tenth of the time of drawing a table
        share = torch.as_tensor(truncation, dtype=points.dtype, device=points.device)
        central = torch.erf(points * 0.5**0.5) / 2 * share  # Phi(z) - 1/2, shrunk
        return torch.where(share < 1, normal_quantile(central), points)

    def between(self, start: Tensor, end: Tensor, share: Tensor) -> Tensor:
        """On the arc, so that the length stays one that normal latents have. White 2016, section 2."""
        unit = nn.functional.cosine_similarity(start, end, dim=1)[:, None].clamp(-1, 1)
        angle = unit.acos().clamp(1e-4, torch.pi - 1e-4)  # equal or opposite ends: a chord is as good
        along = ((1 - share) * angle).sin() * start + (share * angle).sin() * end
        return along / angle.sin()


def latent_space(generator: nn.Module) -> LatentSpace:
    """The space to control a generator in: w where it has styles, z otherwise."""
    return StyleSpace(generator) if isinstance(generator, StyleGenerator) else NormalSpace(generator)
