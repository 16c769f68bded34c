"""Profiles on one small network: what they keep, what they save, and what int8 computes in integers."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from ganworks.errors import RunError, UsageError
from ganworks_exports.profiles import PROFILES, apply, measure, require
from ganworks_exports.profiles.storage import LEAST_VALUES, stored

NAMES = np.array(["müde", "wach", "froh"], dtype=object)
CHANNELS = 32


def model_of(nodes, inputs, outputs, values) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes, "network", inputs, outputs, [numpy_helper.from_array(v, k) for k, v in values.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    model.doc_string = "a title"
    helper.set_model_props(model, {"card": "{}", "license": "Apache-2.0"})
    return model


def weight(rng: np.random.Generator, *shape: int, fan: int) -> np.ndarray:
    return (rng.standard_normal(shape) * np.sqrt(2 / fan)).astype(np.float32)


def image_network() -> onnx.ModelProto:
    """Seed and label to an image as floats and as levels, with a category as text; 16 x 16 pixels."""
    rng, c, node = np.random.default_rng(5), CHANNELS, helper.make_node
    values = {
        "prime": np.array(2654435761, np.int64),
        "mask": np.array(65535, np.int64),
        "places": np.arange(1, 33, dtype=np.int64)[None],
        "to_unit": np.array(1 / 32768, np.float32),
        "one": np.array(1, np.float32),
        "half_range": np.array(127.5, np.float32),
        "columns": np.array([1], np.int64),
        "table": weight(rng, 40, 32, fan=2),
        "seed_w": weight(rng, c * 16, 64, fan=64),
        "seed_b": weight(rng, c * 16, fan=50),
        "grid": np.array([0, c, 4, 4], np.int64),
        "up_w": weight(rng, c, c, 4, 4, fan=c * 4),
        "conv_w": weight(rng, c, c, 3, 3, fan=c * 9),
        "conv_b": weight(rng, c, fan=50),
        "out_w": weight(rng, c, 3, 4, 4, fan=c * 8),
        "judge_w": weight(rng, 64, 3, fan=64),
        "names": NAMES,
    }
    nodes = [
        node("Unsqueeze", ["seed", "columns"], ["seeds"]),
        node("Mul", ["seeds", "places"], ["spread"]),
        node("Mul", ["spread", "prime"], ["mixed"]),
        node("BitwiseAnd", ["mixed", "mask"], ["hash"]),
        node("Cast", ["hash"], ["drawn"], to=TensorProto.FLOAT),
        node("Mul", ["drawn", "to_unit"], ["scaled"]),
        node("Sub", ["scaled", "one"], ["latent"]),
        node("Gather", ["table", "label"], ["embedded"]),
        node("Concat", ["latent", "embedded"], ["both"], axis=1),
        node("Gemm", ["both", "seed_w", "seed_b"], ["h0"], transB=1),
        node("Reshape", ["h0", "grid"], ["h1"]),
        node("Relu", ["h1"], ["h2"]),
        node("ConvTranspose", ["h2", "up_w"], ["h3"], strides=[2, 2], pads=[1] * 4),
        node("Relu", ["h3"], ["h4"]),
        node("Conv", ["h4", "conv_w", "conv_b"], ["h5"], pads=[1] * 4),
        node("LeakyRelu", ["h5"], ["h6"], alpha=0.2),
        node("ConvTranspose", ["h6", "out_w"], ["h7"], strides=[2, 2], pads=[1] * 4),
        node("Tanh", ["h7"], ["image"]),
        node("Mul", ["image", "half_range"], ["half"]),
        node("Add", ["half", "half_range"], ["level"]),
        node("Round", ["level"], ["whole"]),
        node("Cast", ["whole"], ["pixels"], to=TensorProto.UINT8),
        node("MatMul", ["both", "judge_w"], ["scores"]),
        node("ArgMax", ["scores"], ["kind"], axis=1, keepdims=0),
        node("Gather", ["names", "kind"], ["mood"]),
    ]
    info = helper.make_tensor_value_info
    side = ["batch", 3, 16, 16]
    outputs = [
        info("image", TensorProto.FLOAT, side),
        info("pixels", TensorProto.UINT8, side),
        info("kind", TensorProto.INT64, ["batch"]),
        info("mood", TensorProto.STRING, ["batch"]),
        info("hash", TensorProto.INT64, ["batch", 32]),
    ]
    inputs = [info(name, TensorProto.INT64, ["batch"]) for name in ("seed", "label")]
    return model_of(nodes, inputs, outputs, values)


def feed(first: int, rows: int) -> dict[str, np.ndarray]:
    return {"seed": np.arange(first, first + rows), "label": np.arange(first, first + rows) % 40}


CALIBRATION = [feed(8 * i, 8) for i in range(4)]
FEEDS = [feed(100, 8), feed(200, 3)]


def run(model: onnx.ModelProto, values: dict[str, np.ndarray]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, values)


def loaded(model: onnx.ModelProto, folder: Path) -> Counter[str]:
    """The operators that onnxruntime runs once it has loaded the model."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "loaded.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(folder / "loaded.onnx").graph.node)


