"""Where the samples and the model of a run come from, and what the run took."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version
from pathlib import Path

from ganworks.run import PROVENANCE, Run, write_json
from ganworks.training import weights_sha256


def write_provenance(run: Run, seed: int, weights: Path) -> None:
    """Write ``provenance.json``; ``weights`` is the checkpoint that was sampled and exported."""
    settings, metrics = run.settings(), run.metrics()
    write_json(
        run.folder / PROVENANCE,
        {
            "synthetic": True,
            "domain": settings.get("domain"),
            "seed": seed,
            "recipe": settings.get("recipe", {}),
            "data": settings.get("data", {}),
            "engine": settings.get("engine", {}),
            "generator_sha256": weights_sha256(weights),
            "model_sha256": metrics.get("export", {}).get("sha256"),
            "versions": versions(),
        },
    )


def versions() -> dict[str, str]:
    """The versions that a result may depend on."""
    return {"python": platform.python_version(), **{p: version(p) for p in ("ganworks", "torch", "numpy")}}


def peak_bytes() -> int:
    """Peak resident memory of this process; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
