"""Contrast of patches: what ties a translation to its source without a way back. Park et al. 2020 (CUT)."""

from __future__ import annotations

from typing import Protocol, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from ganworks.training.needs import needing, network_called
from ganworks.training.step import Step

HEADS = network_called("heads")


class Encoder(Protocol):
    """A translator whose first half gives the features that patches are compared by."""

    def encode(self, source: Tensor) -> list[Tensor]:
        """Maps (rows, features, smaller H, smaller W) of sources (rows, source channels, H, W)."""
        ...


@needing(HEADS)
def patch_nce(step: Step, *, patches: int = 256, temperature: float = 0.07) -> Tensor:
    """A patch of G(x) should be recognised by the patch of x at its place, (batch,). Park et al. 2020, eq. 4.

    The negatives are other places of the same image. The recipe has a network ``heads`` that moves with the
    generator; with a network ``adapter``, translations are brought into the channels of the sources by it.
    """
    return _contrast(step, step.source, step.fake, patches, temperature)


@needing(HEADS)
def identity_nce(step: Step, *, patches: int = 256, temperature: float = 0.07) -> Tensor:
    """The same for y and G(y), (batch,): a target is left as it is. Park et al. 2020, section 3.3."""
    same = step.run("generator", step.latent, step.real)
    return _contrast(step, step.real, same, patches, temperature)


def _contrast(step: Step, before: Tensor, after: Tensor, patches: int, temperature: float) -> Tensor:
    """Mean over places and layers of -log P(own place), (rows,)."""
    after = step.run("adapter", after) if "adapter" in step.networks else after
    with torch.no_grad():  # the paper stops this gradient too: the translation moves, not its source
        keys = _encode(step, before)
    queries = _encode(step, after)
    places = [torch.randperm(q[0, 0].numel())[:patches].to(q.device) for q in queries]
    at_queries = step.run("heads", *_chosen(queries, places))
    with torch.no_grad():
        at_keys = step.networks["heads"](*_chosen(keys, places))
    losses = [_own_place(q, k, temperature) for q, k in zip(at_queries, at_keys, strict=True)]
    return torch.stack(losses).mean(0)


def _chosen(maps: list[Tensor], places: list[Tensor]) -> list[Tensor]:
    """The features at some places of each map: (rows, places, features)."""
    return [x.flatten(2)[:, :, at].transpose(1, 2) for x, at in zip(maps, places, strict=True)]


def _encode(step: Step, x: Tensor) -> list[Tensor]:
    with step.autocast("generator"):
        maps = cast(Encoder, step.networks["generator"]).encode(x)
    return [found.float() for found in maps]


def _own_place(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Cross-entropy over the places, (rows,); unit vectors (rows, places, width). Park et al. 2020, eq. 3."""
    likeness = queries @ keys.transpose(1, 2) / temperature  # (rows, places of queries, places of keys)
    own = torch.arange(likeness.shape[1], device=likeness.device).expand(len(likeness), -1)
    return F.cross_entropy(likeness.transpose(1, 2), own, reduction="none").mean(1)