@pytest.fixture(scope="module")
def network():
    return image_network()


@pytest.fixture(scope="module")
def applied(network):
    return {name: apply(network, name, CALIBRATION) for name in PROFILES}


@pytest.mark.parametrize("name", PROFILES)
def test_the_file_stays_a_valid_model_with_its_ports_and_card(network, applied, name):
    model = applied[name]
    onnx.checker.check_model(model, full_check=True)
    assert list(model.opset_import) == list(network.opset_import)
    assert {node.domain for node in model.graph.node} == {""}
    assert list(model.graph.input) == list(network.graph.input)
    assert list(model.graph.output) == list(network.graph.output)
    assert list(model.metadata_props) == list(network.metadata_props)
    assert (model.doc_string, model.ir_version) == (network.doc_string, network.ir_version)


@pytest.mark.parametrize("name", PROFILES)
def test_the_model_handed_in_is_left_and_equal_input_gives_equal_bytes(applied, name):
    network = image_network()
    again = apply(network, name, iter(CALIBRATION))
    assert network == image_network()
    assert again.SerializeToString(deterministic=True) == applied[name].SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", PROFILES)
def test_a_row_does_not_depend_on_its_batch(applied, name):
    together = run(applied[name], feed(40, 5))
    alone = [run(applied[name], feed(40 + row, 1)) for row in range(5)]
    for place, values in enumerate(together):
        single = np.concatenate([outputs[place] for outputs in alone])
        if values.dtype == np.float32:
            np.testing.assert_allclose(single, values, atol=1e-6)
        else:
            assert (single == values).mean() > 0.999


@pytest.mark.parametrize("name", PROFILES)
def test_the_loss_is_within_the_profile_s_limits(network, applied, name):
    losses = measure(network.SerializeToString(), applied[name].SerializeToString(), FEEDS)
    assert list(losses) == ["image", "pixels", "kind", "mood", "hash"]
    require(PROFILES[name], losses)
    assert losses["hash"].exact == 1  # integers of the random generator are not touched
    lossless = losses["image"].psnr_db == np.inf
    assert lossless == (name == "fp32")


@pytest.mark.parametrize(("name", "share"), [("w16", 0.52), ("w8", 0.3), ("int8", 0.32)])
def test_the_file_is_smaller(network, applied, name, share):
    assert applied[name].ByteSize() < share * network.ByteSize()


@pytest.mark.parametrize("name", ["w16", "w8"])
def test_weights_are_decoded_once_at_load(network, applied, name, tmp_path):
    assert loaded(applied[name], tmp_path) == loaded(network, tmp_path)


def test_int8_computes_the_inner_convolutions_in_integers(applied, tmp_path):
    operators = loaded(applied["int8"], tmp_path)
    assert operators["QLinearConv"] == 2  # the first transposed convolution and the plain one
    assert operators["ConvTranspose"] == 1  # the last layer
    assert operators["Gemm"] == 1
    assert not {"QGemm", "QLinearMatMul", "ConvInteger"} & operators.keys()


def dense_network(width: int) -> tuple[onnx.ModelProto, list[dict[str, np.ndarray]]]:
    """Four dense layers, and inputs for them."""
    rng, node = np.random.default_rng(1), helper.make_node
    values = {name: weight(rng, width, width, fan=width) for name in "abcd"}
    nodes, last = [], "x"
    for name in values:
        nodes += [node("Gemm", [last, name], [f"{name}_h"]), node("Relu", [f"{name}_h"], [f"{name}_on"])]
        last = f"{name}_on"
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width]) for name in ("x", last)]
    feeds = [{"x": rng.standard_normal((8, width)).astype("f")} for _ in range(3)]
    return model_of(nodes, ports[:1], ports[1:], values), feeds


