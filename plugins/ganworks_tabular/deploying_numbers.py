"""Numbers that a program gives an exported table: which columns take them, what the generator is told."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.deploy import Port
from ganworks_tabular.columns.casting import integer_limits, is_integer
from ganworks_tabular.columns.decimals import EXACT
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.pieces import Pieces
from ganworks_tabular.preparation import Preparation

LARGEST = sys.float_info.max
TRIED, SHARE = 512, 0.25  # rows of values to try, and how many of them are given


class GivenNumber(NamedTuple):
    """A number column that a program may give.

    ``number``, ``choice``: where these lie among the parts of a row, None: it has none.
    ``decimals``: how many its type holds, None: any. ``low`` and ``high``: of its type and its rules.
    """

    name: str
    pieces: Pieces
    number: int | None
    choice: int | None
    decimals: int | None
    low: float
    high: float
    missing: bool


class Encoded(NamedTuple):
    """Of each column and row, (columns, rows)."""

    known: Tensor  # bool: it is given
    exact: Tensor  # float64 as the column's type holds it, NaN where given as missing; 0 where not given
    v: Tensor  # float32, 0 where not given
    place: Tensor  # float32, in the choice; -1 where not given


def givable_numbers(preparation: Preparation) -> list[GivenNumber]:
    """The number columns of the user's table that no rule rewrites and that have a value."""
    own, codec = {column.name for column in preparation.schema.columns}, preparation.codec
    fitted = [codec[name] for name in codec.columns if name in own]
    return [
        _given(column, preparation)
        for column in fitted
        if isinstance(column, NumberColumn) and (column.parts.map or len(column.parts.values))
    ]


def number_port(number: GivenNumber) -> Port:
    """Its input (batch,): NaN where it is free, infinity where it is given as missing."""
    limited = not (math.isinf(number.low) and math.isinf(number.high))
    kind = {None: "number", 0: "whole number"}.get(number.decimals, f"number of {number.decimals} decimals")
    missing = "; infinity: missing" if number.missing else ""
    return Port(
        name=f"where_{number.name}",
        dtype="float64",
        shape=("batch",),
        meaning=f"{number.name}: a {kind}{missing}; NaN: free",
        low=max(number.low, -LARGEST) if limited else None,
        high=min(number.high, LARGEST) if limited else None,
        default=math.nan,
        missing=number.missing,
    )


def values_to_try(numbers: Sequence[GivenNumber]) -> Mapping[str, NDArray[np.float64]]:
    """Inputs (rows,) by name, mostly free, else of every piece: what an exporter checks a model with."""
    random = np.random.default_rng(0)
    found = {}
    for number in numbers:
        nodes = number.pieces.nodes[np.isfinite(number.pieces.nodes)]
        nodes = nodes if len(nodes) else np.zeros(1)
        reach = nodes[-1] - nodes[0] + 1
        between = (nodes[1:] + nodes[:-1]) / 2
        values = np.concatenate([nodes, between, [nodes[0] - reach, nodes[-1] + reach]])
        values = np.append(np.clip(values, number.low, number.high), [np.inf] * number.missing)
        free = random.random(TRIED) >= SHARE
        found[f"where_{number.name}"] = np.where(free, np.nan, random.choice(values, TRIED))
    return found


