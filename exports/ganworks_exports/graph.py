"""From a torch module to an ONNX graph that carries its card and nothing of the machine it was made on."""

from __future__ import annotations

import copy
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import version
from typing import Any

import numpy as np
import onnx
import torch
from onnxscript.ir.passes.common import ClearMetadataAndDocStringPass
from torch import Tensor, nn

from ganworks.deploy import Deployable, Port
from ganworks.networks.folding import without_parametrizations
from ganworks_exports import naming, ports
from ganworks_exports._refusal import refused
from ganworks_exports.runtime import ModelRefused, weights_sha256

OPSET = 20  # what torch writes by default; onnxruntime fuses best up to 21
TEXT = "{}.text"  # name of what an output becomes that is a place among categories
CARD_VERSION = "2"  # 2: `outputs` in the place of `output`, `view`, `profile`


class _Entry(nn.Module):
    """Puts a prefix before the weights' names, which sets them apart from those of the nodes."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Any:
        return self.network(*inputs)


def evaluation_copy(module: nn.Module) -> nn.Module:
    """Return a copy of ``module`` on the CPU, in evaluation mode, without gradients."""
    return copy.deepcopy(module).cpu().eval().requires_grad_(False)


def trace(deployable: Deployable, reference: nn.Module) -> Any:
    """Return the `onnx.ModelProto` of ``reference`` with its free sizes, freed of source positions.

    Raises:
        RunError: torch cannot express the network in ONNX, or chose another opset.
    """
    ports.check(deployable)
    rng = np.random.default_rng(0)
    sizes = list(ports.trials(deployable))[1]  # a size of 1 would be taken for a constant
    example = tuple(torch.from_numpy(values) for values in ports.tried(deployable, sizes, rng).values())
    free = _dynamic(deployable)
    try:
        with _quiet():
            program = torch.onnx.export(
                _Entry(without_parametrizations(reference)).eval(),
                example,
                dynamo=True,
                opset_version=OPSET,
                dynamic_shapes=(free,),
                input_names=[naming.INPUT.format(place) for place, _ in enumerate(deployable.inputs)],
                output_names=[naming.OUTPUT.format(place) for place, _ in enumerate(deployable.outputs)],
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # the exporter raises whatever the failing step raised
        cause = error.__cause__ or error
        raise refused("torch cannot express the network in ONNX", cause) from error
    if program is None:
        raise refused("torch.onnx.export returned no program")
    # every node carries absolute paths and source lines of the machine that traced it
    ClearMetadataAndDocStringPass()(program.model)
    model = program.model_proto
    model.graph.ClearField("value_info")
    for port, value in zip(deployable.outputs, list(model.graph.output), strict=True):
        _name_sizes(value, port)
        if port.categories:
            _as_text(model.graph, port, value)
    naming.rename(model.graph, _port_names(deployable))
    _check_opset(model)
    return model


def _dynamic(deployable: Deployable) -> tuple[dict[int, Any], ...]:
    """What `torch.export` must keep free of each input: a multiple is a factor of a free number."""
    dims: dict[str, Any] = {}
    for name, multiple in ports.free_sizes(deployable).items():
        dim = torch.export.Dim(name if multiple == 1 else f"{name}_over_{multiple}", min=1)
        dims[name] = dim if multiple == 1 else multiple * dim
    return tuple(
        {place: dims[size] for place, size in enumerate(port.shape) if isinstance(size, str)}
        for port in deployable.inputs
    )


def _name_sizes(value: Any, port: Port) -> None:
    """Write the declared shape over the traced one, which sometimes has a constant for a free size."""
    dims = value.type.tensor_type.shape.dim
    for size, dim in zip(port.shape, dims, strict=False):  # the parity check compares ranks and fixed sizes
        if isinstance(size, str):
            dim.dim_param = size


def _port_names(deployable: Deployable) -> dict[str, str]:
    """From the names in the traced graph to those of the ports."""
    names = {naming.INPUT.format(place): port.name for place, port in enumerate(deployable.inputs)}
    for place, port in enumerate(deployable.outputs):
        name = naming.OUTPUT.format(place)
        names[TEXT.format(name) if port.categories else name] = port.name
    return names


def _as_text(graph: Any, port: Port, value: Any) -> None:
    """Let the graph look its places up among the texts: a plain Gather, known to every runtime."""
    texts, text = f"{value.name}.categories", TEXT.format(value.name)
    graph.initializer.append(
        onnx.helper.make_tensor(
            texts,
            onnx.TensorProto.STRING,
            [len(port.categories)],
            [text.encode() for text in port.categories],
        )
    )
    graph.node.append(onnx.helper.make_node("Gather", [texts, value.name], [text], axis=0))
    value.name = text
    value.type.tensor_type.elem_type = onnx.TensorProto.STRING


def describe(model: Any, deployable: Deployable, precision: Mapping[str, Any]) -> Any:
    """Write the card into the model's metadata and return the model, accepted by the ONNX checker.

    ``precision`` is what the card says of the numbers: the profile, and what it cost.

    Raises:
        RunError: the card is not JSON, or the checker objects.
    """
    card = {
        **deployable.card,
        "inputs": [ports.as_card(port) for port in deployable.inputs],
        "outputs": [ports.as_card(port) for port in deployable.outputs],
        "view": deployable.view,
        **precision,
        "opset": OPSET,
        "weights_sha256": _weights_sha256(model),
    }
    properties = {"card_version": CARD_VERSION, "synthetic_content": "true"}
    try:
        properties["card"] = json.dumps(card, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise refused("the model card cannot be written as JSON", error) from error
    if "license" in card:
        properties["license"] = str(card["license"])
    model.producer_name, model.producer_version = "ganworks", version("ganworks")
    model.doc_string = str(card.get("title", ""))
    onnx.helper.set_model_props(model, properties)
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # checker and shape inference raise different types
        raise refused("the ONNX checker objects", error) from error
    return model


def _weights_sha256(model: Any) -> str:
    """As every program with the runtime will compute it; a file that it would not read is not written."""
    try:
        return weights_sha256(model.SerializeToString())
    except ModelRefused as error:
        raise refused("the runtime would refuse the model", error) from error


def _check_opset(model: Any) -> None:
    # torch raises the opset without a word where an operator needs a newer one
    found = {entry.domain: entry.version for entry in model.opset_import}
    if found != {"": OPSET}:
        raise refused(f"the graph needs the operator sets {found}, not ONNX {OPSET} alone")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch.onnx's progress marks off stdout, and its remarks about itself out of the run's log."""
    logs = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript.optimizer")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.filterwarnings("ignore", category=FutureWarning, module="copyreg")
            warnings.filterwarnings("ignore", message="# The axis name", category=UserWarning)
            yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
