"""Export a network as one ONNX file that is refused unless onnxruntime reproduces torch."""

from __future__ import annotations

import hashlib
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from ganworks.deploy import Deployable, Exported
from ganworks.errors import MissingExtraError, UsageError
from ganworks.run import replacing
from ganworks_exports._refusal import refused

LIBRARIES = ("onnx", "onnxscript", "onnxruntime")


def export(deployable: Deployable, path: Path) -> Exported:
    """Write ``deployable`` to ``path`` and a torch-free ``sample.py`` beside it.

    The module is copied, put into evaluation mode on the CPU and freed of parametrizations. The file is
    written only when the ONNX checker accepts it, when onnxruntime agrees with torch at batch 1, 2 and 5
    (see `ganworks_exports.parity`), and when it names no folder of this machine.

    Raises:
        MissingExtraError: onnx, onnxscript or onnxruntime is not installed.
        UsageError: ``path`` is a folder, or there is another ``sample.py`` beside it; nothing is written.
        RunError: the network cannot be traced, or one of the checks above does not hold.
    """
    _require_libraries()
    from ganworks_exports import graph, parity, sampler

    if path.is_dir():
        raise UsageError(f"{path} is a folder; name the file to write, such as {path / 'generator.onnx'}")
    sampler.check_free(path)

    reference = graph.evaluation_copy(deployable.module)
    model = graph.describe(graph.trace(deployable, reference), deployable)
    content: bytes = model.SerializeToString()
    max_abs_diff = parity.check(deployable, reference, content)
    _refuse_local_paths(content)

    with replacing(path) as scratch:
        scratch.write_bytes(content)
    sampler.write(path)
    return Exported(
        file=path,
        max_abs_diff=max_abs_diff,
        sha256=hashlib.sha256(content).hexdigest(),
        details={
            "opset": graph.OPSET,
            "bytes": len(content),
            "batches": list(parity.BATCHES),
            "nodes": len(model.graph.node),
            "sampler": sampler.FILE,
        },
    )


def _require_libraries() -> None:
    if any(find_spec(name) is None for name in LIBRARIES):
        raise MissingExtraError("ONNX export", "onnx")


def _refuse_local_paths(content: bytes) -> None:
    """A model is handed to others: it must not tell where, and under which user name, it was made."""
    folders = [Path.home(), Path.cwd(), Path(sysconfig.get_path("purelib"))]
    # the bare root would match every slash
    for folder in [str(folder) for folder in folders if len(folder.parts) > 1] + ["site-packages"]:
        if f"{folder}/".encode() in content:
            raise refused(f"the model would carry the local path {folder}; look for it in the card")
