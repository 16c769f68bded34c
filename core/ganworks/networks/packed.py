"""Discriminators around another one: rows packed together, labels as input, a classifier beside them.

Each builds the inner discriminator for the space that it will see: ``build(space)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.space import SampleSpace
from ganworks.training.step import Judgement

Build = Callable[[SampleSpace], nn.Module]


class PackedDiscriminator(nn.Module):
    """Judges ``pack`` neighbouring rows at once, stacked as channels. Lin et al. 2018 (PacGAN), section 3.

    A pack of samples shows missing variety, which a single sample cannot. Labels, where there are any, are
    given as constant maps beside the sample that they belong to.
    """

    def __init__(self, space: SampleSpace, build: Build, *, pack: int = 2) -> None:
        super().__init__()
        self.classes = len(space.classes)
        channels = pack * (space.channels + self.classes)
        self.inner = build(replace(space, channels=channels, classes=()))
        self.rows_per_judgement = pack
        group = getattr(self.inner, "rows_per_group", None)
        self.rows_per_group = group and pack * group

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        """(rows, channels, *size), (rows,) -> logits (rows / pack, k).

        Raises:
            ValueError: the rows do not make whole packs.
        """
        if len(x) % self.rows_per_judgement:
            raise ValueError(f"{len(x)} rows do not make whole packs of {self.rows_per_judgement}")
        told = with_label_maps(x, labels, self.classes)
        packs = told.reshape(-1, self.rows_per_judgement * told.shape[1], *x.shape[2:])
        return cast(Judgement, self.inner(packs, labels[:: self.rows_per_judgement]))


class ConcatDiscriminator(nn.Module):
    """Class-conditional by label maps beside the sample's channels. Mirza and Osindero 2014, eq. 2."""

    def __init__(self, space: SampleSpace, build: Build) -> None:
        super().__init__()
        self.classes = len(space.classes)
        self.inner = build(replace(space, channels=space.channels + self.classes, classes=()))
        self.rows_per_group = getattr(self.inner, "rows_per_group", None)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        return cast(Judgement, self.inner(with_label_maps(x, labels, self.classes), labels))


class ClassifyingDiscriminator(nn.Module):
    """An unconditional discriminator that also names the class. Odena et al. 2017 (AC-GAN), section 3.

    The inner one offers the feature ``hidden`` (rows, hidden_width); added is ``classes`` (rows, classes).
    """

    def __init__(self, space: SampleSpace, build: Build) -> None:
        super().__init__()
        self.inner = build(replace(space, classes=()))
        self.classify = nn.Linear(cast(int, self.inner.hidden_width), max(len(space.classes), 1))
        self.rows_per_group = getattr(self.inner, "rows_per_group", None)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        logits, features = self.inner(x, labels)
        return Judgement(logits, {**features, "classes": self.classify(features["hidden"])})


def with_label_maps(x: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Append one constant map a class, 1 for the row's own: (rows, channels + classes, *size)."""
    if not classes:
        return x
    chosen = F.one_hot(labels, classes).to(x.dtype)  # (rows, classes)
    maps = chosen.view(*chosen.shape, *(1 for _ in x.shape[2:])).expand(-1, -1, *x.shape[2:])
    return torch.cat([x, maps], 1)
