"""Run a ganworks ONNX model in your own program. Copy this folder; it needs numpy and onnxruntime::

    import runtime

    model = runtime.load("generator.onnx")
    images = model.sample(16, label="scratch", seed=1)  # uint8 (16, height, width, channels)

`load` checks a file before onnxruntime sees it. `run_limited` also bounds the memory and the time of a model
that you do not trust. `read` says what a file holds, without onnxruntime. Python 3.11 or newer.
"""

from __future__ import annotations

from ._contents import Contents, contents_of, read, weights_sha256
from ._limited import run_limited
from ._limits import Limits, ModelRefused
from ._model import Model, load

__all__ = [
    "Contents",
    "Limits",
    "Model",
    "ModelRefused",
    "contents_of",
    "load",
    "read",
    "run_limited",
    "weights_sha256",
]