class NumberEncoder(nn.Module):
    """Values of several columns as what the generator is told: one search in all tables at once.

    The search is made of Gather and comparisons, since ONNX has no operator for it.
    """

    nodes: Tensor
    lines: Tensor
    limits: Tensor
    units: Tensor
    missing: Tensor
    starts: Tensor

    def __init__(self, numbers: Sequence[GivenNumber]) -> None:
        super().__init__()
        tables = [number.pieces for number in numbers]
        self.size = max((len(one.nodes) for one in tables), default=0)
        nodes = np.full((len(tables), self.size + 2), np.inf)  # one more before and behind
        lines = np.zeros((len(tables), self.size + 2, 3), dtype=np.float32)
        for row, one in enumerate(tables):
            nodes[row, 1 : len(one.nodes) + 1] = one.nodes
            lines[row, : len(one.base)] = np.stack([one.base, one.rise, one.place], 1)
            lines[row, len(one.base) :] = lines[row, len(one.base) - 1]
        limits = [(number.low, number.high) for number in numbers]
        units = [_units(number.decimals) for number in numbers]
        self.register_buffer("nodes", torch.from_numpy(nodes.reshape(-1, 1)))
        self.register_buffer("lines", torch.from_numpy(lines.reshape(-1, 3)))
        self.register_buffer("limits", torch.tensor(limits, dtype=torch.float64).reshape(-1, 2, 1))
        self.register_buffer("units", torch.tensor(units, dtype=torch.float64).reshape(-1, 2, 1))
        self.register_buffer("missing", torch.tensor([[number.missing] for number in numbers]))
        self.register_buffer("starts", torch.arange(len(tables)).reshape(-1, 1) * (self.size + 2))

    def forward(self, values: Sequence[Tensor]) -> Encoded:
        """float64 (rows,) a column, NaN where free, infinity where missing."""
        x = torch.stack(list(values))  # (columns, rows)
        known = (x.abs() < torch.inf) | ((x == torch.inf) & self.missing)
        exact, v, place = self._asked(x, known.any()).reshape(3, *x.shape).unbind()
        v, place = torch.where(known, v, 0.0).float(), torch.where(known, place, -1.0).float()
        return Encoded(known, exact, v, place)

    def _asked(self, x: Tensor, any_known: Tensor) -> Tensor:
        """`_encoded`; a graph leaves the search out where nothing is given.

        Flat, since torch cannot export a branch over tensors whose strides depend on the rows.
        """
        if not torch.compiler.is_exporting():
            return self._encoded(x.flatten())
        found: Tensor = torch.cond(any_known, self._encoded, _nothing, (x.flatten(),))
        return found

    def _encoded(self, x: Tensor) -> Tensor:
        """(columns * rows,) -> (3 * columns * rows,): exact, v, place; anything where nothing is given."""
        x = self._held(torch.where(x.abs() >= 0, x, 0.0).reshape(len(self.starts), -1))
        piece = self._piece(x)
        base, rise, place = F.embedding(piece, self.lines).unbind(2)
        start, end = (F.embedding(piece + side, self.nodes).squeeze(2) for side in (0, 1))
        line = base + ((x - start) / (end - start)).float() * rise
        exact = torch.where(x == torch.inf, torch.nan, x)
        return torch.stack([exact, torch.where(rise == 0, base, line).double(), place.double()]).flatten()

    def _held(self, x: Tensor) -> Tensor:
        """As the type of the column holds it: rounded to its decimals, within its limits."""
        scale, exact = self.units.unbind(1)
        low, high = self.limits.unbind(1)
        rounded = torch.where(x.abs() < exact, (x * scale).round() / scale, x)
        return torch.where(x == torch.inf, x, torch.minimum(torch.maximum(rounded, low), high))

    def _piece(self, x: Tensor) -> Tensor:
        """The piece that each value lies in, counted over all columns: the first of column j is starts[j]."""
        place, left = torch.zeros_like(x, dtype=torch.int64) + self.starts, self.size
        while left > 0:  # halves what is left, for all values alike
            half = max(left // 2, 1)
            below = F.embedding(place + half, self.nodes).squeeze(2) <= x
            place, left = place + below.long() * half, left - half
        return place


def _nothing(x: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(x)] * 3)


def _given(column: NumberColumn, preparation: Preparation) -> GivenNumber:
    start = preparation.codec.parts[column.name][0]
    choice = start + (column.parts.map is not None) if len(column.widths) > 1 or not column.maps else None
    low, high = integer_limits(column.dtype) if is_integer(column.dtype) else (-math.inf, math.inf)
    decimals = 0 if is_integer(column.dtype) else column.decimals
    rule = preparation.constraints.numbers.get(column.name)
    if rule is not None:  # one that builds on the column, or limits it
        decimals = rule.decimals if decimals is None else decimals
        low = low if rule.low is None else max(low, rule.low)
        high = high if rule.high is None else min(high, rule.high)
    number = start if column.maps else None
    pieces, missing = Pieces.of(column.parts), column.parts.missing
    return GivenNumber(column.name, pieces, number, choice, decimals, low, high, missing)


def _units(decimals: int | None) -> tuple[float, float]:
    """Units of the last decimal in 1, and the number from which on float64 has none of them."""
    return (1.0, 0.0) if decimals is None else (10.0**decimals, EXACT / 10.0**decimals)
