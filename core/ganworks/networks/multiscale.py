"""Critics of patches: of images, of pairs, and of pairs at several resolutions."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, log2

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import at_least, halved, leaky, levels_for, spectral
from ganworks.networks.generators import initialise
from ganworks.networks.translation import SMALLEST, ImageNorm, require_same_size
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement


class PatchDiscriminator(nn.Module):
    """One logit a patch of an image. Isola et al. 2017, section 3.2.2: 70x70 pixels at three halvings.

    Small images are halved less often, until about eight places remain across. Rows are judged each by itself
    (instance normalisation), as in CycleGAN. ``spectral_norm``: every layer, as Park et al. 2019 (SPADE) do.
    """

    memory_format = torch.contiguous_format
    rows_per_group = 1

    def __init__(
        self,
        channels: int,
        size: tuple[int, ...],
        *,
        width: int = 64,
        halvings: int = 3,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        halvings = min(halvings, levels_for(*size, base=8))
        sizes = [channels, *(width * 2**level for level in range(halvings + 1))]
        strides = [2] * halvings + [1]
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, 4, stride, 1) for (i, o), stride in zip(pairwise(sizes), strides, strict=True)
        )
        self.norms = nn.ModuleList(ImageNorm(o) if i else nn.Identity() for i, o in enumerate(sizes[1:]))
        self.judge = nn.Conv2d(sizes[-1], 1, 4, 1, 1)
        initialise(self)
        if spectral_norm:
            self.convs = nn.ModuleList(spectral(conv) for conv in self.convs)  # type: ignore[arg-type]
            self.judge = spectral(self.judge)  # type: ignore[assignment]

    def forward(self, x: Tensor, condition: Tensor) -> Judgement:
        """(rows, channels, H, W) -> logits (rows, patches); the condition is not looked at."""
        *_, hidden, logits = self.maps(x)
        return Judgement(logits.flatten(1), {"hidden": hidden})

    def maps(self, x: Tensor) -> list[Tensor]:
        """(rows, channels, H, W) -> what each layer makes of it, and the map of logits (rows, 1, h, w)."""
        found = [x]
        for level, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            halves = level < len(self.convs) - 1
            found.append(leaky(norm(conv(_with_room(found[-1], halves)))))
        return [*found[1:], self.judge(_with_room(found[-1], halves=False))]


class PairDiscriminator(nn.Module):
    """A patch discriminator of pairs: it sees the source beside the sample. Isola et al. 2017, eq. 1."""

    memory_format = torch.contiguous_format
    rows_per_group = 1

    def __init__(self, source: SampleSpace, space: SampleSpace, *, width: int = 64) -> None:
        super().__init__()
        require_same_size(source, space)
        self.patches = PatchDiscriminator(source.channels + space.channels, space.size, width=width)

    def forward(self, x: Tensor, source: Tensor) -> Judgement:
        """(rows, channels, H, W), (rows, source channels, H, W) -> logits (rows, patches)."""
        judgement: Judgement = self.patches(torch.cat([source, x], 1), source)
        return judgement


class MultiscaleDiscriminator(nn.Module):
    """Critics of pairs, each of its own, at full, half, a quarter ... resolution. Wang et al. 2018, 3.2.

    Its features are named ``SCALE/LAYER``. Every scale has the same say in the mean over the logits: those of
    the coarse ones are repeated until each has as many.

    Raises:
        ValueError: source and sample differ in size, or are too small.
    """

    memory_format = torch.contiguous_format
    rows_per_group = 1

    def __init__(
        self,
        source: SampleSpace,
        space: SampleSpace,
        *,
        width: int = 64,
        scales: int = 2,  # fewer where the images are too small for them
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        require_same_size(source, space)
        at_least(1, scales=scales)
        possible = 1 + int(log2(min(space.size) / SMALLEST))
        sizes = [
            tuple(ceil(side / 2**scale) for side in space.size) for scale in range(min(scales, possible))
        ]
        channels = source.channels + space.channels
        self.critics = nn.ModuleList(
            PatchDiscriminator(channels, size, width=width, spectral_norm=spectral_norm) for size in sizes
        )

    def forward(self, x: Tensor, source: Tensor) -> Judgement:
        """(rows, channels, H, W), (rows, source channels, H, W) -> logits (rows, scales * patches)."""
        pair = torch.cat([source, x], 1)
        features: dict[str, Tensor] = {}
        logits: list[Tensor] = []
        for scale, critic in enumerate(self.critics):
            pair = halved(pair) if scale else pair
            *layers, judged = critic.maps(pair)  # type: ignore[operator]
            features |= {f"{scale}/{layer}": found for layer, found in enumerate(layers)}
            logits.append(judged)
        finest = logits[0].shape[2:]
        return Judgement(torch.cat([F.interpolate(x, finest).flatten(1) for x in logits], 1), features)


def _with_room(x: Tensor, halves: bool) -> Tensor:
    """One more row and column for a kernel of 4 with a padding of 1, where it would miss the last place.

    So a stride of 1 keeps the side, and a stride of 2 rounds up: both exist for the smallest maps too.
    """
    missed = [0 if halves and side % 2 == 0 else 1 for side in x.shape[2:]]
    return F.pad(x, (0, missed[1], 0, missed[0])) if any(missed) else x
