"""What a program gives of the rows of an exported table, as the generator is told it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.deploying_numbers import Encoded, givable_numbers
from ganworks_tabular.preparation import Preparation


@dataclass(frozen=True)
class Place:
    """A category column that a program may give: where its choice lies in a row."""

    name: str
    texts: tuple[str, ...]
    start: int  # its first channel
    width: int  # channels: one a value, but two for a lone value
    part: int


class Told(nn.Module):
    """Writes what a generator is told: (rows, channels + parts)."""

    limits: Tensor
    order: Tensor
    owners: Tensor
    places: Tensor

    def __init__(self, preparation: Preparation, rates: Sequence[float]) -> None:
        super().__init__()
        codec = preparation.codec
        self.spans, self.starts = codec.spans, [sum(codec.spans[:part]) for part, _ in enumerate(codec.spans)]
        self.conditions = [
            self._place(name, codec.texts(name), codec.parts[name][0])
            for name in codec.columns[:-1]
            if _givable(codec[name], preparation)
        ]
        self.target = self._place(codec.columns[-1], (), len(codec.spans) - 1)
        self.numbers = givable_numbers(preparation)
        chosen = [(row, one.choice) for row, one in enumerate(self.numbers) if one.choice is not None]
        owners = [row for row, part in chosen for _ in range(self.spans[part])]
        self.register_buffer("owners", torch.tensor(owners, dtype=torch.int64))
        self.register_buffer(
            "places", torch.tensor([float(place) for _, part in chosen for place in range(self.spans[part])])
        )
        self.register_buffer("order", torch.tensor(self._order()))
        self.register_buffer("limits", torch.tensor(rates).double().cumsum(0)[:-1].float())

    def forward(
        self, label: Tensor, conditions: Sequence[Tensor], numbers: Encoded | None, uniform: Tensor
    ) -> Tensor:
        """Class numbers and numbers of values (rows,), -1 where free; ``uniform`` (rows,) draws the class.

        Beside other conditions a free class follows from those.
        """
        drawn = (self.limits < uniform[:, None]).sum(1)
        given = torch.zeros_like(label) > 0
        for known in [condition >= 0 for condition in conditions]:
            given = given | known
        blocks = []
        if numbers:
            given = given | numbers.known.any(0)
            blocks = self._blocks(numbers)
        label = torch.where((label < 0) & ~given, drawn, label)
        for place, chosen in zip((*self.conditions, self.target), (*conditions, label), strict=True):
            flag = (chosen >= 0).float()[:, None]
            blocks += [F.one_hot(chosen.clamp(min=0), place.width).float() * flag, flag]
        return torch.cat([*blocks, torch.zeros_like(uniform)[:, None]], 1).index_select(1, self.order)

    def _blocks(self, numbers: Encoded) -> list[Tensor]:
        """(rows, columns) their numbers, (rows, places) their choices, (rows, columns) whether given."""
        found = [numbers.v.t(), numbers.known.t().float()]
        if len(self.owners):
            found.insert(1, (numbers.place.t().index_select(1, self.owners) == self.places).float())
        return found

    def _order(self) -> list[int]:
        """For each channel and each part, the column of the blocks that says it; the last one is zero."""
        found, at, flags = dict[int, int](), len(self.numbers), sum(self.spans)
        for row, one in enumerate(self.numbers):
            if one.number is not None:
                found[self.starts[one.number]] = row
            if one.choice is not None:
                width = self.spans[one.choice]
                found |= {self.starts[one.choice] + place: at + place for place in range(width)}
                at += width
        for one in self.numbers:
            found |= {flags + part: at for part in (one.number, one.choice) if part is not None}
            at += 1
        for place in (*self.conditions, self.target):
            found |= {place.start + number: at + number for number in range(place.width)}
            found[flags + place.part] = at + place.width
            at += place.width + 1
        return [found.get(target, at) for target in range(flags + len(self.spans))]

    def _place(self, name: str, texts: tuple[str, ...], part: int) -> Place:
        return Place(name, texts, self.starts[part], self.spans[part], part)


def _givable(column: Any, preparation: Preparation) -> bool:
    own = any(column.name == one.name for one in preparation.schema.columns)
    return own and isinstance(column, CategoryColumn) and column.tail is None
