"""What an input of a model is fed: its default, or a value that is known to fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._contents import NAN, Port

Array = NDArray[Any]


def default(port: Port, batch: int) -> Array | None:
    """Return the default of an input for so many rows, where it has one."""
    value = port.get("default")
    if value is None:
        return None
    return np.full(batch if port["shape"][:1] == ["batch"] else port["shape"], value, port["dtype"])


def fed(port: Port, value: ArrayLike | None) -> Array:
    """Return a value in the type of an input, once it is known to fit."""
    if value is None:
        raise ValueError(f"the input '{port['name']}' is missing: {port.get('meaning', '')}")
    given = np.asarray(value)
    if not np.can_cast(given.dtype, port["dtype"], "same_kind"):
        raise ValueError(f"the input '{port['name']}' must be {port['dtype']}, not {given.dtype}")
    asked = _asked(port, given)
    low, high = port.get("low"), port.get("high")
    if low is not None and high is not None and not ((asked >= low) & (asked <= high)).all():
        raise ValueError(f"the input '{port['name']}' must lie between {low} and {high}")
    if given.ndim != len(port["shape"]):
        shape = ", ".join(map(str, port["shape"]))
        raise ValueError(f"the input '{port['name']}' must have the shape ({shape}), not {given.shape}")
    return np.ascontiguousarray(given.astype(port["dtype"])).reshape(given.shape)


def _asked(port: Port, given: Array) -> Array:
    """Return what must lie in the range: where NaN is the default, what is neither free nor missing."""
    if port.get("default") != NAN:
        return given
    asked = given[~np.isnan(given)]
    asked = asked[asked != np.inf] if port.get("missing") else asked
    if np.isinf(asked).any():
        raise ValueError(f"the input '{port['name']}' must be finite, or NaN where it is free")
    return asked
