"""Export a network as one ONNX file that is refused unless onnxruntime reproduces torch."""

from __future__ import annotations

import hashlib
import sysconfig
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganworks.deploy import Deployable, Exported
from ganworks.errors import MissingExtraError, UsageError, nearest
from ganworks.run import replacing
from ganworks_exports._refusal import refused

if TYPE_CHECKING:
    from ganworks_exports.profiles import OutputLoss

LIBRARIES = ("onnx", "onnxscript", "onnxruntime")
CALIBRATION = (16, 8)  # feeds and rows a feed that an int8 model is calibrated with
MEASURED = (4, 8)  # feeds and rows a feed that the loss of a profile is measured on


def export(deployable: Deployable, path: Path, profile: str = "fp32") -> Exported:
    """Write ``deployable`` to ``path``; beside it, if it needs no picture, a torch-free ``sample.py``.

    The module is copied, put into evaluation mode on the CPU and freed of parametrizations. The file is
    written only when the ONNX checker accepts it, when onnxruntime agrees with torch at several sizes
    (see `ganworks_exports.parity`), when the profile costs no more than its limit (see
    `ganworks_exports.profiles`), and when it names no folder of this machine.

    Raises:
        MissingExtraError: onnx, onnxscript or onnxruntime is not installed.
        UsageError: there is no such profile, ``path`` is a folder, or there is another ``sample.py`` beside
            it; nothing is written.
        RunError: the network cannot be traced, or one of the checks above does not hold.
    """
    _require_libraries()
    from ganworks_exports import graph, sampler

    if path.is_dir():
        raise UsageError(f"{path} is a folder; name the file to write, such as {path / 'generator.onnx'}")
    draws = all(len(port.shape) < 4 for port in deployable.inputs)
    if draws:
        sampler.check_free(path)
    content, details = checked_model(deployable, profile)
    with replacing(path) as scratch:
        scratch.write_bytes(content)
    if draws:
        sampler.write(path)
    return Exported(
        file=path,
        max_abs_diff=max(details["differences"].values()),
        sha256=hashlib.sha256(content).hexdigest(),
        details={
            **details,
            "opset": graph.OPSET,
            "bytes": len(content),
            **({"sampler": sampler.FILE} if draws else {}),
        },
    )


def checked_model(deployable: Deployable, profile: str = "fp32") -> tuple[bytes, dict[str, Any]]:
    """Return the serialised model that has passed every check, and what was found on the way.

    Raises:
        MissingExtraError: onnx, onnxscript or onnxruntime is not installed.
        UsageError: there is no such profile.
        RunError: the network cannot be traced, or a check does not hold.
    """
    _require_libraries()
    from ganworks_exports import graph, parity, ports, tiling

    if profile != "fp32":
        from ganworks_exports import profiles

        if profile not in profiles.PROFILES:
            hint = nearest(profile, profiles.PROFILES)
            raise UsageError(
                f"profile '{profile}' is unknown{hint}; there are {', '.join(profiles.PROFILES)}"
            )
    reference = graph.evaluation_copy(deployable.module)
    traced = graph.trace(deployable, reference)
    full = graph.describe(traced, deployable, {"profile": "fp32", "loss": {}})
    content: bytes = full.SerializeToString()
    differences = parity.check(deployable, reference, content)
    _require_readable(content)
    tiles = tiling.measured(content)
    if tiles:
        full = graph.describe(traced, deployable, {"profile": "fp32", "loss": {}, **tiles})
        content = full.SerializeToString()
    model, loss = full, dict[str, Any]()
    if profile != "fp32":
        feeds = ports.feeds(deployable, *CALIBRATION, seed=1)
        light = profiles.apply(traced, profile, feeds)
        loss = _loss(deployable, profile, content, light.SerializeToString())
        model = graph.describe(light, deployable, {"profile": profile, "loss": loss, **tiles})
        content = model.SerializeToString()
    _refuse_local_paths(content)
    _require_readable(content)
    return content, {
        "differences": differences,
        "view": deployable.view,
        "profile": profile,
        "loss": loss,
        "batches": list(ports.BATCHES),
        "nodes": len(model.graph.node),
    }


def _loss(deployable: Deployable, profile: str, full: bytes, light: bytes) -> dict[str, Any]:
    """What the profile costs by output, measured on other rows than it was calibrated with."""
    from ganworks_exports import ports, profiles

    ranges = {
        port.name: port.high - port.low
        for port in deployable.outputs
        if port.low is not None and port.high is not None
    }
    losses = profiles.measure(full, light, ports.feeds(deployable, *MEASURED, seed=2), ranges)
    profiles.require(profiles.PROFILES[profile], losses)
    return {name: _as_card(loss) for name, loss in losses.items()}


def _as_card(loss: OutputLoss) -> dict[str, float]:
    """The measured figures; equal outputs have no finite ratio of signal to noise, and none is said."""
    figures = {"psnr_db": loss.psnr_db, "exact": loss.exact, "largest": loss.largest}
    return {key: value for key, value in figures.items() if value is not None and isfinite(value)}


def _require_readable(content: bytes) -> None:
    """What the runtime would refuse is not written."""
    from ganworks_exports.runtime import ModelRefused, contents_of

    try:
        contents_of(content)
    except ModelRefused as error:
        raise refused("the runtime would refuse the model", error) from error


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
