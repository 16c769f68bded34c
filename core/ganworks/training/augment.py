"""Augmentation inside the game: real and fake pass through the same kind of random transformation.

Every transformation is batched, differentiable and drawn from torch's global generator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

Augmentation = Callable[[Tensor, Tensor], Tensor]  # (samples, strength (rows,) in [0, 1]) -> samples


def no_augmentation(x: Tensor, strength: Tensor) -> Tensor:
    """Leave the samples as they are."""
    return x


@dataclass(frozen=True)
class Chain:
    """Several augmentations, one after the other, all at the same strength."""

    parts: tuple[Augmentation, ...]

    def __call__(self, x: Tensor, strength: Tensor) -> Tensor:
        for part in self.parts:
            x = part(x, strength)
        return x

    @property
    def always(self) -> bool:
        """Whether a part acts at strength 0, too."""
        return any(getattr(part, "always", False) for part in self.parts)

    @property
    def ranks(self) -> tuple[int, ...] | None:
        """Ranks of the sample spaces that every part can transform; None: any."""
        declared = [ranks for part in self.parts if (ranks := getattr(part, "ranks", None)) is not None]
        return tuple(sorted(set(declared[0]).intersection(*declared))) if declared else None


def chain(*parts: Augmentation) -> Augmentation:
    """The augmentations in turn; those that do nothing are left out."""
    useful = tuple(part for part in parts if part is not no_augmentation)
    return useful[0] if len(useful) == 1 else Chain(useful) if useful else no_augmentation


@dataclass(frozen=True)
class InstanceNoise:
    """Normal noise on real and fake samples of any rank. Sonderby et al. 2017, section 3.3.

    Where the supports of data and generator do not meet, their blurred versions do. The noise is meant to
    vanish: give the recipe ``strength=Ramp(1.0, 0.0, images=...)``.
    """

    deviation: float = 0.3  # at strength 1, on the [-1, 1] scale

    def __call__(self, x: Tensor, strength: Tensor) -> Tensor:
        by_row = strength.view(-1, *(1 for _ in x.shape[1:]))  # (rows, 1, ...)
        return x + torch.randn_like(x) * (self.deviation * by_row)


@dataclass(frozen=True)
class DiffAugment:
    """Translation, brightness and contrast on every row. Zhao et al. 2020 (DiffAugment).

    The strength is ignored: DiffAugment always applies, also at strength 0. What always applies also leaks:
    with brightness on, the discriminator is blind to it and the generator varies it freely, which medical
    images do not bear. So only translation is on by default.
    """

    ranks: ClassVar[tuple[int, ...]] = (2,)  # of the sample spaces it can transform
    always: ClassVar[bool] = True  # not left out where the strength is 0

    shift: float = 0.125  # largest translation, share of the side, but at least a pixel; 0: none
    brightness: float = 0.0  # largest added value, on the [-1, 1] scale
    contrast: float = 0.0  # the contrast factor lies in 1 +- this

    def __call__(self, x: Tensor, strength: Tensor) -> Tensor:
        x = translate(x, self.shift) if self.shift else x
        mean = x.mean((1, 2, 3), keepdim=True)
        factor = 1 + (torch.rand_like(mean) * 2 - 1) * self.contrast
        return (x - mean) * factor + mean + (torch.rand_like(mean) * 2 - 1) * self.brightness


def translate(x: Tensor, share: float) -> Tensor:
    """Shift each row by whole pixels, up to ``share`` of each side or 1; the border is filled with zeros."""
    rows, _, height, width = x.shape
    by_y, by_x = max(1, round(height * share)), max(1, round(width * share))
    padded = F.pad(x, (by_x, by_x, by_y, by_y)).permute(0, 2, 3, 1)  # (rows, H + 2y, W + 2x, channels)
    top = torch.randint(0, 2 * by_y + 1, (rows, 1, 1), device=x.device)
    left = torch.randint(0, 2 * by_x + 1, (rows, 1, 1), device=x.device)
    y = torch.arange(height, device=x.device)[None, :, None] + top
    z = torch.arange(width, device=x.device)[None, None, :] + left
    row = torch.arange(rows, device=x.device)[:, None, None]
    return padded[row, y, z].permute(0, 3, 1, 2)


@dataclass(frozen=True)
class AdaAugment:
    """Geometric and intensity transformations, each applied to a row with probability ``strength``.

    Karras et al. 2020 (StyleGAN2-ADA), section 2.2 and appendix B, the subset that suits grey and colour
    images of any channel count: flip (only where ``flip``), rotation, isotropic scaling, translation,
    brightness and contrast. Below a strength of 1 the untransformed image stays recoverable, so the
    transformations do not leak into the generator.
    """

    ranks: ClassVar[tuple[int, ...]] = (2,)

    flip: bool = False  # chest X-rays and other laterality-bearing images must not be flipped
    rotation_degrees: float = 15.0
    scale: float = 0.15
    shift: float = 0.125
    brightness: float = 0.2
    contrast: float = 0.3

    def __call__(self, x: Tensor, strength: Tensor) -> Tensor:
        x = F.grid_sample(
            x,
            F.affine_grid(self._affine(x, strength), list(x.shape), align_corners=False),
            padding_mode="reflection",
            align_corners=False,
        )
        mean = x.mean((1, 2, 3), keepdim=True)
        factor = 1 + self._amount(x, strength, self.contrast)[:, None, None, None]
        return (x - mean) * factor + mean + self._amount(x, strength, self.brightness)[:, None, None, None]

    def _amount(self, x: Tensor, strength: Tensor, most: float) -> Tensor:
        applied = torch.rand(len(x), device=x.device) < strength
        return (torch.rand(len(x), device=x.device) * 2 - 1) * most * applied

    def _affine(self, x: Tensor, strength: Tensor) -> Tensor:
        """Inverse maps (rows, 2, 3) in normalised coordinates, corrected for the aspect ratio."""
        angle = torch.deg2rad(self._amount(x, strength, self.rotation_degrees))
        scale = 1 + self._amount(x, strength, self.scale)
        flipped = torch.rand(len(x), device=x.device) < 0.5 * strength * self.flip
        side = 1.0 - 2.0 * flipped
        cos, sin = angle.cos() * scale, angle.sin() * scale
        aspect = x.shape[2] / x.shape[3]
        shift_x, shift_y = self._amount(x, strength, self.shift), self._amount(x, strength, self.shift)
        first = torch.stack([cos * side, -sin * aspect, 2 * shift_x], 1)
        second = torch.stack([sin * side / aspect, cos, 2 * shift_y], 1)
        return torch.stack([first, second], 1)


@dataclass(frozen=True)
class AdaController:
    """Raises the strength of a class while the discriminator overfits its images, lowers it otherwise.

    Karras et al. 2020, section 3: r_t = E[sign(D(real))]; the strength moves by a fixed amount towards
    ``target`` and needs ``images`` images to cross from 0 to ``most``. Here every class has a strength of its
    own: of a rare class the discriminator knows every image by heart long before the others show it.
    """

    target: float = 0.6
    images: float = 50_000.0
    most: float = 0.8  # above, transformations leak into the generator (section 2.2)
    every: int = 4  # steps between two looks: each look waits for the device

    def next(
        self, strengths: list[float], real_logits: Tensor, labels: Tensor, images: int | None = None
    ) -> list[float]:
        """Strengths by class after ``every`` steps, the last of which judged (rows, k) of classes (rows,).

        ``images`` is how many real ones a step sees; None: as many as there are labels.
        """
        move = self.most * self.every * (images or len(labels)) / self.images
        labels = labels[:: len(labels) // len(real_logits)]  # packed rows share one judgement
        signs = real_logits.sign().mean(1)
        moved = list(strengths)
        for label in labels.unique().tolist():
            overfit = signs[labels == label].mean().item() > self.target
            moved[label] = min(max(moved[label] + (move if overfit else -move), 0.0), self.most)
        return moved
