"""Players for rows of a table: numbers and choices, any of which may be given."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks.blocks import Projection, at_least
from ganworks.networks.marginals import SPREAD, Marginals
from ganworks.space import SampleSpace
from ganworks.training.step import Judgement

NORMS: dict[str, type[nn.Module]] = {"layer": nn.LayerNorm, "batch": nn.BatchNorm1d}


class Givens(nn.Module):
    """Splits what a player is told into values and, for each channel, whether they are given.

    Told are (rows, channels + parts) as in `ganworks.space.space_of_givens`.
    """

    part_of: Tensor

    def __init__(self, space: SampleSpace) -> None:
        super().__init__()
        self.channels = space.channels
        parts = space.parts or (1,) * space.channels
        widths = torch.tensor(parts)
        places = torch.repeat_interleave(torch.arange(len(parts)), widths)
        self.register_buffer("part_of", places, persistent=False)

    def forward(self, told: Tensor) -> tuple[Tensor, Tensor]:
        """(rows, channels + parts) -> values (rows, channels), whether given (rows, channels), 0 or 1."""
        return told[:, : self.channels], told[:, self.channels :].index_select(1, self.part_of)


class RowGenerator(nn.Module):
    """(latent (rows, latent), told (rows, channels + parts)) -> rows (rows, channels); values given are kept.

    A residual perceptron. Without BatchNorm (``norm="layer"``) a row does not depend on its neighbours, also
    not in training. Choices are relaxed in training (Gumbel-softmax: Jang et al. 2017, eq. 2); in evaluation
    mode each is drawn from its probabilities by one uniform number, which comes from the last of the latents.
    The marginals are calibrated after training, see `Marginals`.

    Args:
        latent: normal numbers a row, of which as many as there are choices serve to draw those.
    """

    def __init__(
        self,
        space: SampleSpace,
        latent: int,
        *,
        width: int = 256,  # units of a hidden layer
        depth: int = 3,  # residual blocks of two layers
        norm: Literal["layer", "batch"] = "layer",
        temperature: float = 0.5,  # of the relaxed choices; towards 0 they become hard
    ) -> None:
        super().__init__()
        at_least(1, width=width)
        at_least(0, depth=depth)
        self.parts = space.parts or (1,) * space.channels
        self.temperature = temperature
        self.choices = sum(width > 1 for width in self.parts)
        if latent <= self.choices:
            raise ValueError(
                f"latent={latent} is too small: {self.choices} numbers draw the choices, take more"
            )
        self.givens = Givens(space)
        self.enter = nn.Linear(latent - self.choices + space.channels + len(self.parts), width)
        self.blocks = nn.ModuleList(_Block(width, norm) for _ in range(depth))
        self.leave = nn.Sequential(NORMS[norm](width), nn.SiLU(), nn.Linear(width, space.channels))
        self.marginals = Marginals(space)

    def forward(self, latent: Tensor, told: Tensor) -> Tensor:
        split = latent.shape[1] - self.choices
        scores = self.scores(latent[:, :split], told)
        if self.training:
            made = torch.cat([self._relaxed(part) for part in scores.split(self.parts, 1)], 1)
        else:
            made = self.marginals(scores, told, latent[:, split:])
        values, given = self.givens(told)
        return torch.where(given > 0, values, made)

    def scores(self, latent: Tensor, told: Tensor) -> Tensor:
        """Numbers, and logits of the choices, before anything is drawn: (rows, channels) float32."""
        h = self.enter(torch.cat([latent, told], 1))  # (rows, width)
        for block in self.blocks:
            h = h + block(h)
        scores: Tensor = self.leave(h).float()
        return scores

    def _relaxed(self, part: Tensor) -> Tensor:
        if part.shape[1] == 1:
            return part / SPREAD
        uniform = torch.rand_like(part).clamp(1e-6, 1 - 1e-6)
        return F.softmax((part - (-uniform.log()).log()) / self.temperature, 1)


class _Block(nn.Module):
    """norm, linear, SiLU, linear: what is added to a hidden layer, nothing at the start."""

    def __init__(self, width: int, norm: str) -> None:
        super().__init__()
        last = nn.Linear(width, width)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(NORMS[norm](width), nn.Linear(width, width), nn.SiLU(), last)

    def forward(self, h: Tensor) -> Tensor:
        added: Tensor = self.layers(h)
        return added


class RowDiscriminator(nn.Module):
    """(rows (rows, channels), told (rows, channels + parts)) -> one logit a row, or one a pack of rows.

    It sees the row and which of its parts were given, and is conditional on the class (the last part) by
    projection (Miyato and Koyama 2018, eq. 3). ``pack`` rows side by side are judged at once (PacGAN).
    Features: ``hidden`` (rows / pack, width).
    """

    def __init__(
        self,
        space: SampleSpace,
        *,
        width: int = 256,  # units of a hidden layer
        depth: int = 3,  # hidden layers
        dropout: float = 0.0,
        pack: int = 1,
    ) -> None:
        super().__init__()
        at_least(1, width=width, depth=depth, pack=pack)
        self.rows_per_judgement = self.rows_per_group = pack
        self.classes = space.parts[-1] if space.classes and pack == 1 else 0
        self.givens = Givens(space)
        parts = len(space.parts or (1,) * space.channels)
        sizes = [pack * (space.channels + parts), *[width] * depth]
        layers = [
            nn.Sequential(nn.Linear(i, o), nn.LeakyReLU(0.2), nn.Dropout(dropout)) for i, o in pairwise(sizes)
        ]
        self.hidden = nn.Sequential(*layers)
        # of shares instead of a label: where the class is not given, generated rows have probabilities
        table = nn.Linear(self.classes, width, bias=False) if self.classes else None
        self.head = Projection(nn.Linear(width, 1), table)

    def forward(self, x: Tensor, told: Tensor) -> Judgement:
        seen = torch.cat([x, told[:, self.givens.channels :]], 1)
        h = self.hidden(seen.reshape(len(x) // self.rows_per_judgement, -1))  # (rows / pack, width)
        return Judgement(self.head(h, x[:, -self.classes :]), {"hidden": h})
