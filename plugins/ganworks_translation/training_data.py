"""The training part as the loop draws it: both sides of a pair mirrored and cropped alike."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganworks.data import SourcedDataset
from ganworks.space import SampleSpace
from ganworks_image.intensity import Pixels
from ganworks_translation.options import Options
from ganworks_translation.pairs import PairStudy, Part, Side

ENLARGED = 286 / 256  # before a random crop; Isola et al. 2017, section 6.2


def training_data(study: PairStudy, options: Options) -> SourcedDataset:
    """Return the training part with its augmentation: pairs, or two sets where pairs are not to be used."""
    left_right, top_bottom = study.flips
    change = Change(
        left_right=left_right, top_bottom=top_bottom, enlarged=ENLARGED if options.jitter else 1.0
    )
    kind = PairedTraining if study.paired else UnpairedTraining
    return kind(study, change)


def plain_part(study: PairStudy, part: Part) -> SourcedDataset:
    """Return a part as it is, for scores: the target of row i belongs to source i where pairs are known."""
    return PairedTraining(study, Change(), part)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What may happen to a picture in training. A pure function of the step's seed and the rows drawn.

    So the two sides of a pair, which the loop fetches at different moments, are changed alike, and a resumed
    run agrees with one that was not interrupted.
    """

    left_right: bool = False
    top_bottom: bool = False
    enlarged: float = 1.0  # times, before a crop back to the size

    def __call__(self, x: Tensor, index: Tensor, salt: int = 0, mode: str = "bicubic") -> Tensor:
        """Change each row (batch, channels, height, width) of the rows at ``index``."""
        if not (self.left_right or self.top_bottom or self.enlarged > 1):
            return x
        draw = torch.rand(len(x), 4, generator=_generator(index, salt))
        for column, (allowed, dimension) in enumerate(((self.left_right, 3), (self.top_bottom, 2))):
            if allowed:
                x = torch.where(draw[:, column, None, None, None] < 0.5, x.flip(dimension), x)
        return self._cropped(x, draw[:, 2:], mode) if self.enlarged > 1 else x

    def _cropped(self, x: Tensor, where: Tensor, mode: str) -> Tensor:
        height, width = x.shape[2:]
        larger = [round(side * self.enlarged) for side in (height, width)]
        exact = {} if mode.startswith("nearest") else {"align_corners": False}
        grown = F.interpolate(x, size=larger, mode=mode, **exact)
        spare = torch.tensor([larger[0] - height + 1, larger[1] - width + 1])
        corners = (where * spare).long().tolist()
        return torch.stack(
            [
                row[:, top : top + height, left : left + width]
                for row, (top, left) in zip(grown, corners, strict=True)
            ]
        )


class PairedTraining:
    """Pairs: row i is a target, source i what it is made from; memory grows with the batch alone."""

    def __init__(self, study: PairStudy, change: Change, part: Part = "train") -> None:
        self.space, self.source_space = study.target_space, study.source_space
        self.change = change
        self._targets, self._sources = _Stored(study.target, part), _Stored(study.source, part)
        self.labels = torch.zeros(len(self._targets), dtype=torch.int64)

    def __len__(self) -> int:
        return len(self._targets)

    def rows(self, index: Tensor) -> Tensor:
        """Targets (batch, *space.shape) in [-1, 1]."""
        return self._targets.changed(index, self.change)

    def sources(self, index: Tensor) -> Tensor:
        """Sources (batch, *source_space.shape) in [-1, 1], of `rows` at the same ``index``."""
        return self._sources.changed(index, self.change)


class UnpairedTraining(PairedTraining):
    """Two sets: sources are drawn at random, from torch's global generator, whatever the targets are."""

    def sources(self, index: Tensor) -> Tensor:
        drawn = torch.randint(len(self._sources), index.shape)
        return self._sources.changed(drawn, self.change, salt=1)


class _Stored:
    """One side of one part, decoded a batch at a time."""

    def __init__(self, side: Side, part: Part) -> None:
        self.side, self.stored = side, side.part(part)
        self.space: SampleSpace = side.space

    def __len__(self) -> int:
        return len(self.stored)

    def changed(self, index: Tensor, change: Change, salt: int = 0) -> Tensor:
        batch: Pixels = self.stored[index.cpu().numpy()]
        if self.side.labels is not None:  # moved as numbers: no label lies between two others
            moved = change(torch.from_numpy(batch).float(), index, salt, mode="nearest-exact")
            return self.side.encoded(moved.numpy())
        return change(self.side.encoded(batch), index, salt).clamp(-1, 1)


def _generator(index: Tensor, salt: int) -> torch.Generator:
    """What is drawn from it depends on the seed that the loop set for this step, and on the rows."""
    rows = zlib.crc32(np.ascontiguousarray(index.cpu().numpy()).tobytes())
    key = (torch.initial_seed() % 2**64, rows, salt)
    return torch.Generator().manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))
