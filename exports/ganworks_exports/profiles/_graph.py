"""Small questions about an ONNX graph that several passes ask."""

from __future__ import annotations

from typing import Any

import onnx


def initializers(model: onnx.ModelProto) -> dict[str, Any]:
    """The constants of the graph by name; those that a caller may replace by an input are left out."""
    inputs = {value.name for value in model.graph.input}
    return {value.name: value for value in model.graph.initializer if value.name not in inputs}


def attributes(node: Any) -> dict[str, Any]:
    """The attributes of a node as Python values."""
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def names_read(graph: Any) -> set[str]:
    """All names that the nodes of a graph and of the graphs inside it read, and the graph's outputs."""
    names = {value.name for value in graph.output}
    for node in graph.node:
        names.update(node.input)
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                names |= names_read(inner)
    return names


def drop_unused(model: onnx.ModelProto) -> onnx.ModelProto:
    """Take initializers that nothing reads out of the model, and return it."""
    read = names_read(model.graph)
    kept = [value for value in model.graph.initializer if value.name in read]
    if len(kept) < len(model.graph.initializer):
        copies = [onnx.TensorProto.FromString(value.SerializeToString()) for value in kept]
        del model.graph.initializer[:]
        model.graph.initializer.extend(copies)
    return model


def replace_nodes(graph: Any, nodes: list[Any]) -> None:
    """Make ``nodes``, old and new ones, the nodes of the graph."""
    copies = [
        onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes
    ]  # freed with the old list
    del graph.node[:]
    graph.node.extend(copies)


def sizes(model: onnx.ModelProto) -> dict[str, list[int | None]]:
    """The sizes of the tensors of which shape inference knows the rank; None stands for a free size."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    return {
        value.name: [size.dim_value or None for size in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.value_info, *graph.output)
        if value.type.tensor_type.HasField("shape")
    }
