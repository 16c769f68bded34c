"""Small real models, built operator by operator, with the card an export would give them."""

import hashlib
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

IMAGE = [("image", "uint8", ["batch", "height", "width", 1])]
TYPES = {"string": TensorProto.STRING}


def hash_of(model):
    """The definition of `weights_sha256`, by the onnx package."""
    digest = hashlib.sha256()
    for weight in sorted(model.graph.initializer, key=lambda weight: weight.name):
        values = numpy_helper.to_array(weight)
        digest.update(f"{weight.name} {values.dtype} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def build(nodes, weights, inputs, outputs, **card):
    """Return a ModelProto. A port is (name, dtype, shape) or a dict, as in a card."""
    ports = [
        [p if isinstance(p, dict) else dict(zip(("name", "dtype", "shape"), p, strict=True)) for p in side]
        for side in (inputs, outputs)
    ]
    values = [
        [
            helper.make_tensor_value_info(
                port["name"],
                TYPES.get(port["dtype"]) or helper.np_dtype_to_tensor_dtype(np.dtype(port["dtype"])),
                port["shape"],
            )
            for port in side
        ]
        for side in ports
    ]
    initializers = [
        value if isinstance(value, TensorProto) else numpy_helper.from_array(np.asarray(value), name)
        for name, value in weights.items()
    ]
    graph = helper.make_graph(nodes, "graph", *values, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    card = {"view": "app", "inputs": ports[0], "outputs": ports[1], "opset": 20, **card}
    card.setdefault("weights_sha256", hash_of(model))
    properties = {"card": json.dumps(card), "card_version": "2", "synthetic_content": "true"}
    helper.set_model_props(model, properties)
    return model


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def generator(**card):
    """Pixel = (7 * seed + 100 * label) % 200 * truncation * weight; the weight is 1 2 / 3 4 tenths."""
    weights = {
        "weight": np.array([[1, 2], [3, 4]], np.float32).reshape(1, 2, 2, 1) / 10,
        "seven": np.int64(7),
        "hundred": np.int64(100),
        "twohundred": np.int64(200),
        "column": np.array([-1, 1, 1, 1]),
    }
    nodes = [
        node("Mul", "seed seven", "a"),
        node("Mul", "label hundred", "b"),
        node("Add", "a b", "c"),
        node("Mod", "c twohundred", "d"),
        node("Cast", "d", "e", to=TensorProto.FLOAT),
        node("Mul", "e truncation", "f"),
        node("Reshape", "f column", "g"),
        node("Mul", "g weight", "h"),
        node("Round", "h", "i"),
        node("Cast", "i", "image", to=TensorProto.UINT8),
    ]
    inputs = [
        {"name": "seed", "dtype": "int64", "shape": ["batch"], "meaning": "one number for each image"},
        {"name": "label", "dtype": "int64", "shape": ["batch"], "meaning": "class", "low": 0, "high": 1},
        {"name": "truncation", "dtype": "float32", "shape": [], "meaning": "variety", "low": 0, "high": 1.5,
         "default": 1.0},
    ]  # fmt: skip
    output = {"name": "image", "dtype": "uint8", "shape": ["batch", 2, 2, 1], "meaning": "grey", "low": 0}
    card = {
        "title": "Discs",
        "classes": ["dark", "bright"],
        "license": "Apache-2.0",
        "profile": "fp32",
        **card,
    }
    return build(nodes, weights, inputs, [{**output, "high": 255}], **card)


def filters(kind):
    """Image to image by random filters: ``plain`` (reaches 2 pixels, doubles), ``strided`` or ``global``."""
    rng = np.random.default_rng(0)
    weights = {"w1": rng.normal(0, 0.4, (4, 1, 3, 3)), "zero": 0.0, "top": 255.0}
    nodes = [
        node("Cast", "image", "float", to=TensorProto.FLOAT),
        node("Transpose", "float", "planes", perm=[0, 3, 1, 2]),
    ]
    port = dict(zip(("name", "dtype", "shape"), IMAGE[0], strict=True))
    scale = 1
    if kind == "strided":  # sides must be multiples of 4
        weights |= {"w2": rng.normal(0, 0.3, (4, 4, 3, 3)), "w3": rng.normal(0, 0.3, (4, 1, 4, 4))}
        port["multiples"] = {"height": 4, "width": 4}
        nodes += [
            node("Conv", "planes w1", "a", pads=[1, 1, 1, 1], strides=[2, 2]),
            node("Relu", "a", "b"),
            node("Conv", "b w2", "c", pads=[1, 1, 1, 1], strides=[2, 2]),
            node("ConvTranspose", "c w3", "made", kernel_shape=[4, 4], strides=[4, 4]),
        ]
    else:
        weights["w2"] = rng.normal(0, 0.4, (4, 4, 3, 3))
        nodes += [node("Conv", "planes w1", "a", pads=[1, 1, 1, 1]), node("Relu", "a", "b")]
        if kind == "global":
            weights |= {"one": np.ones(4), "shift": np.full(4, 0.5)}
            nodes += [node("InstanceNormalization", "b one shift", "c"), node("Mul", "c top", "b2")]
        nodes += [
            node("Conv", f"{'b2' if kind == 'global' else 'b'} w2", "d", pads=[1, 1, 1, 1]),
            node("DepthToSpace", "d", "made", blocksize=2),
        ]
        scale = 2
    nodes += [
        node("Clip", "made zero top", "clipped"),
        node("Transpose", "clipped", "rows", perm=[0, 2, 3, 1]),
        node("Cast", "rows", "result", to=TensorProto.UINT8),
    ]
    free = [f"{scale}*{side}" if scale > 1 else side for side in ("height", "width")]
    weights = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    return build(nodes, weights, [port], [("result", "uint8", ["batch", *free, 1])])


class Models:
    """What the tests of this folder build their models with."""

    build = staticmethod(build)
    node = staticmethod(node)
    generator = staticmethod(generator)
    filters = staticmethod(filters)
    hash_of = staticmethod(hash_of)


@pytest.fixture(scope="session")
def models():
    return Models


@pytest.fixture
def saved(tmp_path):
    """Write a model (bytes or ModelProto) and return its path."""

    def save(model, name="model.onnx"):
        path = tmp_path / name
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        return path

    return save
