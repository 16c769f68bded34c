"""What a run of a table says in its last lines: how alike, how useful, beside what real rows reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

JUDGE = "HistGradientBoosting"  # the better of the two classifiers of the utility test


def with_verdicts(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of `evaluate_table` with a ``verdict`` and ``reasons`` more in three blocks.

    These are ``fidelity``, ``two_sample`` and ``utility``; it says a figure and what to compare it with.

    `gan run` and `gan evaluate` end with them and the privacy verdict. Blocks that are not there stay away.
    """
    fidelity, test = metrics["fidelity"], metrics["two_sample"]
    told = {
        "fidelity": _told(
            f"quality {fidelity['quality']:.3f}", f"held-out rows {fidelity['ceiling']['quality']:.3f}"
        ),
        "two_sample": _told(f"AUC {test['auc']:.3f}", "0.5 is best, 1: told from real rows without error"),
    }
    precision = average_precisions(metrics)
    if precision is not None:
        made, real = precision
        told["utility"] = _told(
            f"average precision {made:.3f} after training on synthetic rows", f"on real ones {real:.3f}"
        )
    return {name: {**block, **told[name]} if name in told else block for name, block in metrics.items()}


def average_precisions(metrics: Mapping[str, Any]) -> tuple[float, float] | None:
    """Average precision in [0, 1] on held-out rows of trees trained on synthetic rows, and on real ones.

    None where the utility was not measured.
    """
    found = metrics.get("utility", {}).get("classifiers")
    if not found:
        return None
    arms = found[JUDGE]["arms"]
    made, real = (float(arms[arm]["average_precision"]["mean"]) for arm in ("synthetic", "real"))
    return made, real


def _told(verdict: str, reason: str) -> dict[str, Any]:
    return {"verdict": verdict, "reasons": [reason]}
