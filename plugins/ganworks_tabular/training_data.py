"""The training part of a table as the loop draws it: codes in memory, rows one batch at a time."""

from __future__ import annotations

import torch
from torch import Tensor

from ganworks.data import PartlyGiven
from ganworks.networks.marginals import SPREAD, Wanted
from ganworks.space import SampleSpace
from ganworks_tabular.codec import Codes, TableCodec

MOST_LEVELS = 201  # quantiles to which a column is calibrated; fewer for small classes
ROWS_A_LEVEL = 10  # so that no single record shows
CALIBRATION_ROWS = 20_000  # of each class


class CodedRows:
    """The rows of a table, a `ganworks.data.Dataset`."""

    def __init__(self, codec: TableCodec, codes: Codes, classes: tuple[str, ...]) -> None:
        self.codec, self.codes = codec, codes
        self.space = SampleSpace(channels=sum(codec.spans), size=(), classes=classes, parts=codec.spans)
        self.labels = codes.choices[:, -1].long()
        starts = torch.tensor([0, *codec.spans]).cumsum(0)
        self._gated = starts[[gate.number for gate in codec.gates]]
        self._open = starts[[gate.choice for gate in codec.gates]] + torch.tensor(
            [gate.place for gate in codec.gates], dtype=torch.int64
        )

    @classmethod
    def empty(cls, codec: TableCodec) -> CodedRows:
        """No rows: what sizes a recipe where a trained one is loaded."""
        numbers = sum(width == 1 for width in codec.spans)
        choices = torch.zeros(0, len(codec.spans) - numbers, dtype=torch.int32)
        return cls(codec, Codes(torch.zeros(0, numbers), choices), codec.schema.classes)

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, index: Tensor) -> Tensor:
        """Rows (batch, channels) float32: numbers in [-1, 1], choices one-hot.

        A number that means nothing beside the place of its choice is a random one: a constant would have to
        be learned, and would be a second way to say the choice.
        """
        rows = self.codec.expand(self.codes, index)
        noise = (torch.randn(len(rows), len(self._gated)) / SPREAD).clamp(-1, 1)
        rows[:, self._gated] = torch.where(rows[:, self._open] > 0, rows[:, self._gated], noise)
        return rows

    def of_class(self, label: int, most: int = CALIBRATION_ROWS) -> Tensor:
        """Up to ``most`` rows of a class, evenly spread over the table."""
        index = torch.nonzero(self.labels == label)[:, 0]
        if len(index) > most:
            index = index[torch.linspace(0, len(index) - 1, most).long()]
        return self.rows(index)

    def rates(self) -> tuple[float, ...]:
        """The share of each class."""
        counts = torch.bincount(self.labels, minlength=len(self.space.classes)).double()
        return tuple((counts / counts.sum()).tolist())

    def partly_given(self, share: float = 0.15) -> PartlyGiven:
        """The rows as a generator learns to complete them."""
        return PartlyGiven(self, [len(self.codec.parts[name]) for name in self.codec.columns], share)

    def marginals(self) -> list[Wanted]:
        """What the marginals of each class should be."""
        return [self._marginals(label) for label in range(len(self.space.classes))]

    def _marginals(self, label: int) -> Wanted:
        rows = self.of_class(label)
        single = torch.tensor([width == 1 for width in self.codec.spans for _ in range(width)])
        levels = min(max(len(rows) // ROWS_A_LEVEL, 2), MOST_LEVELS)
        numbers = rows[:, single].double()
        edge = min(ROWS_A_LEVEL / 2 / max(len(rows), 1), 0.25)
        ranks = torch.linspace(edge, 1 - edge, levels, dtype=torch.float64)
        quantiles = torch.quantile(numbers, ranks, dim=0) if numbers.shape[1] else numbers[:levels]
        return Wanted(quantiles.float(), rows[:, ~single].mean(0), edge)
