"""The projected discriminator: it sees the world through a frozen, pretrained feature network."""

from __future__ import annotations

import copy
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganworks.networks.blocks import MinibatchStd, Projection, leaky
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement


class Pyramid(Protocol):
    """A frozen feature network: samples -> maps from fine to coarse."""

    def pyramid(self, x: Tensor) -> list[Tensor]: ...


class ProjectedDiscriminator(nn.Module):
    """One small spectral-norm head on each scale of frozen features. Sauer et al. 2021 (Projected GANs).

    Features are mixed across channels by fixed random 1x1 convolutions and across scales by a fixed random
    top-down path (section 3.2), so that no head can rely on a few of them. With few images this trains to
    recognisable pictures in minutes on a CPU, where a discriminator from scratch does not.

    The feature network is never saved: a checkpoint holds the mixing and the heads only.
    """

    def __init__(
        self,
        space: SampleSpace,
        features: nn.Module,
        *,
        mixed: int = 48,
        width: int = 64,
        minibatch_std: int = 4,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.rows_per_group = minibatch_std or 1
        self.features = copy.deepcopy(features).requires_grad_(False).eval()
        self.register_state_dict_post_hook(_forget_features)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_post_hook(_miss_no_features)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            maps = self._pyramid().pyramid(torch.zeros(1, *space.shape))
        draw = torch.Generator().manual_seed(seed)
        self.across_channels = nn.ModuleList(_frozen_conv(m.shape[1], mixed, 1, draw) for m in maps)
        self.across_scales = nn.ModuleList(_frozen_conv(mixed, mixed, 3, draw) for _ in maps)
        classes = len(space.classes)
        self.heads = nn.ModuleList(Head(mixed, width, min(m.shape[2:]), classes, minibatch_std) for m in maps)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        maps = self._mixed(self._pyramid().pyramid(x))
        logits = [head(m, labels) for head, m in zip(self.heads, maps, strict=True)]
        return Judgement(torch.cat(logits, 1))  # (rows, places of all scales)

    def _pyramid(self) -> Pyramid:
        return cast(Pyramid, self.features)

    def _mixed(self, maps: list[Tensor]) -> list[Tensor]:
        """From coarse to fine: mix channels, add the coarser result, mix again."""
        mixed: list[Tensor] = []
        for i in reversed(range(len(maps))):
            m = self.across_channels[i](maps[i])
            if mixed:
                m = m + F.interpolate(mixed[0], size=m.shape[2:], mode="nearest")
            mixed.insert(0, self.across_scales[i](m) / 8)  # keeps the sum over scales at unit size
        return mixed


class Head(nn.Module):
    """Downsamples one scale to about 4x4 and judges every place of it."""

    def __init__(self, channels: int, width: int, side: int, classes: int, minibatch_std: int) -> None:
        super().__init__()
        down: list[nn.Module] = []
        while side > 4:
            down += [spectral_norm(nn.Conv2d(channels, width, 4, 2, 1)), nn.LeakyReLU(0.2)]
            channels, side = width, side // 2
        self.down = nn.Sequential(*down)
        self.spread = MinibatchStd(minibatch_std) if minibatch_std else nn.Identity()
        hidden = width + width // 2
        self.conv = spectral_norm(nn.Conv2d(channels + bool(minibatch_std), hidden, 3, 1, 1))
        table = spectral_norm(nn.Embedding(classes, hidden)) if classes else None
        self.judge = Projection(spectral_norm(nn.Conv2d(hidden, 1, 1)), table)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(rows, channels, H, W), (rows,) -> logits (rows, places)."""
        h = leaky(self.conv(self.spread(self.down(x))))
        logits: Tensor = self.judge(h, labels)
        return logits


def _forget_features(module: nn.Module, state: dict[str, Any], prefix: str, metadata: dict[str, Any]) -> None:
    for key in [key for key in state if key.startswith(f"{prefix}features.")]:
        del state[key]


def _miss_no_features(module: nn.Module, incompatible: Any) -> None:
    incompatible.missing_keys[:] = [k for k in incompatible.missing_keys if not k.startswith("features.")]


def _frozen_conv(i: int, o: int, kernel: int, draw: torch.Generator) -> nn.Conv2d:
    conv = nn.Conv2d(i, o, kernel, padding=kernel // 2)
    nn.init.kaiming_normal_(conv.weight, generator=draw)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv.requires_grad_(False)
