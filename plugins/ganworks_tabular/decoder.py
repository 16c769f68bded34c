"""From rows of the model to values of the table: one module, in Python and in an exported graph alike.

It is made of Gather, a straight line between two points, ArgMax and rounding, and works column by column
in memory (columns, rows), so that each column's table stays in the processor's nearest cache.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.datetime import WEEKDAY_OF_EPOCH, DatetimeColumn
from ganworks_tabular.columns.epochs import MISSING
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.number_map import CELLS, NumberMap
from ganworks_tabular.columns.number_parts import NumberParts
from ganworks_tabular.columns.parts import ColumnCodec

Numbers = list[Tensor]  # one (rows,) float64 a number part
Choices = list[Tensor]  # one (rows,) int64 a choice part


class Decoder(nn.Module):
    """Rows (n, sum of widths) float32 to one tensor (n,) a column.

    Numbers are float64 with NaN for missing, or int64 where the column holds whole numbers and none is
    missing; categories are int64 places in ``TableCodec.texts``; datetimes are int64 epochs in the unit of
    the column, UTC where it has a zone, and the smallest int64 for missing.
    """

    def __init__(self, columns: Sequence[ColumnCodec]) -> None:
        super().__init__()
        self.numbers = NumberTables([part for column in columns for part in column.maps], _starts(columns))
        widths = [width for column in columns for width in column.widths]
        ends = np.cumsum(widths).tolist()
        self.choices = [(end - width, end) for end, width in zip(ends, widths, strict=True) if width > 1]
        self.heads = nn.ModuleList(head_of(column) for column in columns)
        self.counts = [(len(column.maps), sum(w > 1 for w in column.widths)) for column in columns]

    def forward(self, rows: Tensor) -> tuple[Tensor, ...]:
        """(n, sum of widths) -> one tensor (n,) a column, in the order of ``TableCodec.columns``."""
        numbers = self.numbers(rows)
        choices = [rows[:, start:end].argmax(1) for start, end in self.choices]
        found = []
        for head, (number_count, choice_count) in zip(self.heads, self.counts, strict=True):
            found.append(head(numbers[:number_count], choices[:choice_count]))
            numbers, choices = numbers[number_count:], choices[choice_count:]
        return tuple(found)


def _starts(columns: Sequence[ColumnCodec]) -> list[int]:
    widths = [width for column in columns for width in column.widths]
    starts = np.cumsum([0, *widths[:-1]]).tolist()
    return [start for start, width in zip(starts, widths, strict=True) if width == 1]


class NumberTables(nn.Module):
    """All number parts at once: look up the two table values around v, draw the line, round."""

    places: Tensor
    offsets: Tensor
    table: Tensor
    rounding: Tensor

    def __init__(self, maps: Sequence[NumberMap], starts: Sequence[int]) -> None:
        super().__init__()
        order = sorted(
            range(len(maps)), key=lambda part: maps[part].rounding is not None
        )  # rounded ones last
        self.back = [order.index(part) for part in range(len(maps))]
        self.plain = sum(one.rounding is None for one in maps)
        tables = np.stack([maps[part].table for part in order]) if maps else np.zeros((0, CELLS + 1))
        rises = np.diff(tables, axis=1, append=tables[:, -1:])
        rounding = [(r.scale, r.step, r.phase) for part in order if (r := maps[part].rounding)]
        self.register_buffer("places", torch.tensor([starts[part] for part in order], dtype=torch.int64))
        self.register_buffer("offsets", torch.arange(len(maps)).reshape(-1, 1) * (CELLS + 1))
        self.register_buffer("table", torch.from_numpy(np.stack([tables, rises], 2).reshape(-1, 2)))
        self.register_buffer("rounding", torch.tensor(rounding, dtype=torch.float64).reshape(-1, 3, 1))

    def forward(self, rows: Tensor) -> Numbers:
        """(n, sum of widths) -> one (n,) float64 a number part."""
        if not self.back:
            return []
        v = rows.t().index_select(0, self.places).double().clamp(-1, 1)  # (parts, n)
        at = (v + 1) * (CELLS / 2)
        cell = at.floor()
        low, rise = F.embedding(cell.long() + self.offsets, self.table).unbind(2)
        y = low + (at - cell) * rise  # at v = 1 the rise is 0
        found = list(y[: self.plain].unbind(0))
        if self.plain < len(self.back):
            scale, step, phase = self.rounding.unbind(1)  # (rounded parts, 1)
            k = ((y[self.plain :] * scale - phase) / step).round()
            found += ((phase + k * step) / scale).unbind(0)
        return [found[place] for place in self.back]


def head_of(column: ColumnCodec) -> nn.Module:
    """Return the module that makes one column from its numbers and choices."""
    if isinstance(column, NumberColumn):
        return NumberHead(column.parts, integer=column.integer)
    if isinstance(column, CategoryColumn):
        return CategoryHead(column)
    assert isinstance(column, DatetimeColumn)
    return DatetimeHead(column)


class NumberHead(nn.Module):
    """A number, an atom, or the one or the other as the choice says."""

    atoms: Tensor
    support: Tensor

    def __init__(self, parts: NumberParts, *, integer: bool = False) -> None:
        super().__init__()
        self.mapped, self.chosen, self.integer = parts.map is not None, len(parts.atoms) > 0, integer
        if self.mapped:
            atoms = np.concatenate([[0.0], parts.atoms])  # place 0 is "a number"
        else:
            atoms = np.resize(parts.atoms, max(len(parts.atoms), 2))
        self.register_buffer("atoms", torch.from_numpy(atoms))
        self.supported = parts.support is not None
        self.register_buffer("support", torch.from_numpy(parts.support if self.supported else np.zeros(1)))

    def forward(self, numbers: Numbers, choices: Choices) -> Tensor:
        if not self.mapped:
            value = self.atoms[choices[0]]
        else:
            value = self.support[numbers[0].to(torch.int64)] if self.supported else numbers[0]
            if self.chosen:
                value = torch.where(choices[0] == 0, value, self.atoms[choices[0]])
        return value.to(torch.int64) if self.integer else value


class CategoryHead(nn.Module):
    """The place of the choice; "other" becomes a place of the tail."""

    def __init__(self, column: CategoryColumn) -> None:
        super().__init__()
        self.other, self.tailed, self.last = column.other, column.tail is not None, len(column.values) - 1

    def forward(self, numbers: Numbers, choices: Choices) -> Tensor:
        place = choices[0]
        if self.tailed:
            tail = numbers[0].to(torch.int64) + self.other
            return torch.where(place == self.other, tail, place)
        return place.clamp(max=self.last)  # a lone value fills both places


class DatetimeHead(nn.Module):
    """The day nearest to the number that is the chosen weekday, and the time of day."""

    weekdays: Tensor

    def __init__(self, column: DatetimeColumn) -> None:
        super().__init__()
        self.day = NumberHead(column.day)
        self.day_counts = (len(column.day.maps), int(len(column.day.atoms) > 0))
        self.time = NumberHead(column.time) if column.time else None
        self.register_buffer("weekdays", torch.tensor(column.weekdays, dtype=torch.int64))
        self.weekly = bool(column.weekdays)
        self.low, self.high = column.low, column.high
        self.per_day, self.offset, self.fixed = column.clock.per_day, column.offset, column.fixed_time

    def forward(self, numbers: Numbers, choices: Choices) -> Tensor:
        number_count, choice_count = self.day_counts
        found = self.day(numbers[:number_count], choices[:choice_count])
        blank = torch.isnan(found)
        day = torch.where(blank, torch.zeros_like(found), found).to(torch.int64)
        choices = choices[choice_count:]
        if self.weekly:
            day = self._on_weekday(day, self.weekdays[choices[0]])
            choices = choices[1:]
        time = self.time(numbers[number_count:], choices).to(torch.int64) if self.time else self.fixed
        epoch = day * self.per_day + time - self.offset
        return torch.where(blank, torch.full_like(epoch, MISSING), epoch)

    def _on_weekday(self, day: Tensor, weekday: Tensor) -> Tensor:
        away = torch.remainder(weekday - day - WEEKDAY_OF_EPOCH + 3, 7) - 3  # -3..3 days
        day = day + away
        day = torch.where(day > self.high, day - 7, day)
        return torch.where(day < self.low, day + 7, day)
