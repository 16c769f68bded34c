"""Transposed convolutions of stride 2 as plain ones: onnxruntime has int8 kernels for those only.

Along one axis, value 2i + p of a transposed convolution with kernel w is the sum over t of
x[i - t] w[p + 2t]: for each phase p in {0, 1} a plain convolution with half of the kernel, on the grid of x.
One convolution gives all phases as channels, which are then laid out side by side and freed of the padding
(Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from ganworks_exports.profiles._graph import attributes, drop_unused, initializers, replace_nodes, sizes

Array = NDArray[Any]
Values = dict[str, Array]


@dataclass(frozen=True)
class _Axis:
    """One axis of the operation on the grid of x: how it is padded, and what is cut off the result."""

    kernel: int
    before: int
    after: int
    cut_first: int
    cut_last: int
    uncut: int | None  # values before the cut; None: as many as there are

    @staticmethod
    def of(size: int | None, kernel: int, first: int, last: int, extra: int) -> _Axis | None:
        """For ``size`` values of x, the padding at both ends and ``output_padding`` of the transposed form.

        None: it has more padding than kernel.
        """
        half = (kernel + 1) // 2
        start = first // 2  # the first place of the grid that reaches the output
        before, after = half - 1 - start, (kernel + extra - last - 1) // 2
        if before < 0 or after < 0:
            return None
        # of the 2 (size + after - start) values, 2 (size - 1) + kernel + extra - first - last are wanted
        cut_last = 2 * (after + 1) - kernel - extra + last
        uncut = None if size is None else 2 * (size + after - start)
        return _Axis(half, before, after, first - 2 * start, cut_last, uncut)


def as_convolutions(
    model: onnx.ModelProto, wanted: Callable[[Any], bool] = lambda node: True
) -> onnx.ModelProto:
    """Return a model in which the ``wanted`` ConvTranspose nodes of stride 2 are rewritten, exactly.

    The convolution keeps the node's name. Left as they are: another stride, a dilation, automatic padding,
    more padding than kernel, a weight or bias that is computed, volumes of unknown size. In float the new
    form is slower (0.8 of the speed): it is made for int8.
    """
    new = onnx.ModelProto()
    new.CopyFrom(model)
    constants, known, nodes = initializers(new), sizes(new), []
    for node in new.graph.node:
        transposed = node.op_type == "ConvTranspose" and wanted(node)
        axes = _axes(node, constants, known.get(node.input[0])) if transposed else None
        made, values = _rewritten(node, axes, constants) if axes else ([node], {})
        new.graph.initializer.extend(numpy_helper.from_array(value, key) for key, value in values.items())
        nodes += made
    replace_nodes(new.graph, nodes)
    return drop_unused(new)


def _axes(node: Any, constants: dict[str, Any], shape: list[int | None] | None) -> list[_Axis] | None:
    """The axes of a node that can be rewritten, else None."""
    if any(name not in constants for name in node.input[1:]):
        return None
    kernel, given = list(constants[node.input[1]].dims)[2:], attributes(node)
    rank, pads = len(kernel), given.get("pads", [0] * 2 * len(kernel))
    usual = given.get("auto_pad", b"NOTSET") == b"NOTSET" and "output_shape" not in given
    dense = all(step == 1 for step in given.get("dilations", []))
    if not usual or not dense or list(given.get("strides", [])) != [2] * rank:
        return None
    size = (shape or [None] * (2 + rank))[2:]
    if rank != 2 and size.count(None) > 1:  # a Reshape can leave one size open
        return None
    extra = given.get("output_padding", [0] * rank)
    axes = [_Axis.of(size[i], kernel[i], pads[i], pads[i + rank], extra[i]) for i in range(rank)]
    found = [axis for axis in axes if axis is not None]
    return found if len(found) == rank else None


def _rewritten(node: Any, axes: list[_Axis], constants: dict[str, Any]) -> tuple[list[Any], Values]:
    """The new nodes and constants for a node with these axes."""
    name, groups = node.output[0], attributes(node).get("group", 1)
    weight = numpy_helper.to_array(constants[node.input[1]])
    values = {f"{name}_phases_w": phases(weight, groups)}
    if len(node.input) == 3:
        bias = numpy_helper.to_array(constants[node.input[2]])
        values[f"{name}_phases_b"] = np.repeat(bias, 2 ** len(axes))
    convolution = helper.make_node(
        "Conv",
        [node.input[0], *values],
        [f"{name}_phases"],
        name=node.name,
        kernel_shape=[axis.kernel for axis in axes],
        pads=[axis.before for axis in axes] + [axis.after for axis in axes],
        group=groups,
    )
    uncut = f"{name}_uncut" if any(axis.cut_first or axis.cut_last for axis in axes) else name
    laying, more = _side_by_side(f"{name}_phases", uncut, axes, groups * weight.shape[1])
    if uncut == name:
        return [convolution, *laying], values | more
    bounds = {
        f"{name}_starts": [axis.cut_first for axis in axes],
        f"{name}_ends": [-axis.cut_last or np.iinfo(np.int64).max for axis in axes],
        f"{name}_axes": list(range(2, 2 + len(axes))),
    }
    cut = helper.make_node("Slice", [uncut, *bounds], [name])
    more |= {key: np.array(value, np.int64) for key, value in bounds.items()}
    return [convolution, *laying, cut], values | more


def _side_by_side(source: str, target: str, axes: list[_Axis], channels: int) -> tuple[list[Any], Values]:
    """Nodes from (batch, 2^rank channels, *grid) to (batch, channels, *2 grid), with their constants."""
    rank = len(axes)
    if rank == 2:
        return [helper.make_node("DepthToSpace", [source], [target], blocksize=2, mode="CRD")], {}
    apart, joined = f"{target}_apart", f"{target}_joined"
    grid = [-1 if axis.uncut is None else axis.uncut // 2 for axis in axes]
    values = {  # 0: the batch, as it is
        apart: np.array([0, channels, *[2] * rank, *grid], np.int64),
        joined: np.array([0, channels, *(2 * size if size > 0 else -1 for size in grid)], np.int64),
    }
    pairs = [axis for i in range(rank) for axis in (2 + rank + i, 2 + i)]
    return [
        helper.make_node("Reshape", [source, apart], [f"{apart}_phases"]),
        helper.make_node("Transpose", [f"{apart}_phases"], [f"{apart}_pairs"], perm=[0, 1, *pairs]),
        helper.make_node("Reshape", [f"{apart}_pairs", joined], [target]),
    ], values


def phases(weight: Array, groups: int) -> Array:
    """Return the weight of the convolution for that of a transposed one.

    (in, out / groups, *kernel) becomes (2^rank out, in / groups, *kernel / 2), the phases of an output
    channel one after another; odd kernels are filled up with zeros.
    """
    rank, (i, o) = weight.ndim - 2, weight.shape[:2]
    filled = np.pad(weight, [(0, 0)] * 2 + [(0, side % 2) for side in weight.shape[2:]])
    halves = [side // 2 for side in filled.shape[2:]]
    parts = filled.reshape(groups, i // groups, o, *(size for half in halves for size in (half, 2)))
    taps, steps = range(3, 3 + 2 * rank, 2), range(4, 4 + 2 * rank, 2)
    turned = np.flip(parts, tuple(taps))  # a convolution reads x forwards
    ordered = turned.transpose(0, 2, *steps, 1, *taps)  # (groups, out, *phases, in, *halves)
    return np.ascontiguousarray(ordered.reshape(groups * o * 2**rank, i // groups, *halves))
