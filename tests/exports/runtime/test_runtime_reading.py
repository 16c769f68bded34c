"""What `runtime.read` finds in a file, and what it refuses, compared with the onnx package."""

import json
import os
import tracemalloc
from contextlib import suppress

import numpy as np
import onnx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from ganworks_exports import runtime
from ganworks_exports.runtime._graph import parse
from ganworks_exports.runtime._limits import OPERATORS

NUMBERS = ["float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "bool", "float16", "float64",
           "uint32", "uint64"]  # fmt: skip


def refusal(path, limits=None):
    with pytest.raises(runtime.ModelRefused) as refused:
        runtime.read(path, limits or runtime.Limits())
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)
    return str(refused.value).removeprefix(f"{path}: ")


def test_everything_in_a_file_is_found(models, saved):
    found = runtime.read(saved(models.generator()))
    assert found.intact
    assert found.graph.opsets == {"": 20}
    assert found.graph.operators == {"Add", "Cast", "Mod", "Mul", "Reshape", "Round"}
    assert found.graph.inputs == {"seed": "int64", "label": "int64", "truncation": "float32"}
    assert found.graph.outputs == {"image": "uint8"}
    assert found.graph.metadata["synthetic_content"] == "true"
    assert found.card["classes"] == ["dark", "bright"]


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("dtype", NUMBERS)
def test_the_hash_of_weights_is_that_of_the_onnx_package(models, dtype, raw):
    values = (np.arange(-3, 3).reshape(2, 3) * 25).astype(dtype)
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    weight = helper.make_tensor("w", kind, [2, 3], values.tobytes() if raw else values.ravel(), raw=raw)
    model = models.generator()
    model.graph.initializer.append(weight)
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((0, 4), dtype), "empty"))
    assert runtime.weights_sha256(model.SerializeToString()) == models.hash_of(model)


def test_the_hash_of_texts_tells_where_they_end(models):
    def hashed(texts):
        model = models.generator()
        model.graph.initializer.append(helper.make_tensor("names", TensorProto.STRING, [2], texts))
        return runtime.weights_sha256(model.SerializeToString())

    assert hashed([b"ab", b"c"]) == hashed([b"ab", b"c"])
    assert hashed([b"ab", b"c"]) != hashed([b"a", b"bc"])


def test_one_changed_bit_of_a_weight_is_told(models, saved):
    content = bytearray(models.generator().SerializeToString())
    content[content.index((np.array([1, 2, 3, 4], np.float32) / 10).tobytes())] ^= 1
    path = saved(bytes(content))
    assert not runtime.read(path).intact
    with pytest.raises(runtime.ModelRefused, match="tampered"):
        runtime.load(path)


def test_a_file_that_is_cut_off_is_refused_wherever_it_ends(models, saved):
    content = models.generator().SerializeToString()
    for end in range(0, len(content), 7):
        refusal(saved(content[:end]))


def test_what_is_no_file_or_too_large(models, saved, tmp_path):
    path = saved(models.generator())
    size = path.stat().st_size
    assert refusal(path, runtime.Limits(file_bytes=size - 1)) == f"it is larger than {size - 1} bytes"
    assert runtime.read(path, runtime.Limits(file_bytes=size)).intact
    assert refusal(path, runtime.Limits(entries=50)) == "it has more than 50 entries"
    (tmp_path / "run" / "model").mkdir(parents=True)
    assert refusal(tmp_path / "run") == "it is no file"
    model = tmp_path / "run" / "model" / "generator.onnx"
    model.touch()
    assert refusal(tmp_path / "run") == f"it is no file; there is {model}"
    with pytest.raises(FileNotFoundError):
        runtime.read(tmp_path / "absent.onnx")


# -- what a model may not do --------------------------------------------------------------------------------


def external(location):
    tensor = TensorProto(
        name="far", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL
    )
    tensor.external_data.add(key="location", value=str(location))
    return tensor


