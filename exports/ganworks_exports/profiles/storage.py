"""Weights stored in fewer bytes and decoded in the graph: the computation stays in float32.

The decoding nodes (Cast, Mul) read constants only, so onnxruntime runs them once, while it loads the file: a
loaded model has the speed and the memory of the original. DequantizeLinear would say the same, but
onnxruntime keeps that in the graph and decodes on every call.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ganworks_exports.profiles._folding import folded
from ganworks_exports.profiles._graph import attributes, initializers, replace_nodes

LEAST_VALUES = 1024  # smaller tensors gain less than the nodes that decode them cost
LEVELS = 127  # of int8 to each side of zero
HALF_ROUNDING = 2.0**-11  # of the largest value; more means that float16 has no room for the values

Array = NDArray[Any]


def stored(model: onnx.ModelProto, bits: Literal[8, 16]) -> onnx.ModelProto:
    """Return a copy that stores float32 weights of `LEAST_VALUES` or more in ``bits`` bits each.

    With 16: float16; tensors it cannot hold to 11 bits of their largest value stay float32.
    With 8: int8 with one float32 scale for each output channel of the layer that reads the weight (each row
    of an embedding); weights that no such layer reads are stored in float16.
    """
    # a weight that is scaled or turned before it is used would hide its layer
    return encoded(folded(model) if bits == 8 else model, bits)


def encoded(model: onnx.ModelProto, bits: Literal[8, 16]) -> onnx.ModelProto:
    """Do what `stored` says with the weights as they stand in the graph."""
    new = onnx.ModelProto()
    new.CopyFrom(model)
    readers = _readers(new.graph)
    decoding: list[Any] = []
    for weight in initializers(new).values():
        if not _is_weight(weight, readers[weight.name]):
            continue
        values, name = numpy_helper.to_array(weight), str(weight.name)
        kept = next(filter(None, (_channels(node, i, values.ndim) for node, i in readers[name])), None)
        if bits == 8 and kept is not None:
            decoding += _as_int8(new.graph, weight, values, kept)
        elif _fits_half(values):
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_w16"))
            decoding.append(_cast(f"{name}_w16", name))
    replace_nodes(new.graph, [*decoding, *new.graph.node])
    return new


def _readers(graph: Any) -> dict[str, list[tuple[Any, int]]]:
    """The nodes that read each name, with the place among their inputs."""
    readers = defaultdict(list)
    for node in graph.node:
        for place, name in enumerate(node.input):
            readers[name].append((node, place))
    return readers


def _is_weight(weight: Any, readers: list[tuple[Any, int]]) -> bool:
    # onnxruntime recognises 8-bit layers by scales that are plain constants
    quantised = any(node.op_type in ("QuantizeLinear", "DequantizeLinear") for node, _ in readers)
    return weight.data_type == TensorProto.FLOAT and np.prod(weight.dims) >= LEAST_VALUES and not quantised


def _channels(node: Any, place: int, rank: int) -> tuple[int, ...] | None:
    """The axes along which every index gets a scale of its own; None: this input is no weight of a layer."""
    given = attributes(node)
    match node.op_type, place:
        case "Conv", 1:
            return (0,)
        case "ConvTranspose", 1:
            return (1,) if given.get("group", 1) == 1 else (0, 1)
        case "Gemm", 1:
            return (0,) if given.get("transB", 0) else (1,)
        case "MatMul", 1 if rank >= 2:
            return (*range(rank - 2), rank - 1)
        case "Gather", 0 if rank >= 2:
            return (given.get("axis", 0) % rank,)
        case "GRU" | "LSTM" | "RNN", 1 | 2:
            return (0, 1)  # (directions, gates x hidden, inputs)
    return None


def _as_int8(graph: Any, weight: Any, values: Array, kept: tuple[int, ...]) -> list[Any]:
    name = str(weight.name)
    others = tuple(axis for axis in range(values.ndim) if axis not in kept)
    peak = np.abs(values).max(axis=others, keepdims=True)
    scale = np.where(peak > 0, peak / LEVELS, 1).astype(np.float32)
    levels = np.clip(np.round(values / scale), -LEVELS, LEVELS).astype(np.int8)
    weight.CopyFrom(numpy_helper.from_array(levels, f"{name}_w8"))
    graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
    scaled = helper.make_node("Mul", [f"{name}_levels", f"{name}_scale"], [name], name=f"{name}_decode")
    return [_cast(f"{name}_w8", f"{name}_levels"), scaled]


def _cast(stored_name: str, name: str) -> Any:
    return helper.make_node("Cast", [stored_name], [name], to=TensorProto.FLOAT, name=f"{stored_name}_cast")


def _fits_half(values: Array) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(values.astype(np.float16).astype(np.float32) - values).max()
    return bool(error <= HALF_ROUNDING * np.abs(values).max())
