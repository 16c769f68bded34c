"""Conditions by the names of a table's columns, as the inputs of its model take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._contents import Port

Array = NDArray[Any]

SHOWN = 10  # values that a message lists


def conditions(
    card: Mapping[str, Any], inputs: Mapping[str, Port], where: Mapping[str, Any], rows: int
) -> dict[str, Array]:
    """Return an array (rows,) for the input of each column in ``where``.

    A value is a number of a number column, or a value of a category; None and NaN are missing.

    Raises:
        ValueError: the model takes no condition on a column, or the column has no such value.
    """
    return {
        f"where_{name}": np.full(rows, _input(card, inputs, name, value)) for name, value in where.items()
    }


def _input(card: Mapping[str, Any], inputs: Mapping[str, Port], name: str, value: Any) -> Any:
    if name == card.get("target"):
        raise ValueError(f"where: '{name}' is the class; give label={value!r}")
    port = inputs.get(f"where_{name}")
    if port is None:
        known = [one.removeprefix("where_") for one in inputs if one.startswith("where_")]
        raise ValueError(f"where: no condition on '{name}', but on {', '.join(known) or 'no column'}")
    missing = value is None or value != value  # NaN, too: of the input itself it would mean "free"
    values = card.get("values", {}).get(name)
    if values is not None:
        return _place(name, values, None if missing else value)
    if missing and not port.get("missing"):
        raise ValueError(f"where: '{name}' is never missing; give a number")
    if missing:
        return float("inf")
    if not isinstance(value, int | float | np.number) or np.isinf(value):
        raise ValueError(f"where: '{name}' takes a number, not {value!r}")
    return value


def _place(name: str, values: Sequence[str], value: Any) -> int:
    """The number of a value: 1 and 1.0 are the same, None is missing."""
    whole = isinstance(value, float) and value.is_integer()
    text = "" if value is None else str(int(value) if whole else value)
    if text in values:
        return values.index(text)
    shown = ", ".join(one or "missing" for one in values[:SHOWN]) + (", ..." if len(values) > SHOWN else "")
    raise ValueError(f"where: '{name}' is never {value!r}; it has {shown}")
