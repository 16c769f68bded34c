"""What an ONNX file holds, found with the field numbers of onnx.proto and without the onnx package."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ._limits import DOMAINS, OPERATORS, Limits, ModelRefused
from ._protobuf import Value, Wire, content, number, text

# ONNX's numbers of the types that are read; "object" stands for texts, as in NumPy
_DTYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "object"}
_DTYPES |= {9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64"}

# the field in which a weight keeps values one by one; int32_data for every type that is not named
_FLOATS, _INT32, _TEXTS, _INT64, _RAW, _DOUBLES, _UINT64 = 4, 5, 6, 7, 9, 10, 11
_FIELDS = {"float32": _FLOATS, "float64": _DOUBLES, "object": _TEXTS, "int64": _INT64}
_FIELDS |= {"uint32": _UINT64, "uint64": _UINT64}


@dataclass(frozen=True)
class Weight:
    """An initializer of the graph; a text is kept as its length, a blank and its bytes."""

    dtype: str
    shape: tuple[int, ...]
    values: bytes | memoryview


@dataclass
class Graph:
    """The parts of a file that are checked."""

    opsets: dict[str, int] = field(default_factory=dict)
    operators: set[str] = field(default_factory=set)  # also those of graphs inside
    inputs: dict[str, str] = field(default_factory=dict)  # name: dtype
    outputs: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    weights: dict[str, Weight] = field(default_factory=dict)


def parse(file: bytes, limits: Limits) -> Graph:
    """Return what a file holds.

    Raises:
        ModelRefused: it is damaged, is not complete in itself, or uses what is not allowed.
    """
    return _Parser(limits).model(memoryview(file))


class _Parser:
    def __init__(self, limits: Limits) -> None:
        self.depth = limits.depth
        self.wire = Wire(limits.entries)
        self.found = Graph()

    def model(self, data: Value) -> Graph:
        model = self.wire.message(data)
        if len(model[7]) != 1:
            raise ModelRefused(f"it is no ONNX file: it has {len(model[7])} graphs")
        if model[20] or model[25]:
            raise ModelRefused("it has functions or a training of its own")
        for entry in map(self.wire.message, model[8]):
            self.found.opsets[_standard(text(entry[1]))] = number(entry[2])
        for entry in map(self.wire.message, model[14]):
            self.found.metadata[text(entry[1])] = text(entry[2])
        self.graph(model[7][0], depth=0)
        return self.found

    def graph(self, data: Value, depth: int) -> None:
        if depth > self.depth:
            raise ModelRefused(f"it has graphs nested deeper than {self.depth}")
        graph = self.wire.message(data)
        if graph[15]:
            raise ModelRefused("it has sparse weights")
        for node in graph[1]:
            self.node(node, depth)
        weights = [self.weight(weight) for weight in graph[5]]
        if depth == 0:
            inputs, outputs = ([self.port(port) for port in graph[key]] for key in (11, 12))
            for named in (weights + inputs, outputs):
                if len({name for name, _ in named}) < len(named):
                    raise ModelRefused("it has two values of one name")
            self.found.weights = dict(weights)
            self.found.inputs, self.found.outputs = dict(inputs), dict(outputs)

    def node(self, data: Value, depth: int) -> None:
        node = self.wire.message(data)
        for name in node[1] + node[2] + node[3]:
            text([name])  # onnxruntime's Python part fails on other bytes
        operator = text(node[4])
        _standard(text(node[7]))
        if operator not in OPERATORS:
            raise ModelRefused(f"it uses the operator {operator[:80]!r}, which is not among those allowed")
        self.found.operators.add(operator)
        for attribute in map(self.wire.message, node[5]):
            if attribute[22] or attribute[23]:
                raise ModelRefused("it has sparse weights")
            for tensor in attribute[5] + attribute[10]:
                self.weight(tensor)
            for graph in attribute[6] + attribute[11]:
                self.graph(graph, depth + 1)

    def weight(self, data: Value) -> tuple[str, Weight]:
        tensor = self.wire.message(data)
        name, dtype = text(tensor[8]), _DTYPES.get(number(tensor[2]), "")
        shape = tuple(self.wire.integers(tensor[1]))
        if tensor[3] or tensor[13] or any(tensor[14]):
            raise ModelRefused(f"it keeps the weight {name[:80]!r} in another file; a model must be one file")
        if not dtype or len(shape) > 16 or min(shape, default=0) < 0:
            raise ModelRefused(f"the weight {name[:80]!r} has a type or shape that is not allowed")
        values, count = self.values(tensor, dtype)
        if count != math.prod(shape):
            raise ModelRefused(f"the weight {name[:80]!r} has {count:g} values for the shape {shape}")
        return name, Weight(dtype, shape, values)

    def values(self, tensor: Mapping[int, list[Value]], dtype: str) -> tuple[bytes | memoryview, float]:
        """Return the values as bytes, and how many there are."""
        place = _FIELDS.get(dtype, _INT32)
        stored = tensor[place] or tensor[_RAW]
        kept = [key for key in (_FLOATS, _INT32, _TEXTS, _INT64, _RAW, _DOUBLES, _UINT64) if tensor[key]]
        if kept not in ([], [place], [_RAW]) or (dtype == "object" and kept == [_RAW]):
            raise ModelRefused("it has a weight with values of another type")
        if dtype == "object":
            texts = [content([part]) for part in stored]
            return b"".join(f"{len(part)} ".encode() + part for part in texts), len(texts)
        values: bytes | memoryview
        if kept == [_RAW]:
            values = content(stored)
        elif place in (_FLOATS, _DOUBLES):  # packed or not, they stand there as in memory
            values = b"".join(part for part in stored if not isinstance(part, int))
        else:
            bits = "uint16" if dtype == "float16" else dtype
            values = np.array(self.wire.integers(stored), np.int64).astype(bits).tobytes()
        return values, len(values) / np.dtype(dtype).itemsize

    def port(self, data: Value) -> tuple[str, str]:
        port = self.wire.message(data)
        tensors = [tensor for kind in port[2] for tensor in self.wire.message(kind)[1]]
        kinds = [number(self.wire.message(tensor)[1]) for tensor in tensors]
        return text(port[1]), _DTYPES.get(kinds[0], "") if len(kinds) == 1 else ""


def _standard(domain: str) -> str:
    if domain not in DOMAINS:
        raise ModelRefused(f"it needs operators of {domain[:80]!r}; only those of ONNX itself are allowed")
    return domain