@pytest.mark.parametrize("location", ["weights.bin", "../weights.bin", "/etc/passwd", "hard.bin"])
def test_weights_in_other_files_are_refused(models, saved, tmp_path, location):
    (tmp_path / "secret").write_bytes(np.ones(1, np.float32).tobytes())
    os.link(tmp_path / "secret", tmp_path / "hard.bin")  # onnxruntime itself reads through a hard link
    model = models.generator()
    model.graph.initializer.append(external(location))
    assert "'far' in another file" in refusal(saved(model))


def test_weights_in_other_files_are_refused_inside_of_nodes(models, saved):
    model = models.generator()
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=external("x.bin")))
    assert "another file" in refusal(saved(model))
    nested = models.generator()
    inner = helper.make_graph([], "inner", [], [], [external("x.bin")])
    nested.graph.node.append(helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner))
    assert "another file" in refusal(saved(nested))
    listed = models.generator()
    del listed.graph.initializer[:]
    tensor = external("x.bin")
    tensor.data_location = TensorProto.DEFAULT  # the entry alone is enough
    listed.graph.initializer.append(tensor)
    assert "another file" in refusal(saved(listed))


def test_operators_that_are_not_allowed(models, saved):
    def with_node(operator, **attributes):
        model = models.generator()
        model.graph.node.append(helper.make_node(operator, ["seed"], ["x"], **attributes))
        return saved(model)

    assert "'RegexFullMatch'" in refusal(with_node("RegexFullMatch", pattern="(a+)+$"))
    assert "'RandomNormalLike'" in refusal(with_node("RandomNormalLike"))
    assert "'evil'" in refusal(with_node("Relu", domain="evil"))
    inner = helper.make_graph([helper.make_node("ImageDecoder", ["seed"], ["y"])], "inner", [], [])
    assert "'ImageDecoder'" in refusal(with_node("If", then_branch=inner, else_branch=inner))
    assert runtime.read(with_node("Relu", domain="ai.onnx")).intact


def test_every_allowed_operator_is_one_of_onnx():
    known = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""}
    assert known >= OPERATORS
    assert not {name for name in OPERATORS if name.startswith(("Random", "String", "Sequence", "Optional"))}


def test_parts_that_no_exported_model_has(models, saved):
    sparse = onnx.SparseTensorProto(dims=[2**40])
    model = models.generator()
    model.graph.sparse_initializer.append(sparse)
    assert refusal(saved(model)) == "it has sparse weights"
    model = models.generator()
    model.graph.node.append(helper.make_node("Constant", [], ["c"], sparse_value=sparse))
    assert refusal(saved(model)) == "it has sparse weights"
    model = models.generator()
    model.functions.append(helper.make_function("", "F", [], [], [], [helper.make_opsetid("", 20)]))
    assert "functions" in refusal(saved(model))
    model = models.generator()
    model.training_info.add()
    assert "training" in refusal(saved(model))
    model = models.generator()
    model.opset_import.add(domain="com.microsoft", version=1)
    assert "'com.microsoft'" in refusal(saved(model))
    model = models.generator()
    model.graph.initializer.append(model.graph.initializer[0])
    assert refusal(saved(model)) == "it has two values of one name"


def test_graphs_inside_of_graphs_end_somewhere(models, saved):
    graph = helper.make_graph([], "inner", [], [])
    for _ in range(12):
        graph = helper.make_graph([helper.make_node("Loop", [], [], body=graph)], "inner", [], [])
    model = models.generator()
    model.graph.node.append(helper.make_node("Loop", [], [], body=graph))
    assert refusal(saved(model)) == "it has graphs nested deeper than 8"


@pytest.mark.parametrize(
    ("dims", "reason"),
    [([2**40], "has 4 values"), ([3], "has 4 values"), ([-1], "shape"), ([1] * 20, "shape")],
)
def test_a_shape_that_its_values_do_not_fill(models, saved, dims, reason):
    model = models.generator()
    model.graph.initializer[0].dims[:] = dims
    assert reason in refusal(saved(model))


def test_values_of_another_type_than_declared(models, saved):
    model = models.generator()
    model.graph.initializer[0].float_data.append(1)  # beside raw_data
    assert "another type" in refusal(saved(model))
    model = models.generator()
    model.graph.initializer[0].data_type = TensorProto.BFLOAT16
    assert "type or shape" in refusal(saved(model))


