"""From a torch module to an ONNX graph that carries its card and nothing of the machine it was made on."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import version
from typing import Any

import numpy as np
import onnx
import torch
from onnxscript.ir.passes.common import ClearMetadataAndDocStringPass
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ganworks.deploy import Deployable
from ganworks_exports import ports
from ganworks_exports._refusal import refused

OPSET = 20  # what torch writes by default; onnxruntime fuses best up to 21
CARD_VERSION = "1"
EXAMPLE_ROWS = 2  # torch.export takes a size of 1 for a constant


class _Entry(nn.Module):
    """Puts a prefix before the weights' names: one equal to a port's name breaks ONNX's single assignment."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        output: Tensor = self.network(*inputs)
        return output


def evaluation_copy(module: nn.Module) -> nn.Module:
    """Return a copy of ``module`` on the CPU, in evaluation mode, without gradients."""
    return copy.deepcopy(module).cpu().eval().requires_grad_(False)


def without_parametrizations(module: nn.Module) -> nn.Module:
    """Return a copy in which spectral and weight norm are folded into plain weights: fewer nodes to run.

    `torch.nn.utils.parametrize.remove_parametrizations` cannot be used: a copied module shares its generated
    class with the original, and removing there deletes the weight's property from that class for both.
    """
    plain = copy.deepcopy(module)
    for part in [part for part in plain.modules() if parametrize.is_parametrized(part)]:
        names = list(part.parametrizations)  # type: ignore[arg-type]
        folded = {name: getattr(part, name).detach().clone() for name in names}
        del part.parametrizations
        part.__class__ = type(part).__bases__[0]  # the layer it was before torch wrapped it
        for name, weight in folded.items():
            part.register_parameter(name, nn.Parameter(weight, requires_grad=False))
    return plain


def trace(deployable: Deployable, reference: nn.Module) -> Any:
    """Return the `onnx.ModelProto` of ``reference`` with a free batch size, freed of source positions.

    Raises:
        RunError: torch cannot express the network in ONNX, or chose another opset.
    """
    ports.check(deployable)
    rng = np.random.default_rng(0)
    example = tuple(torch.from_numpy(ports.draw(port, EXAMPLE_ROWS, rng)) for port in deployable.inputs)
    batch = torch.export.Dim("batch", min=1)
    free = tuple({0: batch} if ports.is_batched(port) else {} for port in deployable.inputs)
    try:
        with _quiet():
            program = torch.onnx.export(
                _Entry(without_parametrizations(reference)).eval(),
                example,
                dynamo=True,
                opset_version=OPSET,
                dynamic_shapes=(free,),
                input_names=[port.name for port in deployable.inputs],
                output_names=[deployable.output.name],
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
    _check_opset(model)
    return model


def describe(model: Any, deployable: Deployable) -> Any:
    """Write the card into the model's metadata and return the model, accepted by the ONNX checker.

    Raises:
        RunError: the card is not JSON, or the checker objects.
    """
    card = {
        **deployable.card,
        "inputs": [ports.as_card(port) for port in deployable.inputs],
        "output": ports.as_card(deployable.output),
        "opset": OPSET,
        "weights_sha256": weights_sha256(model),
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


def weights_sha256(model: Any) -> str:
    """Return the hash of all weights in the order of their names: name, type, shape and values."""
    digest = hashlib.sha256()
    for weight in sorted(model.graph.initializer, key=lambda weight: str(weight.name)):
        values = onnx.numpy_helper.to_array(weight)
        digest.update(f"{weight.name} {values.dtype} {values.shape}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _check_opset(model: Any) -> None:
    # torch raises the opset without a word where an operator needs a newer one
    found = {entry.domain: entry.version for entry in model.opset_import}
    if found != {"": OPSET}:
        raise refused(f"the graph needs the operator sets {found}, not ONNX {OPSET} alone")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch.onnx's progress marks off stdout, and its remarks about itself out of the run's log."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.filterwarnings("ignore", category=FutureWarning, module="copyreg")
            warnings.filterwarnings("ignore", message="# The axis name", category=UserWarning)
            yield
    finally:
        log.setLevel(level)
