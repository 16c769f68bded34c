"""The last step of a generator of table rows: scores to values, with marginals that can be put right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.space import SampleSpace

SPREAD = 4.0  # a number of 1 is so many standard deviations: normal scores divided by this lie in [-1, 1]
CELLS = 128  # of [-1, 1], in which the curve of a number is straight
ROUNDS = 30  # of the fixed-point iteration for the shares of a choice


class Wanted(NamedTuple):
    """What the marginals of one class should be."""

    quantiles: Tensor  # (levels, numbers): values in [-1, 1] at equally spaced ranks
    shares: Tensor  # (channels of all choices,): probabilities of the places of each choice
    edge: float = 0.0  # the ranks go from this to 1 - edge; beyond, a column goes on as it was made


class Marginals(nn.Module):
    """Turns scores into a row: numbers along a curve, choices drawn with a bias, both by class.

    Before `calibrate` the curves are straight and the biases 0. A curve is monotone and acts on one column:
    the order of its values, and so the dependence between columns, stays what the generator has learned.
    """

    curves: Tensor
    biases: Tensor
    numbers: Tensor
    drawn: Tensor
    nodes: Tensor

    def __init__(self, space: SampleSpace) -> None:
        super().__init__()
        self.parts = space.parts or (1,) * space.channels
        self.classes = self.parts[-1] if space.classes else 0
        single = torch.tensor([width == 1 for width in self.parts for _ in range(width)])
        numbers, drawn = single.nonzero()[:, 0], (~single).nonzero()[:, 0]
        straight = torch.linspace(-1, 1, CELLS + 1)
        count = max(self.classes, 1)
        self.register_buffer("numbers", numbers, persistent=False)
        self.register_buffer("drawn", drawn, persistent=False)
        self.register_buffer("nodes", straight, persistent=False)
        self.register_buffer("curves", straight.repeat(count, len(numbers), 1))
        self.register_buffer("biases", torch.zeros(count, len(drawn)))

    def forward(self, scores: Tensor, told: Tensor, noise: Tensor) -> Tensor:
        """Scores and what is told, normal numbers (rows, choices) -> rows (rows, channels)."""
        chosen, label = self._class(scores, told, noise)
        logits = scores.index_select(1, self.drawn) + self.biases[label]
        widths = [width for width in self.parts if width > 1]
        uniform = (torch.erf(noise * 0.5**0.5) + 1) / 2
        picks = [
            _picked(part, uniform[:, i : i + 1]) for i, part in enumerate(logits.split(widths, 1)) if widths
        ]
        if self.classes:
            picks[-1] = chosen
        numbers = self.on_curve(scores.index_select(1, self.numbers) / SPREAD, label)
        return self._in_order(numbers, picks)

    def on_curve(self, numbers: Tensor, label: Tensor) -> Tensor:
        """Values (rows, numbers) along the curves of each row's class (rows,); constant beyond them."""
        place = ((numbers + 1) * (CELLS / 2)).clamp(0, CELLS)
        cell = place.detach().floor().clamp(max=CELLS - 1)
        row = (label[:, None] * len(self.numbers) + torch.arange(len(self.numbers), device=label.device)) * (
            CELLS + 1
        )
        left = (row + cell.long()).reshape(-1)
        flat = self.curves.reshape(-1)
        low, high = (flat.index_select(0, left + step).view_as(place) for step in (0, 1))
        return low + (high - low) * (place - cell)

    @torch.no_grad()
    def calibrate(self, scores: Sequence[Tensor], wanted: Sequence[Wanted]) -> None:
        """Set curves and biases, so that rows of class i made of ``scores[i]`` have ``wanted[i]``.

        Args:
            scores: (rows, channels) a class: of `RowGenerator.scores`, where only the class is given.
            wanted: the marginals of each class.
        """
        for label, (one, want) in enumerate(zip(scores, wanted, strict=True)):
            ranks = torch.linspace(want.edge, 1 - want.edge, len(want.quantiles), device=one.device)
            numbers = one.index_select(1, self.numbers) / SPREAD
            if len(self.numbers):
                made = torch.quantile(numbers, ranks, dim=0)  # (levels, numbers)
                self.curves[label] = _curves(made, want.quantiles.to(one.device), self.nodes)
            self.biases[label] = self._biases(one.index_select(1, self.drawn), want.shares.to(one.device))

    def _biases(self, logits: Tensor, shares: Tensor) -> Tensor:
        """log(wanted / made) until the mean probabilities are those wanted; 0 for the class itself."""
        widths = [width for width in self.parts if width > 1]
        found = []
        for part, wanted in zip(logits.split(widths, 1), shares.split(widths), strict=True):
            odds, factor = F.softmax(part, 1), torch.ones_like(wanted)  # odds * factor, normed: with the bias
            for _ in range(ROUNDS):
                made = factor * (odds.T @ (odds @ factor).reciprocal()) / len(odds)
                factor = factor * wanted.clamp_min(1e-6) / made.clamp_min(1e-9)
                factor = factor / factor.mean()
            found.append(factor.log())
        if self.classes:
            found[-1] = torch.zeros_like(found[-1])
        return torch.cat(found) if found else logits.new_zeros(0)

    def _class(self, scores: Tensor, told: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """The choice of the class (rows, classes) and its place (rows,): as given, or else drawn."""
        if not self.classes:
            return scores[:, :0], torch.zeros(scores.shape[0], dtype=torch.int64, device=scores.device)
        given = told[:, -1:] > 0
        values = told[:, len(self.numbers) + len(self.drawn) - self.classes :][:, : self.classes]
        uniform = (torch.erf(noise[:, -1:] * 0.5**0.5) + 1) / 2
        chosen = torch.where(given, values, _picked(scores[:, -self.classes :], uniform))
        return chosen, chosen.argmax(1)

    def _in_order(self, numbers: Tensor, picks: list[Tensor]) -> Tensor:
        """Parts side by side as the row has them: (rows, channels)."""
        if not picks:
            return numbers
        order = torch.cat([self.numbers, self.drawn]).argsort()
        return torch.cat([numbers, *picks], 1).index_select(1, order)


def _picked(logits: Tensor, uniform: Tensor) -> Tensor:
    """One-hot (rows, places): the place in which a uniform number (rows, 1) falls, by the probabilities."""
    below = (F.softmax(logits, 1).cumsum(1)[:, :-1] < uniform).sum(1)
    return F.one_hot(below, logits.shape[1]).to(logits.dtype)


def _curves(made: Tensor, wanted: Tensor, nodes: Tensor) -> Tensor:
    """Monotone curves (numbers, nodes) from the quantiles made to those wanted, both (levels, numbers)."""
    columns = [_interpolated(nodes, x.contiguous(), y) for x, y in zip(made.T, wanted.T, strict=True)]
    return torch.stack(columns)


def _interpolated(at: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Piecewise linear through (x, y), x not falling; beyond its ends with slope 1, inside [-1, 1]."""
    high = torch.searchsorted(x, at).clamp(1, len(x) - 1)
    low = high - 1
    share = ((at - x[low]) / (x[high] - x[low]).clamp_min(1e-12)).clamp(0, 1)
    beyond = (at - x[-1]).clamp_min(0) + (at - x[0]).clamp_max(0)
    return (y[low] + (y[high] - y[low]) * share + beyond).clamp(-1, 1)
