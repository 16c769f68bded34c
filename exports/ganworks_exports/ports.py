"""What the ports of a deployable mean to this exporter: which size is free, and values to try."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganworks.deploy import Deployable, Port
from ganworks_exports._refusal import refused

BATCH = "batch"  # the one free size

Feed = Mapping[str, NDArray[Any]]


def check(deployable: Deployable) -> None:
    """Raise RunError for ports that this exporter cannot serve."""
    for port in (*deployable.inputs, deployable.output):
        free = [(place, size) for place, size in enumerate(port.shape) if isinstance(size, str)]
        if free not in ([], [(0, BATCH)]):
            raise refused(f"only the first size may be free, as '{BATCH}', but {_describe(port)}")
    if not is_batched(deployable.output):
        raise refused(f"the output needs '{BATCH}' as its first size, but {_describe(deployable.output)}")


def is_batched(port: Port) -> bool:
    """Tell whether the port has one row per sample (otherwise it is shared by all of them)."""
    return port.shape[:1] == (BATCH,)


def draw(port: Port, rows: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return ``rows`` random values for an input: uniform over its range, else standard normal.

    Raises:
        RunError: an integer input has no range.
    """
    dtype = np.dtype(port.dtype)
    shape = [rows if size == BATCH else int(size) for size in port.shape]
    if port.low is None or port.high is None:
        if dtype.kind != "f":
            raise refused(f"the {dtype} input '{port.name}' declares no range (low, high)")
        return np.asarray(rng.standard_normal(shape)).astype(dtype)
    if dtype.kind == "f":
        return np.asarray(rng.uniform(port.low, port.high, shape)).astype(dtype)
    return np.asarray(rng.integers(int(port.low), int(port.high), shape, endpoint=True)).astype(dtype)


def as_card(port: Port) -> dict[str, Any]:
    """Return the port as an embedding program reads it in the model's card."""
    ranged = {} if port.low is None or port.high is None else {"low": port.low, "high": port.high}
    fixed = {"name": port.name, "dtype": port.dtype, "shape": list(port.shape), "meaning": port.meaning}
    return {**fixed, **ranged}


def _describe(port: Port) -> str:
    return f"'{port.name}' has shape ({', '.join(map(str, port.shape))})"
