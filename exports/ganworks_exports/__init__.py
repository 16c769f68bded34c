"""The ONNX exporter. Importing this package imports neither torch nor onnx."""

from __future__ import annotations

from collections.abc import Iterator

from ganworks import plugin


@plugin.hookimpl
def ganworks_declare() -> Iterator[plugin.Declaration]:
    """Declare the exporter; its code is imported when a model is exported."""
    yield plugin.Exporter(
        name="onnx",
        summary="One self-describing ONNX file, checked against torch, with a torch-free sample.py.",
        target="ganworks_exports.onnx:export",
        suffix=".onnx",
    )
