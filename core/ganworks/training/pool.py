"""A memory of generated samples, saved with the run."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganworks.space import SampleSpace


class ImagePool(nn.Module):
    """Past samples with their labels, from which a discriminator is shown a mixture of old and new ones.

    Shrivastava et al. 2017, section 2.3; in the form of Zhu et al. 2017 (CycleGAN), section 4: while there
    is room every sample is kept; later, half of the new samples change places with a kept one. It has no
    parameters; put it into ``Recipe.networks`` and reach it by ``step.networks[name]``.
    """

    def __init__(self, space: SampleSpace, size: int = 50) -> None:
        super().__init__()
        self.samples: Tensor
        self.labels: Tensor
        self.kept: Tensor
        self.register_buffer("samples", torch.zeros(size, *space.shape))
        self.register_buffer("labels", torch.zeros(size, dtype=torch.int64))
        self.register_buffer("kept", torch.zeros(size, dtype=torch.bool))

    @torch.no_grad()
    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """New samples (rows, *space.shape) with labels (rows,) -> as many, old and new, with their labels.

        Rows beyond the size of the pool pass unchanged. The result carries no gradient.
        """
        x, labels = x.detach(), labels.detach()
        free_first = (torch.rand(len(self.kept), device=x.device) - (~self.kept).float()).argsort()
        slots = free_first[: len(x)]
        enters = ~self.kept[slots] | (torch.rand(len(slots), device=x.device) < 0.5)
        leaves = enters & self.kept[slots]
        shown = _exchange(self.samples, x, slots, enters, leaves)
        shown_labels = _exchange(self.labels, labels, slots, enters, leaves)
        self.kept[slots] = True
        return shown, shown_labels


def _exchange(kept: Tensor, new: Tensor, slots: Tensor, enters: Tensor, leaves: Tensor) -> Tensor:
    """Put the rows that enter into their slots, in place; return ``new`` with the rows that left instead."""
    first, rest = new[: len(slots)], new[len(slots) :]
    old = kept[slots]
    kept[slots] = torch.where(_over_rows(enters, old), first, old)
    return torch.cat([torch.where(_over_rows(leaves, old), old, first), rest])


def _over_rows(mask: Tensor, like: Tensor) -> Tensor:
    return mask.view(-1, *(1 for _ in like.shape[1:]))
