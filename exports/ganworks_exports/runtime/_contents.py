"""A file that has been checked, with its card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ._graph import Graph, parse
from ._limits import DEFAULT_LIMITS, Limits, ModelRefused

CARD_VERSION = "2"
NAN = "NaN"  # default of an input that is free where it is no number: JSON has none

Port = Mapping[str, Any]  # of a card: name, dtype, shape, meaning, and perhaps low, high, default, multiples


@dataclass(frozen=True)
class Contents:
    """What a file holds: the file itself, its graph and its card."""

    file: bytes
    graph: Graph
    card: dict[str, Any]

    @cached_property
    def intact(self) -> bool:
        """Whether the weights are those the card was written for.

        Tells damage and carelessness; whoever changes weights on purpose can change the card too, and the
        operators are not part of the hash: only a signature tells who wrote the file.
        """
        return bool(self.card["weights_sha256"] == _hash(self.graph))


def read(path: str | Path, limits: Limits = DEFAULT_LIMITS) -> Contents:
    """Check a file without onnxruntime and return what it holds; changed weights show in `Contents.intact`.

    Raises:
        ModelRefused: it is too large or damaged, was not exported by ganworks, keeps weights in other files,
            or uses operators that are not allowed.
        OSError: it cannot be read.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        models = sorted(path.glob("*.onnx")) or sorted(path.glob("model/*.onnx"))
        raise ModelRefused(f"{path}: it is no file" + (f"; there is {models[0]}" if models else ""))
    with path.open("rb") as stream:
        file = stream.read(limits.file_bytes + 1)
    try:
        return contents_of(file, limits)
    except ModelRefused as error:
        raise ModelRefused(f"{path}: {error}") from error


def contents_of(file: bytes, limits: Limits = DEFAULT_LIMITS) -> Contents:
    """The same for the bytes of a file.

    Raises:
        ModelRefused: see `read`.
    """
    if len(file) > limits.file_bytes:
        raise ModelRefused(f"it is larger than {limits.file_bytes} bytes")
    graph = parse(file, limits)
    return Contents(file, graph, _card(graph))


def weights_sha256(file: bytes) -> str:
    """Return the hash of all weights in the order of their names: name, type, shape and values.

    Raises:
        ModelRefused: the file is damaged, or not allowed for another reason than its card.
    """
    return _hash(parse(file, DEFAULT_LIMITS))


def _hash(graph: Graph) -> str:
    digest = hashlib.sha256()
    for name, weight in sorted(graph.weights.items()):
        digest.update(f"{name} {weight.dtype} {weight.shape}".encode())
        digest.update(weight.values)
    return digest.hexdigest()


def _card(graph: Graph) -> dict[str, Any]:
    if "card" not in graph.metadata:
        raise ModelRefused("no card: not exported by ganworks")
    version = graph.metadata.get("card_version", "")
    if version != CARD_VERSION:
        raise ModelRefused(
            f"its card has version {version[:20]!r}, not {CARD_VERSION!r}; export the model again"
        )
    try:
        card: dict[str, Any] = json.loads(graph.metadata["card"])
        inputs, outputs = (dict(map(_declared, card[key])) for key in ("inputs", "outputs"))
        texts = [card["view"], card["weights_sha256"], *card.get("classes", [])]
        if not all(isinstance(value, str) for value in texts) or not _are_tiles(card.get("tiles", {})):
            raise TypeError
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ModelRefused("its card cannot be read") from error
    if (inputs, outputs) != (graph.inputs, graph.outputs):
        raise ModelRefused("its card describes other inputs or outputs than it has")
    if not {"", "object"}.isdisjoint(inputs.values()):
        raise ModelRefused("it has an input that is no array of numbers")
    return card


def _declared(port: Port) -> tuple[str, str]:
    """Return a port's name and dtype, once what a `Model` computes with is known to be of the right type."""
    free = port.get("default") == NAN and str(port["dtype"]).startswith("float")
    keys = ("low", "high") if free else ("low", "high", "default")
    numbers = [port[key] for key in keys if port.get(key) is not None]
    multiples = list(port.get("multiples", {}).values())
    if (
        not all(type(size) in (int, str) for size in port["shape"])
        or not all(type(value) in (int, float) for value in numbers)
        or type(port.get("missing", False)) is not bool
        or not all(type(value) is int and value > 0 for value in multiples)
    ):
        raise TypeError
    return port["name"], "object" if port["dtype"] in ("string", "str") else port["dtype"]


def _are_tiles(tiles: Any) -> bool:
    """Tell whether a card says in numbers how an image may be cut: `multiple` and `halo`, in pixels."""
    multiple, halo = tiles.get("multiple", 1), tiles.get("halo")
    return type(multiple) is int and multiple > 0 and (halo is None or (type(halo) is int and halo >= 0))
