"""The generator as an embedding program wants it: from a seed and conditions to named columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ganworks.deploy import Deployable
from ganworks.latent.normal import seeded_normal
from ganworks.training import Sampler
from ganworks.views import seed_port
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.epochs import MISSING
from ganworks_tabular.deploying_numbers import Encoded, NumberEncoder, number_port, values_to_try
from ganworks_tabular.deploying_ports import FREE, condition_port, listed, output_ports
from ganworks_tabular.deploying_told import Told
from ganworks_tabular.preparation import Preparation

BOUND_ROWS = 20_000  # random ones, in which every place of a choice occurs


def deployable(
    preparation: Preparation, rates: Sequence[float], sampler: Sampler, card: Mapping[str, Any]
) -> Deployable:
    """Return what an exporter receives.

    Inputs: ``seed``; ``label``, the class or -1 for the real rates; for every other category column
    ``where_COLUMN``, the number of its value or -1; for every number column that no rule rewrites one too,
    the number itself or NaN. Outputs: one a column, keys and constants apart; a given number comes out as it
    is. A name that an input has already gets ``_`` behind it.
    """
    told = Told(preparation, rates)
    module = FromSeed(preparation, told, sampler)
    inputs = (
        seed_port("same seed and conditions, same row"),
        condition_port("label", "class number, -1: at the real rates", len(rates)),
        *(
            condition_port(
                f"where_{place.name}", f"{place.name}: {listed(place.texts)}; -1: free", len(place.texts)
            )
            for place in told.conditions
        ),
        *map(number_port, told.numbers),
    )
    outputs = output_ports(module, preparation, {port.name for port in inputs})
    examples = values_to_try(told.numbers)
    return Deployable(module=module, inputs=inputs, outputs=outputs, card=card, examples=examples)


class FromSeed(nn.Module):
    """Seeds and conditions to final columns, in the order of ``names``."""

    def __init__(self, preparation: Preparation, told: Told, sampler: Sampler) -> None:
        super().__init__()
        self.generator, self.latent, self.told = sampler.module(), sampler.latent, told
        self.encoder = NumberEncoder(told.numbers)
        codec = preparation.codec
        self.decoder, self.columns, self.constraints = codec.decoder(), codec.columns, preparation.constraints
        categories = [column for name in self.columns if isinstance(column := codec[name], CategoryColumn)]
        self.texts = {column.name: column.texts for column in categories}
        values: dict[str, Sequence[Any]] = {column.name: column.values for column in categories}
        if self.constraints.rules:
            values |= self.constraints.split_values(self.texts)
        # of categories that are whole numbers: a program wants 1, not '1'
        self.wholes = {name: _wholes(own) for name, own in values.items() if _are_whole(own)}
        seeds = torch.zeros(1, dtype=torch.int64)
        free = [torch.full((1,), FREE)] * len(told.conditions)
        free += [torch.full((1,), torch.nan, dtype=torch.float64)] * len(told.numbers)
        with torch.no_grad():
            self.names = tuple(self._columns(seeds, seeds, free))
            self.dtypes = {name: x.dtype for name, x in self._columns(seeds, seeds, free).items()}
            self.bounds = self._bounds(preparation)

    def forward(self, seed: Tensor, label: Tensor, *conditions: Tensor) -> tuple[Tensor, ...]:
        """int64 (rows,) each, numbers behind them float64 -> one tensor (rows,) a column."""
        return tuple(self._columns(seed, label, conditions).values())

    def _bounds(self, preparation: Preparation) -> dict[str, tuple[float, float]]:
        """The lowest and highest value of each column that is a number or a date, missing ones apart."""
        ends = [dict(zip(self.columns, self._ends(preparation, side), strict=True)) for side in (0, 1)]
        if self.constraints.rules:  # rising in every column: sums, gaps and limits
            ends = [self.constraints.inverse_tensors(end, self.texts) for end in ends]
        found = {name: (float(ends[0][name]), float(ends[1][name])) for name in ends[0]}
        known = {name: values[~values.isnan()] for name, values in self.wholes.items()}
        found |= {name: (float(x.min()), float(x.max())) for name, x in known.items() if len(x)}
        return {name: pair for name, pair in found.items() if pair[0] == pair[0]}  # NaN: never a value

    def _ends(self, preparation: Preparation, side: int) -> list[Tensor]:
        """One value a column, the lowest (side 0) or the highest; the places of categories as they are."""
        codec, found = preparation.codec, []
        spread = torch.randn(BOUND_ROWS, sum(codec.spans), generator=torch.Generator().manual_seed(0))
        starts = [sum(codec.spans[:part]) for part, width in enumerate(codec.spans) if width == 1]
        spread[::2, starts], spread[1::2, starts] = -1.0, 1.0
        for values in self.decoder(spread):
            known = values[(values != MISSING) if values.dtype == torch.int64 else ~values.isnan()]
            found.append((known.max() if side else known.min())[None] if len(known) else values[:1])
        return found

    def _columns(self, seed: Tensor, label: Tensor, conditions: Sequence[Tensor]) -> dict[str, Tensor]:
        normal = seeded_normal(seed, self.latent + 1)  # the last one draws the class
        uniform = (torch.erf(normal[:, -1] * 0.5**0.5) + 1) / 2
        choices = len(self.told.conditions)
        numbers = self.encoder(conditions[choices:]) if self.told.numbers else None
        told = self.told(label, conditions[:choices], numbers, uniform)
        rows = self.generator(normal[:, : self.latent], told).clamp(-1, 1)
        made = dict(zip(self.columns, self.decoder(rows), strict=True))
        if numbers:
            made |= self._kept(made, numbers)
        if self.constraints.rules:
            made = self.constraints.inverse_tensors(made, self.texts)
        return {name: self.wholes[name][x] if name in self.wholes else x for name, x in made.items()}

    def _kept(self, made: Mapping[str, Tensor], numbers: Encoded) -> dict[str, Tensor]:
        """Given numbers exactly: the generator has them as float32."""
        rows = zip(self.told.numbers, numbers.known.unbind(), numbers.exact.unbind(), strict=True)
        return {
            number.name: torch.where(known, exact.to(made[number.name].dtype), made[number.name])
            for number, known, exact in rows
        }


def _are_whole(values: Sequence[Any]) -> bool:
    return all(type(value) is int and abs(value) < 2**63 for value in values if value is not None)


def _wholes(values: Sequence[Any]) -> Tensor:
    """int64, or float64 with NaN where one is missing."""
    kind = torch.float64 if None in values else torch.int64
    return torch.tensor([torch.nan if value is None else value for value in values], dtype=kind)
