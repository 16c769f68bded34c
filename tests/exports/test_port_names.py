"""Ports keep the names that a user gave them, whatever torch calls the steps between them."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ganworks.deploy import Deployable, Port
from ganworks_exports import naming, runtime
from ganworks_exports.onnx import export

TEXTS = ("no", "yes")


class Steps(nn.Module):
    """Many kinds of nodes: what torch names after itself (view, cat, log, select, ...)."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 4)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        rows = self.linear(latent).view(-1, 2, 2)
        log = torch.log(torch.cat([rows, rows], 1).abs() + 1)
        return log.sum((1, 2)), (log[:, 0, 0] > 0.3).long()


def model_with(source: str, number: str, text: str) -> Deployable:
    torch.manual_seed(0)
    outputs = (
        Port(name=number, dtype="float32", shape=("batch",), meaning="a number"),
        Port(name=text, dtype="str", shape=("batch",), meaning="a word", categories=TEXTS),
    )
    latent = Port(name=source, dtype="float32", shape=("batch", 8), meaning="noise")
    return Deployable(module=Steps(), inputs=(latent,), outputs=outputs, card={})


def inner_names(path) -> set[str]:
    graph = onnx.load(path).graph
    made = {name for node in graph.node for name in node.output} | {one.name for one in graph.initializer}
    return made - {one.name for one in graph.output}


@pytest.fixture(scope="module")
def usual(tmp_path_factory) -> list[str]:
    """Every name that torch gives to something between the ports."""
    path = tmp_path_factory.mktemp("usual") / "g.onnx"
    export(model_with("latent", "number", "word"), path)
    return sorted(inner_names(path))


@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_inner_name_may_be_that_of_a_port(usual, tmp_path_factory, data):
    own = st.sampled_from([*usual, "in.0", "out.0", "out.1.text", "cat_scale", "t", "a b", "größe"])
    source, number, text = data.draw(st.lists(own, min_size=3, max_size=3, unique=True))
    deployable, path = model_with(source, number, text), tmp_path_factory.mktemp("named") / "g.onnx"
    export(deployable, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == [source]
    assert [one.name for one in session.get_outputs()] == [number, text]
    model = runtime.load(path)
    assert [port["name"] for port in model.card["inputs"] + model.card["outputs"]] == [source, number, text]
    latent = torch.randn(5, 8)
    sums, places = deployable.module(latent)
    found = model.run(**{source: latent.numpy()})
    np.testing.assert_allclose(found[number], sums.detach(), rtol=1e-4)
    assert found[text].tolist() == [TEXTS[place] for place in places]


@pytest.mark.parametrize("profile", ["w16", "w8"])
def test_what_a_profile_adds_does_not_meet_a_port(tmp_path, profile):
    path, names = tmp_path / "g.onnx", [f"network.linear.weight_{profile}", "network.linear.weight_scale"]
    export(model_with("latent", *names), path, profile)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_outputs()] == names


def test_graphs_inside_a_node_are_renamed_too():
    made = onnx.parser.parse_model(
        """
        <ir_version: 10, opset_import: ["" : 20]>
        g (bool in, float[2] a) => (float[2] out) {
            view = Neg (a)
            out = If (in) <
                then_branch = t () => (float[2] x) { x = Abs (view) },
                else_branch = e () => (float[2] y) { y = Identity (a) }
            >
        }
        """
    )
    naming.rename(made.graph, {"in": "x", "a": "view", "out": "y"})
    onnx.checker.check_model(made, full_check=True)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    values = np.array([1, -2], np.float32)
    assert session.run(["y"], {"x": np.array(True), "view": values})[0].tolist() == [1, 2]
    assert session.run(["y"], {"x": np.array(False), "view": values})[0].tolist() == [1, -2]
