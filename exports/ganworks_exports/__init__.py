"""The exporters: ONNX files and web pages. Importing this package imports neither torch nor onnx."""

from __future__ import annotations

from collections.abc import Iterator

from ganworks import plugin


@plugin.hookimpl
def ganworks_declare() -> Iterator[plugin.Declaration]:
    """Declare the exporters; their code is imported when a model is exported."""
    yield plugin.Exporter(
        name="onnx",
        summary="One self-describing ONNX file, checked against torch, with a torch-free sample.py.",
        target="ganworks_exports.onnx:export",
        suffix=".onnx",
        profiles=("fp32", "w16", "w8", "int8"),
    )
    yield plugin.Exporter(
        name="web",
        summary="A folder with a web page that draws from the model in the visitor's browser.",
        target="ganworks_exports.web:export",
        suffix="",
        profiles=("w16", "fp32", "w8", "int8"),
    )
    yield plugin.Command(
        name="inspect",
        summary="What an exported model says of itself.",
        target="ganworks_exports.commands:inspect_app",
    )
    yield plugin.Command(
        name="sign",
        summary="Sign an exported model with a private key.",
        target="ganworks_exports.commands:sign_app",
    )