def test_int8_of_a_network_without_convolutions_computes_its_dense_layers(tmp_path):
    model, feeds = dense_network(256)
    new = apply(model, "int8", feeds)
    assert sum(loaded(new, tmp_path)[name] for name in ("QGemm", "QLinearMatMul")) == 2
    require(PROFILES["int8"], measure(model.SerializeToString(), new.SerializeToString(), feeds))


def test_int8_refuses_a_network_of_small_dense_layers():
    model, feeds = dense_network(64)
    with pytest.raises(RunError, match="no inner layer that 8-bit integers make faster"):
        apply(model, "int8", feeds)


def test_int8_takes_volumes_and_leaves_grouped_convolutions(tmp_path):
    rng, node = np.random.default_rng(2), helper.make_node
    values = {name: weight(rng, 8, 8, 3, 3, 3, fan=216) for name in ("first", "plain", "last")}
    values |= {"up": weight(rng, 8, 8, 4, 4, 4, fan=64), "grouped": weight(rng, 8, 4, 3, 3, 3, fan=108)}
    shaped = {"kernel_shape": [3] * 3, "pads": [1] * 6}
    nodes = [
        node("Conv", ["x", "first"], ["h0"], **shaped),
        node("Conv", ["h0", "plain"], ["h1"], **shaped),
        node("ConvTranspose", ["h1", "up"], ["h2"], strides=[2] * 3, pads=[1] * 6),
        node("Conv", ["h2", "grouped"], ["h3"], group=2, **shaped),
        node("Conv", ["h3", "last"], ["y"], **shaped),
    ]
    info = helper.make_tensor_value_info
    ports = [info(n, TensorProto.FLOAT, ["batch", 8, *[s] * 3]) for n, s in (("x", 4), ("y", 8))]
    model = model_of(nodes, ports[:1], ports[1:], values)
    feeds = [{"x": rng.standard_normal((2, 8, 4, 4, 4)).astype("f")} for _ in range(3)]
    new = apply(model, "int8", feeds)
    operators = loaded(new, tmp_path)
    assert (operators["QLinearConv"], operators["ConvTranspose"]) == (2, 0)
    require(PROFILES["int8"], measure(model.SerializeToString(), new.SerializeToString(), feeds))


def test_int8_needs_calibration(network):
    with pytest.raises(RunError, match="'int8' needs samples of the inputs"):
        apply(network, "int8", [])


def test_int8_names_a_calibration_that_does_not_fit(network):
    with pytest.raises(RunError, match="onnxruntime cannot quantise the model"):
        apply(network, "int8", [{"seed": np.zeros(2, np.int64)}])


def test_int8_refuses_a_network_without_inner_layers():
    values = {"w": np.ones((32, 64), np.float32)}
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])
        for name, size in (("x", 32), ("y", 64))
    ]
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], ports[:1], ports[1:], values)
    with pytest.raises(RunError, match="no inner layer that 8-bit integers make faster; use profile 'w8'"):
        apply(model, "int8", [{"x": np.ones((2, 32), np.float32)}])


def test_an_unknown_profile_is_named(network):
    with pytest.raises(
        UsageError, match=r"no profile 'w15' \(did you mean 'w16'\?\); known: fp32, w16, w8, int8"
    ):
        apply(network, "w15", [])


def test_nothing_is_printed_or_logged(network, capfd):
    handlers, filters = list(logging.root.handlers), list(logging.root.filters)
    apply(network, "int8", CALIBRATION)
    assert capfd.readouterr() == ("", "")
    assert (logging.root.handlers, logging.root.filters) == (handlers, filters)


def test_the_names_of_the_profiles_cost_no_import():
    code = (
        "import sys, ganworks_exports.profiles as p; print(*p.PROFILES, {'onnx', 'torch'} & {*sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "fp32 w16 w8 int8 set()"


def one_weight(operator: str, values: np.ndarray, x: np.ndarray, **attributes: object) -> onnx.ModelProto:
    """A network of one layer that also gives its weight, as it computes with it."""
    names = ["w", "x"] if operator == "Gather" else ["x", "w"]
    kind = TensorProto.INT64 if x.dtype == np.int64 else TensorProto.FLOAT
    return model_of(
        [helper.make_node(operator, names, ["y"], **attributes)],
        [helper.make_tensor_value_info("x", kind, x.shape)],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
            helper.make_tensor_value_info("w", TensorProto.FLOAT, values.shape),
        ],
        {"w": values},
    )


