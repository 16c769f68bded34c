"""What the ports of a deployable mean to this exporter: which sizes are free, and values to try."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganworks.deploy import Deployable, Port
from ganworks_exports._refusal import refused

NAN = "NaN"  # in a card
BATCH = "batch"  # the free size that every output begins with
BATCHES = (1, 2, 5)
SIDES = (24, 41, 67)  # about the sides at which free heights and widths are tried

Feed = Mapping[str, NDArray[Any]]
Sizes = Mapping[str, int]

_COUNTED = re.compile(r"(?:(\d+)\*)?([A-Za-z_]\w*)")  # 4*height


def check(deployable: Deployable) -> None:
    """Raise RunError for ports that this exporter cannot serve."""
    names = [port.name for port in (*deployable.inputs, *deployable.outputs)]
    if len(set(names)) < len(names):
        raise refused(f"two ports have one name among {', '.join(names)}")
    free = free_sizes(deployable)
    for port in (*deployable.inputs, *deployable.outputs):
        if any(size == BATCH for size in port.shape[1:]):
            raise refused(f"'{BATCH}' must come first, but {_describe(port)}")
    for port in deployable.outputs:
        if not is_batched(port):
            raise refused(f"an output needs '{BATCH}' as its first size, but {_describe(port)}")
        for size in port.shape:
            if isinstance(size, str) and _parsed(size)[1] not in free:
                raise refused(f"no input has the free size of '{size}', but {_describe(port)}")


def free_sizes(deployable: Deployable) -> dict[str, int]:
    """Return the names of the inputs' free sizes, and what each must be a multiple of."""
    return {
        size: port.multiples.get(size, 1)
        for port in deployable.inputs
        for size in port.shape
        if isinstance(size, str)
    }


def trials(deployable: Deployable) -> Iterator[Sizes]:
    """Yield sizes to try: every batch of `BATCHES`, with other heights and widths where those are free."""
    for number, batch in enumerate(BATCHES):
        free = {name: m for name, m in free_sizes(deployable).items() if name != BATCH}
        sides = {
            name: -(-SIDES[(number + place) % len(SIDES)] // multiple) * multiple
            for place, (name, multiple) in enumerate(free.items())
        }
        yield {BATCH: batch, **sides}


def shape_at(port: Port, sizes: Sizes) -> tuple[int, ...]:
    """Return the port's shape where the free sizes are ``sizes``."""
    return tuple(size if isinstance(size, int) else _counted(size, sizes) for size in port.shape)


def is_batched(port: Port) -> bool:
    """Tell whether the port has one row per sample (otherwise it is shared by all of them)."""
    return port.shape[:1] == (BATCH,)


def draw(port: Port, sizes: Sizes, rng: np.random.Generator) -> NDArray[Any]:
    """Return random values for an input: uniform over its range, else standard normal.

    Raises:
        RunError: an integer input has no range.
    """
    dtype, shape = np.dtype(port.dtype), shape_at(port, sizes)
    if port.low is None or port.high is None:
        if dtype.kind != "f":
            raise refused(f"the {dtype} input '{port.name}' declares no range (low, high)")
        return np.asarray(rng.standard_normal(shape)).astype(dtype)
    if dtype.kind == "f":
        return np.asarray(rng.uniform(port.low, port.high, shape)).astype(dtype)
    return np.asarray(rng.integers(int(port.low), int(port.high), shape, np.int64, endpoint=True)).astype(
        dtype
    )


def tried(deployable: Deployable, sizes: Sizes, rng: np.random.Generator) -> Feed:
    """Return values for every input at these sizes: rows of the examples where they have them, else `draw`.

    Raises:
        RunError: an integer input has no range.
    """
    found = {port.name: draw(port, sizes, rng) for port in deployable.inputs}
    for name, values in deployable.examples.items():
        if values.shape[1:] == found[name].shape[1:]:
            found[name] = values[rng.integers(0, len(values), len(found[name]))]
    return found


def feeds(deployable: Deployable, count: int, rows: int, seed: int) -> list[Feed]:
    """Return ``count`` feeds of ``rows`` rows: real ones where the deployable has examples.

    Inputs with a default that all rows share, such as truncation, have it in every other feed: what a program
    feeds most often.
    """
    rng = np.random.default_rng(seed)
    sizes = {**list(trials(deployable))[-1], BATCH: rows}
    found: list[Feed] = []
    for number in range(count):
        feed = {port.name: draw(port, sizes, rng) for port in deployable.inputs}
        for port in deployable.inputs:
            if port.default is not None and not is_batched(port) and number % 2 == 0:
                feed[port.name] = np.full(shape_at(port, sizes), port.default, port.dtype)
        for name, values in deployable.examples.items():
            feed[name] = values[rng.integers(0, len(values), rows)]
        found.append(feed)
    return found


def as_card(port: Port) -> dict[str, Any]:
    """Return the port as an embedding program reads it in the model's card.

    JSON has no NaN: a default of NaN is the text ``"NaN"``, which every language reads as that number.
    """
    fixed = {"name": port.name, "dtype": port.dtype, "shape": list(port.shape), "meaning": port.meaning}
    ranged = {} if port.low is None or port.high is None else {"low": port.low, "high": port.high}
    free = port.default is not None and math.isnan(port.default)
    more = {
        "default": NAN if free else port.default,
        "missing": True if free and port.missing else None,
        "multiples": dict(port.multiples),
        "categories": list(port.categories),
    }
    return {**fixed, **ranged, **{key: value for key, value in more.items() if value not in (None, {}, [])}}


def _counted(size: str, sizes: Sizes) -> int:
    factor, name = _parsed(size)
    return factor * sizes[name]


def _parsed(size: str) -> tuple[int, str]:
    match = _COUNTED.fullmatch(size)
    if match is None:
        raise refused(f"the size '{size}' is no name and no multiple of one, such as 4*height")
    return int(match[1] or 1), match[2]


def _describe(port: Port) -> str:
    return f"'{port.name}' has shape ({', '.join(map(str, port.shape))})"
