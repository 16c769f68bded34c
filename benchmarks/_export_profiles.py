"""One export and the profiles made of it: bytes, loss, seconds, and the reason where one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from time import process_time
from typing import Any

import onnx
from _export_models import RANGE

from ganworks.deploy import Deployable
from ganworks.errors import RunError
from ganworks_exports import ports, profiles
from ganworks_exports.onnx import CALIBRATION, MEASURED, export

PROFILES = tuple(profiles.PROFILES)


def write_profiles(deployable: Deployable, folder: Path) -> dict[str, dict[str, Any]]:
    """Write PROFILE.onnx for every profile that is not refused; a refused one has its ``reason``.

    The network is traced once: the other profiles are passes over the file of the first.
    """
    started = process_time()
    exported = export(deployable, folder / "fp32.onnx")
    spent = process_time() - started
    details = exported.details
    found = {"fp32": {"bytes": details["bytes"], "nodes": details["nodes"], "cpu_seconds": spent}}
    full = onnx.load(exported.file)
    for name in PROFILES[1:]:
        file = folder / f"{name}.onnx"
        file.unlink(missing_ok=True)
        started = process_time()
        try:
            light, loss = lighter(full, deployable, name)
        except RunError as error:
            found[name] = {"reason": str(error)}
            continue
        file.write_bytes(light)
        found[name] = {"bytes": len(light), "cpu_seconds": process_time() - started, **loss}
    return found


def lighter(full: Any, deployable: Deployable, profile: str) -> tuple[bytes, Mapping[str, Any]]:
    """The model in a profile, and its loss as an export measures it.

    Raises:
        RunError: the profile cannot be made, or costs more than it may.
    """
    feeds = ports.feeds(deployable, *CALIBRATION, seed=1)
    light = profiles.apply(full, profile, feeds).SerializeToString()
    held_out = ports.feeds(deployable, *MEASURED, seed=2)
    losses = profiles.measure(full.SerializeToString(), light, held_out, {"sample": RANGE})
    profiles.require(profiles.PROFILES[profile], losses)
    (loss,) = losses.values()
    decibel = loss.psnr_db if loss.psnr_db is not None and isfinite(loss.psnr_db) else None  # None: equal
    return light, {"psnr_db": decibel, "largest": loss.largest}