# -- the card -----------------------------------------------------------------------------------------------


def test_a_model_of_somebody_else(models, saved):
    model = models.generator()
    del model.metadata_props[:]
    assert refusal(saved(model)) == "no card: not exported by ganworks"


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("card_version", "1", "has version '1'"),
        ("card_version", "", "has version ''"),
        ("card", "{", "cannot be read"),
        ("card", "[]", "cannot be read"),
        ("card", "[" * 100_000, "cannot be read"),
        ("card", "{}", "cannot be read"),
        ("card", '{"inputs": [], "outputs": [], "view": 1, "weights_sha256": ""}', "cannot be read"),
        (
            "card",
            '{"inputs": [], "outputs": [], "view": "app", "weights_sha256": ""}',
            "other inputs or outputs",
        ),
    ],
)
def test_a_card_that_does_not_fit(models, saved, key, value, reason):
    model = models.generator()
    helper.set_model_props(model, {**{p.key: p.value for p in model.metadata_props}, key: value})
    assert reason in refusal(saved(model))


@pytest.mark.parametrize(
    "port",
    [
        {"low": "0"},
        {"shape": [None]},
        {"multiples": {"batch": 0}},
        {"default": []},
        {"default": "NaN"},  # an integer has none
        {"dtype": "float32", "low": "NaN"},
        {"missing": 1},
    ],
)
def test_a_port_that_could_not_be_computed_with(models, saved, port):
    inputs = [{"name": "seed", "dtype": "int64", "shape": ["batch"], **port}]
    model = models.generator()
    bad = {"view": "app", "weights_sha256": "", "inputs": inputs, "outputs": inputs}
    props = {p.key: p.value for p in model.metadata_props}
    helper.set_model_props(model, props | {"card": json.dumps(bad)})
    assert "cannot be read" in refusal(saved(model))


# -- bytes that no protobuf library writes ------------------------------------------------------------------


def field(number, content):
    """A field of bytes, shorter than 16384, as on the wire."""
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])
    return bytes([number << 3 | 2]) + length + content


RELU = field(4, b"Relu")


@pytest.mark.parametrize(
    "node",
    [
        field(4, b"RegexFullMatch") + RELU,  # protobuf would take the last
        field(4, b"RegexFullMatch") + b"\x25Relu",  # as four bytes, which protobuf would skip
        RELU + b"\x38\x00",  # domain as a number
        RELU + b"\x0b\x0c",  # a group
        RELU + b"\x80" * 11 + b"\x01",  # a number that does not end
        RELU + b"\x02\x00",  # field 0
        RELU + b"\x0a\x7f",  # longer than what is there
        RELU + field(1, b"\xff"),  # no text
        RELU + field(2, b"\xff"),
        b"",
    ],
)
def test_two_readings_of_one_file_are_refused(node):
    with pytest.raises(runtime.ModelRefused):
        parse(field(7, field(1, node)), runtime.Limits())
    assert parse(field(7, field(1, RELU)), runtime.Limits()).operators == {"Relu"}


@given(st.binary(max_size=400))
@example(field(7, b""))
def test_random_bytes_are_refused_or_read(content):
    _parse_or_refuse(content)


@given(st.data())
def test_damaged_models_are_refused_or_read(models, data):
    content = bytearray(models.generator().SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        replacement = data.draw(st.binary(max_size=6))
        content[at : at + data.draw(st.integers(0, 6))] = replacement
    _parse_or_refuse(bytes(content))


def _parse_or_refuse(content):
    with suppress(runtime.ModelRefused):  # any other error fails the test
        parse(content, runtime.Limits())


def test_memory_stays_near_the_size_of_the_file():
    content = field(14, b"") * 1_000_000  # a million empty entries of metadata
    tracemalloc.start()
    with pytest.raises(runtime.ModelRefused, match="more than 20000 entries"):
        parse(content, runtime.Limits(entries=20_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6
