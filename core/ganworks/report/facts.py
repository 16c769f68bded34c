"""What every report says of a run: its model, its losses, its warnings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ganworks.run import Run


def model_facts(run: Run, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe, training and exported file, by what they are called on the page."""
    settings = run.settings()
    export, time = metrics.get("export", {}), metrics.get("time", {})
    return {
        "Recipe": settings.get("recipe", {}).get("name"),
        "Steps": metrics.get("training", {}).get("steps"),
        "Training time, s": time.get("train_s"),
        "Seed": settings.get("options", {}).get("seed"),
        "Device": settings.get("engine", {}).get("device"),
        "Model file": export.get("file"),
        "SHA-256": export.get("sha256"),
        "Largest difference to torch": export.get("max_abs_diff"),
        "Versions": ", ".join(f"{k} {v}" for k, v in settings.get("versions", {}).items()),
    }


def warnings_of(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each warning once, in the order of their first."""
    return list(dict.fromkeys(event["text"] for event in events if event["event"] == "warning"))


def losses_of(events: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Term -> its (step, loss), from the events of a run; what only watches the game is left out."""
    steps = [event for event in events if event["event"] == "step" and event.get("losses")]
    names = sorted({name for event in steps for name in event["losses"] if "." not in name})
    return {
        name: [(e["step"], e["losses"][name]) for e in steps if e["losses"].get(name) is not None]
        for name in names
        if name != "real_above_fake"
    }
