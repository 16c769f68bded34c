"""Convolutions in 8-bit integers: the only form of a network that a CPU runs markedly faster than float32."""

from __future__ import annotations

import io
import logging
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from ganworks_exports._refusal import refused
from ganworks_exports.profiles import storage
from ganworks_exports.profiles._folding import as_labelled, folded
from ganworks_exports.profiles._graph import attributes, drop_unused, initializers
from ganworks_exports.profiles.transposed import as_convolutions

DENSE = frozenset({"Gemm", "MatMul"})
CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
LEAST_DENSE = 256 * 256  # weights; with fewer, the conversions take longer than the products save
LAYERS = DENSE | CONVOLUTIONS
SIZES_ONLY = frozenset({"Shape", "Size"})  # what they give depends on no value

Feed = Mapping[str, NDArray[Any]]


def as_integers(model: onnx.ModelProto, calibration: Iterable[Feed]) -> onnx.ModelProto:
    """Return a copy whose inner convolutions run in 8-bit integers (QuantizeLinear and DequantizeLinear).

    Activations get one scale a tensor, from their extremes over the calibration; weights one a channel. The
    layers next to the inputs and outputs stay float: they are cheap, and their rounding is seen most. So do
    dense layers where there are convolutions: they take little time, but what they compute (a style, a
    label) reaches every pixel. Weights of float layers are stored as in ``w8``.

    Transposed convolutions of stride 2 are rewritten first (`transposed`), others stay float.

    Raises:
        RunError: no calibration, or onnxruntime cannot quantise the model.
    """
    feeds = [dict(feed) for feed in calibration]
    if not feeds:
        raise refused("profile 'int8' needs samples of the inputs to calibrate with, and got none")
    plain = folded(model)
    chosen = name_layers(plain)
    if not chosen:
        raise refused("the network has no inner layer that 8-bit integers make faster; use profile 'w8'")
    rewritten = as_convolutions(plain, lambda node: node.name in chosen)
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "integers.onnx"
        onnx.save(onnx.shape_inference.infer_shapes(rewritten), source)
        try:
            with _quiet():
                quantize_static(
                    source,
                    target,
                    _Reader(feeds),
                    quant_format=QuantFormat.QDQ,
                    op_types_to_quantize=sorted(DENSE | {"Conv"}),
                    nodes_to_quantize=sorted(chosen),
                    per_channel=True,
                    # 7 bits: with 8, processors without VNNI overflow where they add two products
                    reduce_range=True,
                    activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8,
                    extra_options={"MatMulConstBOnly": True},
                )
        except Exception as error:  # it raises whatever the failing step raised
            raise refused("onnxruntime cannot quantise the model", error) from error
        quantised = as_labelled(onnx.load(target), model)
    return storage.encoded(drop_unused(quantised), 8)


def name_layers(model: onnx.ModelProto) -> set[str]:
    """Name every layer after its output, and return the names of those to compute in integers."""
    constants, nodes = initializers(model), model.graph.node
    layers = {}
    for node in nodes:
        if node.op_type in LAYERS:
            node.name = node.output[0]  # the only name that is certainly there once
            layers[node.name] = node
    outer = _first_layers(model.graph) | _last_layers(model.graph)
    inner = {name for name, node in layers.items() if name not in outer and _is_heavy(node, constants)}
    return {name for name in inner if layers[name].op_type in CONVOLUTIONS} or inner


def _is_heavy(node: Any, constants: Mapping[str, Any]) -> bool:
    """Whether the layer has a constant weight and gains time; grouped convolutions gain none."""
    if node.input[1] not in constants:
        return False
    if node.op_type in DENSE:
        return int(prod(constants[node.input[1]].dims)) >= LEAST_DENSE
    return bool(attributes(node).get("group", 1) == 1)


def _first_layers(graph: Any) -> set[str]:
    """The layers that an input reaches without passing another."""
    readers = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)

    def following(name: str) -> list[Any]:
        return readers[name]

    return _met(graph.input, following, lambda node: node.output)


def _last_layers(graph: Any) -> set[str]:
    """The layers that reach an output without passing another."""
    makers = {name: [node] for node in graph.node for name in node.output}
    return _met(graph.output, lambda name: makers.get(name, []), lambda node: node.input)


def _met(
    starts: Iterable[Any], neighbours: Callable[[str], list[Any]], onwards: Callable[[Any], Iterable[str]]
) -> set[str]:
    found, todo, seen = set(), [value.name for value in starts], set()
    while todo:
        name = todo.pop()
        for node in [] if name in seen else neighbours(name):
            if node.op_type in LAYERS:
                found.add(str(node.name))
            elif node.op_type not in SIZES_ONLY:
                todo.extend(onwards(node))
        seen.add(name)
    return found


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Feeds one after another, as onnxruntime asks for them."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self.feeds, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxruntime.quantization's remarks off stdout and out of the root logger, which it writes to."""
    root, handler = logging.getLogger(), logging.NullHandler()  # without a handler logging would set one up

    def nothing(record: logging.LogRecord) -> bool:
        return False

    root.addHandler(handler)
    root.addFilter(nothing)  # of the root itself: records of other loggers pass
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        root.removeFilter(nothing)
        root.removeHandler(handler)
