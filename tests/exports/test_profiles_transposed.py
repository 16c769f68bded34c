"""Transposed convolutions rewritten as plain ones give the same values."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from ganworks_exports.profiles.transposed import as_convolutions

RNG = np.random.default_rng(3)


def transposed_model(weight, bias=None, size=None, computed=False, **given_attributes) -> onnx.ModelProto:
    """One ConvTranspose on (batch, channels, *size); ``size`` None leaves the sizes free."""
    values = {"w0" if computed else "w": weight, **({} if bias is None else {"b": bias})}
    rank, names = weight.ndim - 2, ["x", "w", *(["b"] if bias is not None else [])]
    node = helper.make_node("ConvTranspose", names, ["y"], name="layer", **given_attributes)
    shape = ["batch", weight.shape[0], *(size or [None] * rank)]
    graph = helper.make_graph(
        [*([helper.make_node("Neg", ["w0"], ["w"])] if computed else []), node],
        "transposed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * (rank + 2))],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


@st.composite
def layers(draw):
    """Weight, bias, size of x and attributes of a stride-2 layer in one to three dimensions."""
    rank, groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    sides = st.integers(1, 6 if rank < 3 else 4)
    kernel = draw(st.lists(sides, min_size=rank, max_size=rank))
    pads = [draw(st.integers(0, side - 1)) for side in kernel * 2]
    extra = draw(st.lists(st.integers(0, 1), min_size=rank, max_size=rank))
    size = draw(st.lists(st.integers(3, 6), min_size=rank, max_size=rank))
    weight = RNG.standard_normal((groups * draw(st.integers(1, 3)), draw(st.integers(1, 3)), *kernel))
    bias = RNG.standard_normal(groups * weight.shape[1]).astype("f") if draw(st.booleans()) else None
    attributes = {"strides": [2] * rank, "pads": pads, "output_padding": extra, "group": groups}
    return weight.astype("f"), bias, size, attributes


@given(layers())
@settings(max_examples=60, deadline=None)
def test_any_layer_of_stride_2_keeps_its_values(layer):
    weight, bias, size, attributes = layer
    model = transposed_model(weight, bias, size, kernel_shape=list(weight.shape[2:]), **attributes)
    new = as_convolutions(model)
    onnx.checker.check_model(new, full_check=True)
    assert "ConvTranspose" not in operators(new)
    assert operators(new)[0] == "Conv"
    x = RNG.standard_normal((2, weight.shape[0], *size)).astype("f")
    expected, got = run(model, x), run(new, x)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=1e-5)  # the sums run in another order


@pytest.mark.parametrize("rank", [1, 2])
def test_free_sizes_stay_free(rank):
    weight = RNG.standard_normal((3, 2, *[4] * rank)).astype("f")
    model = transposed_model(weight, strides=[2] * rank, pads=[1] * 2 * rank)
    new = as_convolutions(model)
    assert "ConvTranspose" not in operators(new)
    for side in (3, 8):
        x = RNG.standard_normal((2, 3, *[side] * rank)).astype("f")
        np.testing.assert_allclose(run(new, x), run(model, x), atol=5e-6)


def test_the_usual_layer_wastes_no_products_and_keeps_its_name():
    weight = RNG.standard_normal((8, 4, 4, 4)).astype("f")
    model = transposed_model(weight, strides=[2, 2], pads=[1] * 4)
    before = model.SerializeToString()
    new = as_convolutions(model)
    assert model.SerializeToString() == before
    assert operators(new) == ["Conv", "DepthToSpace", "Slice"]
    assert new.graph.node[0].name == "layer"
    values = {value.name: numpy_helper.to_array(value) for value in new.graph.initializer}
    assert values["y_phases_w"].size == weight.size  # each weight stands there once
    assert "w" not in values


SQUARE = RNG.standard_normal((3, 2, 3, 3)).astype("f")
LEFT = {
    "another stride": ({"strides": [2, 1]}, {}),
    "no stride": ({}, {}),
    "a dilation": ({"strides": [2, 2], "dilations": [2, 2]}, {}),
    "automatic padding": ({"strides": [2, 2], "auto_pad": "SAME_UPPER"}, {}),
    "a fixed output": ({"strides": [2, 2], "output_shape": [10, 10]}, {}),
    "more padding than kernel": ({"strides": [2, 2], "pads": [4, 0, 0, 0]}, {}),
    "a computed weight": ({"strides": [2, 2]}, {"computed": True}),
}


@pytest.mark.parametrize(("attributes", "options"), LEFT.values(), ids=LEFT)
def test_other_layers_are_left_as_they_are(attributes, options):
    model = transposed_model(SQUARE, **options, **attributes)
    assert as_convolutions(model) == model


def test_volumes_of_unknown_size_are_left_as_they_are():
    weight = RNG.standard_normal((2, 2, 4, 4, 4)).astype("f")
    model = transposed_model(weight, strides=[2, 2, 2])
    assert as_convolutions(model) == model


def test_only_the_wanted_layers_are_rewritten():
    model = transposed_model(SQUARE, strides=[2, 2])
    assert as_convolutions(model, lambda node: node.name == "another") == model
