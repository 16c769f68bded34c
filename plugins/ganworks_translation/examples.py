"""Real pictures of one part of a study as the evaluation holds them, and their translation."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from ganworks.data import SourcedDataset
from ganworks.networks import continued
from ganworks.training import Sampler

MOST_VALUES = 2**26  # numbers of either side held at once: 256 MB as float32
BATCH = 8  # pictures translated at once


class Examples(NamedTuple):
    """Sources and targets (rows, channels, H, W) in [-1, 1]; row i of both belong together in pairs."""

    sources: Tensor
    targets: Tensor
    places: Tensor  # of the sources in their part


def examples(data: SourcedDataset, source_rows: int, most: int) -> Examples:
    """Up to ``most`` pictures of each side, evenly spread over the part.

    Args:
        data: the part as it was read, not augmented.
        source_rows: sources there are; without pairs another number than targets.
        most: pictures; fewer where they are large.
    """
    most = min(most, MOST_VALUES // max(prod(data.space.shape), prod(data.source_space.shape)))
    of_sources, of_targets = _spread(source_rows, most), _spread(len(data), most)
    return Examples(data.sources(of_sources), data.rows(of_targets), of_sources)


def translated(sampler: Sampler, sources: Tensor) -> Tensor:
    """What the exported model makes of sources (rows, source channels, H, W): (rows, channels, H, W).

    As there, the latent is 0, no dropout is live, and sides that the network does not take are continued in a
    mirror.
    """
    height, width = sources.shape[2:]
    multiple = int(getattr(sampler.generator, "multiple", 1))
    rows, columns = (continued(side, multiple) for side in (height, width))
    made = sampler.from_latents(
        torch.zeros(len(sources), sampler.latent), sources[:, :, rows][:, :, :, columns], batch=BATCH
    )
    return made[:, :, :height, :width].contiguous()


def _spread(rows: int, most: int) -> Tensor:
    return torch.linspace(0, rows - 1, min(rows, most)).long()
