"""Names of ports in an ONNX graph: the user's own, whatever the nodes between them happen to be called."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import count
from typing import Any

INPUT, OUTPUT = "in.{}", "out.{}"  # while tracing: torch writes no point into a node's name


def rename(graph: Any, names: Mapping[str, str]) -> None:
    """Rename values of the `onnx.GraphProto` in place; others make way, so that each name is there once.

    A name that only begins with another's is kept apart too: profiles write ``cat_scale`` beside ``cat``.

    Args:
        names: from a value's name to the one that it is to have.
    """
    wanted, present = set(names.values()), _values(graph)
    taken = wanted | present
    new = dict(names)
    for name in sorted(present - set(names)):
        if _clashes(name, wanted):
            new[name] = _free(name, wanted, taken)
            taken.add(new[name])
    _apply(graph, new)


def _clashes(name: str, wanted: Collection[str]) -> bool:
    return any(one == name or one.startswith(f"{name}_") for one in wanted)


def _free(name: str, wanted: Collection[str], taken: Collection[str]) -> str:
    options = (f"{name}.{number}" for number in count(1))
    return next(one for one in options if one not in taken and not _clashes(one, wanted))


def _values(graph: Any) -> set[str]:
    """Names of all values of a graph and of the graphs inside it; an empty one stands for nothing."""
    found = {value.name for value in (*graph.input, *graph.output, *graph.initializer)}
    for node in graph.node:
        found |= {*node.input, *node.output}
        for inner in _inner(node):
            found |= _values(inner)
    return found - {""}


def _apply(graph: Any, new: Mapping[str, str]) -> None:
    for value in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        value.name = new.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
        for inner in _inner(node):
            _apply(inner, new)


def _inner(node: Any) -> Iterator[Any]:
    """The graphs that a node such as If or Loop holds."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
