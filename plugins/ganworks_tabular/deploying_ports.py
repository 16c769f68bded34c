"""The ports of an exported table: their names, ranges and meanings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ganworks.deploy import Port
from ganworks_tabular.columns.casting import texts as as_texts
from ganworks_tabular.columns.epochs import UNITS, Clock
from ganworks_tabular.preparation import Preparation

if TYPE_CHECKING:
    from ganworks_tabular.deploying import FromSeed

FREE = -1  # of a condition: not given


def condition_port(name: str, meaning: str, count: int) -> Port:
    """An input (batch,): the number of a value out of ``count``, -1 where it is not given."""
    return Port(
        name=name, dtype="int64", shape=("batch",), meaning=meaning, low=FREE, high=count - 1, default=FREE
    )


def output_ports(module: FromSeed, preparation: Preparation, taken: Collection[str]) -> tuple[Port, ...]:
    """The outputs of ``module`` in its order, each named like its column.

    A name in ``taken`` gets ``_`` behind it until no input and no column has it.
    """
    return _renamed([_output(name, module, preparation) for name in module.names], taken)


def _output(name: str, module: FromSeed, preparation: Preparation) -> Port:
    splits = preparation.constraints.split_values(module.texts) if preparation.constraints.rules else {}
    found = as_texts(splits[name]) if name in splits else module.texts.get(name, ())
    found = () if name in module.wholes else found
    column = preparation.schema[name]
    meaning = "missing: NaN" if module.dtypes[name].is_floating_point else "whole numbers"
    if column.kind == "datetime":
        clock = Clock.of(column.dtype, column.form)
        since = f"{UNITS[clock.unit]} since 1970-01-01" + (" UTC" if clock.zone else "")
        meaning = f"{column.dtype}: {since}; missing: the smallest number"
    low, high = module.bounds.get(name, (None, None)) if not found else (None, None)
    return Port(
        name=name,
        low=low,
        high=high,
        missing=not found and module.dtypes[name].is_floating_point,
        dtype="str" if found else str(module.dtypes[name]).removeprefix("torch."),
        shape=("batch",),
        meaning="missing: empty" if found else meaning,
        categories=tuple(found),
    )


def _renamed(ports: Sequence[Port], taken: Collection[str]) -> tuple[Port, ...]:
    used = {*taken, *(port.name for port in ports if port.name not in taken)}
    found = []
    for port in ports:
        name = port.name
        while name in taken or (name != port.name and name in used):
            name += "_"
        used.add(name)
        found.append(replace(port, name=name))
    return tuple(found)


def listed(texts: Sequence[str]) -> str:
    """The first values, each with its number."""
    shown = [f"{place} {text or 'missing'}" for place, text in enumerate(texts[:20])]
    return ", ".join(shown) + (" ..." if len(texts) > 20 else "")
