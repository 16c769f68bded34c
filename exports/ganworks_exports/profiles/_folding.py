"""Constants computed ahead, and BatchNorm folded into the convolution before it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import onnxruntime

from ganworks_exports._refusal import refused


def folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model as onnxruntime's basic optimisation leaves it: standard operators, any processor.

    Raises:
        RunError: onnxruntime cannot load the model.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with TemporaryDirectory() as folder:
        path = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(path)
        try:
            onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions share no base class
            raise refused("onnxruntime cannot load the model", error) from error
        return as_labelled(onnx.load(path), model)


def as_labelled(model: onnx.ModelProto, original: onnx.ModelProto) -> onnx.ModelProto:
    """Return ``model``, a rewritten ``original``, with all of that but the graph's body.

    Libraries that rewrite a model drop metadata, add operator sets that they do not use, and leave notes.

    Raises:
        RunError: the rewritten graph needs operators that the original's sets do not have.
    """
    known = {entry.domain for entry in original.opset_import}
    foreign = {node.domain or "" for node in model.graph.node} - known
    if foreign:
        raise refused(f"the graph would need operators of {', '.join(sorted(foreign))}")
    new = onnx.ModelProto()
    new.CopyFrom(original)
    for part in ("node", "initializer", "sparse_initializer"):
        new.graph.ClearField(part)
        getattr(new.graph, part).extend(getattr(model.graph, part))
    for part in ("value_info", "quantization_annotation"):
        new.graph.ClearField(part)
    for node in new.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    return new
