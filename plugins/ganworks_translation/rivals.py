"""What needs no training: the results that a translator must beat to be worth anything."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import torch
from torch import Tensor

from ganworks.data import SourcedDataset
from ganworks.metrics import PixelFeatures
from ganworks_image.conform import LUMA
from ganworks_translation.evaluation import COPY, MEAN, NEAREST
from ganworks_translation.pairs import PairStudy
from ganworks_translation.training_data import plain_part

BLOCK = 64  # training pictures held at once, fewer where they are large
BLOCK_VALUES = 2**24  # numbers of either side of a block: a label map has a channel a label


def answers(study: PairStudy, sources: Tensor) -> dict[str, Tensor]:
    """What each rival makes of sources (rows, source channels, H, W): name -> (rows, channels, H, W).

    The copy always; the mean target where there are targets to compare with one by one; the nearest neighbour
    where the training may know pairs too. A label map is copied with every label in its mean colour.
    """
    train = plain_part(study, "train")
    copy = painted(sources, label_colours(train)) if study.labels else copied(sources, train.space.channels)
    found = {COPY: copy}
    if study.pairs_known:
        found[MEAN] = mean_target(train).expand(len(sources), -1, -1, -1)
    if study.paired:
        found[NEAREST] = NearestNeighbour(train)(sources)
    return found


def copied(sources: Tensor, channels: int) -> Tensor:
    """The input itself, with as many channels as a target: grey is repeated, colour becomes its luma.

    Args:
        sources: (rows, source channels, H, W) in [-1, 1].
        channels: of a target.
    """
    if sources.shape[1] == channels:
        return sources
    grey = sources.mean(1, keepdim=True)
    if sources.shape[1] == 3:
        grey = (sources * torch.from_numpy(LUMA).to(sources)[:, None, None]).sum(1, keepdim=True)
    return grey.expand(-1, channels, -1, -1)


def painted(sources: Tensor, colours: Tensor) -> Tensor:
    """Label maps with every label in its colour; what `copied` is to pictures.

    Args:
        sources: one-hot (rows, labels, H, W), 1 at a label's places and -1 elsewhere.
        colours: (labels, channels) in [-1, 1].
    """
    return torch.einsum("nlhw,lc->nchw", (sources + 1) / 2, colours)


def label_colours(data: SourcedDataset) -> Tensor:
    """The mean target under each label of the training pictures, (labels, channels); labels without: 0."""
    labels, channels = data.source_space.channels, data.space.channels
    total = torch.zeros(labels, channels, dtype=torch.float64)
    places = torch.zeros(labels, 1, dtype=torch.float64)
    for index in _blocks(data):
        there = ((data.sources(index) + 1) / 2).double()  # (rows, labels, H, W)
        total += torch.einsum("nlhw,nchw->lc", there, data.rows(index).double())
        places += there.sum((0, 2, 3))[:, None]
    return (total / places.clamp(min=1)).float()


def mean_target(data: SourcedDataset) -> Tensor:
    """The mean of the training targets, (channels, H, W): the best single answer by squared error."""
    total = torch.zeros(data.space.shape, dtype=torch.float64)
    for index in _blocks(data):
        total += data.rows(index).double().sum(0)
    return (total / len(data)).float()


class NearestNeighbour:
    """Answers with the target of the training source that is most like the source at hand.

    Most alike: the least Euclidean distance of the sources averaged to 16 x 16 places.
    """

    def __init__(self, data: SourcedDataset) -> None:
        self.data = data
        self.known = torch.cat([_features(data.sources(index)) for index in _blocks(data)])

    def places(self, sources: Tensor) -> Tensor:
        """Which training pair each source (rows, source channels, H, W) is answered by, (rows,)."""
        return torch.cdist(_features(sources), self.known).argmin(1)

    def __call__(self, sources: Tensor) -> Tensor:
        """Targets (rows, channels, H, W) of training pairs."""
        return self.data.rows(self.places(sources))


def _features(sources: Tensor) -> Tensor:
    return PixelFeatures()(sources)


def _blocks(data: SourcedDataset) -> Iterator[Tensor]:
    largest = max(prod(data.space.shape), prod(data.source_space.shape))
    yield from torch.arange(len(data)).split(min(BLOCK, max(1, BLOCK_VALUES // largest)))