X = np.ones((1, 32, 3, 3), np.float32)
LAYERS = {  # the shape of the weight, an input, attributes, and the axes of what gets one scale
    "Conv": ("Conv", (16, 32, 3, 3), X, {}, (0,)),
    "ConvTranspose": ("ConvTranspose", (32, 16, 3, 3), X, {}, (1,)),
    "grouped ConvTranspose": ("ConvTranspose", (32, 8, 3, 3), X, {"group": 2}, (0, 1)),
    "Gemm": ("Gemm", (32, 64), X[0, :, 0].T, {}, (1,)),
    "transposed Gemm": ("Gemm", (64, 32), X[0, :, 0].T, {"transB": 1}, (0,)),
    "MatMul": ("MatMul", (32, 64), X[0, :, 0].T, {}, (1,)),
    "batched MatMul": ("MatMul", (3, 32, 64), X[0, :, 0].T, {}, (0, 2)),
    "Gather": ("Gather", (64, 32), np.arange(3), {}, (0,)),
    "Gather of columns": ("Gather", (64, 32), np.arange(3), {"axis": 1}, (1,)),
}


@pytest.mark.parametrize(("operator", "shape", "x", "attributes", "kept"), LAYERS.values(), ids=LAYERS)
def test_w8_keeps_every_channel_to_half_a_step_of_its_own(operator, shape, x, attributes, kept):
    rng = np.random.default_rng(0)
    sizes = [size if axis in kept else 1 for axis, size in enumerate(shape)]
    spread = 10.0 ** rng.uniform(-4, 4, sizes)  # channels of very different size
    values = (rng.standard_normal(shape) * spread).astype(np.float32)
    values[np.arange(values.shape[0]) == 0] *= 0 if kept == (0,) else 1  # a dead channel
    model = one_weight(operator, values, x, **attributes)
    new = stored(model, 8)
    assert new.ByteSize() < 0.5 * model.ByteSize()
    decoded = run(new, {"x": x})[1]
    others = tuple(axis for axis in range(len(shape)) if axis not in kept)
    step = np.abs(values).max(axis=others, keepdims=True) / 127
    assert (np.abs(decoded - values) <= 0.501 * step).all()


def test_w8_finds_the_layer_behind_a_scaled_weight_and_folds_the_norm():
    rng, node = np.random.default_rng(0), helper.make_node
    ones = np.ones(32, np.float32)
    values = {
        "raw": rng.standard_normal((32, 32, 3, 3)).astype("f"),
        "gain": np.array(0.05, np.float32),
        **{f"norm{i}": ones * (i + 1) for i in range(4)},
    }
    nodes = [
        node("Mul", ["raw", "gain"], ["w"]),
        node("Conv", ["x", "w"], ["h"]),
        node("BatchNormalization", ["h", *(f"norm{i}" for i in range(4))], ["y"]),
    ]
    info = helper.make_tensor_value_info
    shape = ["batch", 32, None, None]
    ports = [info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    model = model_of(nodes, ports[:1], ports[1:], values)
    new = stored(model, 8)
    assert [node.op_type for node in new.graph.node] == ["Cast", "Mul", "Conv"]
    assert new.ByteSize() < 0.3 * model.ByteSize()
    require(PROFILES["w8"], measure(model.SerializeToString(), new.SerializeToString(), [{"x": X}]))


@given(
    exponent=st.integers(-40, 30),
    count=st.sampled_from([LEAST_VALUES - 1, LEAST_VALUES, 3000]),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_w16_never_loses_more_than_half_precision_has(exponent, count, seed):
    values = np.random.default_rng(seed).standard_normal(count) * 2.0**exponent
    values = values.astype(np.float32)[None]
    model = one_weight("MatMul", values, np.ones((1, 1), np.float32))
    new = stored(model, 16)
    decoded = run(new, {"x": np.ones((1, 1), np.float32)})[1]
    assert np.abs(decoded - values).max() <= 2.0**-11 * np.abs(values).max()
    small = new.ByteSize() < 0.6 * model.ByteSize()
    # beyond these sizes float16 overflows or runs out of bits
    assert small == (count >= LEAST_VALUES and -15 <= exponent <= 13) or exponent in (-17, -16, 14)
