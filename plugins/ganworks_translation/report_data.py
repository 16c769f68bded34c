"""The sections of the report on the data that came in and the model that came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganworks.report import Report
from ganworks.report.facts import model_facts
from ganworks.run import Run
from ganworks_image.report_data import SPLIT_BY
from ganworks_translation.pairs import PairStudy

EMBED = """from ganworks_exports.runtime import load

model = load("{file}")
result = model.transform(picture)  # (height, width, channels), in the type of the files"""
APPLY = "gan translate {run} photos/ translated/"


def data_section(page: Report, study: PairStudy) -> None:
    """What was read, how it was split, what was left out and why."""
    kind = "Pairs" if study.paired else "Two sets of pictures without pairs"
    split = SPLIT_BY.get(study.grouped_by, f"by {study.grouped_by}")
    section = page.section("Data", f"Source: {study.title}. {kind}. Split {split}.")
    counts = study.counts
    rows = [[f"{side}s", *(found[side] for found in counts.values())] for side in ("source", "target")]
    section.table(["", *counts], rows)
    section.facts(_facts(study))
    section.warning_list(study.notes, none="Nothing unusual in the data.")
    rejected = study.rejects[["file", "reason", "action"]].values.tolist()
    section.table(
        ["File", "Reason", "What was done"], rejected, f"{len(rejected)} remarks on files", folded=True
    )


def _facts(study: PairStudy) -> dict[str, Any]:
    height, width = study.target_space.size
    found = {
        "Direction": {"a2b": "from side A to side B", "b2a": "from side B to side A"}[study.direction],
        "Size": f"{height} x {width} pixels",
        "Channels": f"{study.source_space.channels} to {study.target_space.channels}",
    }
    if study.labels:
        found["Channels"] = f"{study.labels} labels to {study.target_space.channels}"
    for name, units in (("Source", study.source_map), ("Target", study.target_map)):
        if not (name == "Source" and study.labels):
            found[f"{name} intensity window"] = f"{units.low:g} to {units.high:g} {units.unit}"
    return {**found, "Fingerprint": study.fingerprint[:16]}


def model_section(page: Report, run: Run, metrics: dict[str, Any], use: str) -> None:
    """The exported model, how to use it, and what it is for."""
    section = page.section("Model card")
    export = metrics.get("export", {})
    section.facts(model_facts(run, metrics))
    section.text(use)
    section.text("To translate files or folders:")
    section.code(APPLY.format(run=run.folder.name), "sh")
    if str(export.get("file", "")).endswith(".onnx"):
        section.text("In another program, with numpy and onnxruntime only:")
        section.code(EMBED.format(file=Path(export["file"]).name), "python")
