"""The sections of the report on the data that came in and the model that came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganworks.report import Report
from ganworks.report.facts import model_facts
from ganworks.run import Run
from ganworks.wording import counted
from ganworks_image.study import Study

EMBED = """import numpy as np, onnxruntime as ort
session = ort.InferenceSession("{file}")
feed = {{"seed": np.arange(16), "truncation": np.array(1, np.float32)}}{label}
images = session.run(None, feed)[0]  # (16, height, width, channels)"""
LABEL = """
feed["label"] = np.full(16, {number})  # {name}"""

SPLIT_BY = {"copies": "image by image, with near copies kept together", "given split": "as given"}


def data_section(page: Report, study: Study) -> None:
    """What was read, how it was split, what was left out and why."""
    split = SPLIT_BY.get(study.grouped_by, f"by {study.grouped_by}")
    section = page.section("Data", f"Source: {study.title}. Split {split}.")
    parts = ("train", "validation", "test")
    section.table(
        ["Class", *parts], [[name, *(n[part] for part in parts)] for name, n in study.counts().items()]
    )
    section.facts({**study.facts(), "Fingerprint": study.fingerprint[:16]})
    section.table(
        ["Leak check", "Count"],
        _leak_rows(study),
        "Copies and near copies, and how many stood across parts before and after this run took care.",
    )
    section.warning_list([*_low_data(study), *study.notes], none="Nothing unusual in the data.")
    rejected = study.rejects[["file", "reason", "action"]].values.tolist()
    section.table(
        ["File", "Reason", "What was done"],
        rejected,
        counted(len(rejected), "remark") + " on files",
        folded=True,
    )


def model_section(page: Report, run: Run, study: Study, metrics: dict[str, Any], use: str) -> None:
    """The exported model, how to embed it, and what it is for (``use``)."""
    section = page.section("Model card")
    export = metrics.get("export", {})
    section.facts(model_facts(run, metrics))
    section.text(use)
    if str(export.get("file", "")).endswith(".onnx"):
        label = LABEL.format(number=0, name=study.classes[0]) if len(study.classes) > 1 else ""
        code = EMBED.format(file=Path(export["file"]).name, label=label)
        section.text("To embed the model, with numpy and onnxruntime only:")
        section.code(code, "python")


def _leak_rows(study: Study) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for name, found in study.leaks.items():
        parts = found.items() if isinstance(found, dict) else [("", found)]
        rows += [[f"{name.replace('_', ' ')} {part}".strip(), count] for part, count in parts]
    return rows


def _low_data(study: Study) -> list[str]:
    few = [
        f"Class '{name}' has {counted(n, 'training image')}: fewer than 50. Expect little variety, "
        "and look at the nearest pairs above."
        for name, n in study.low_data.items()
    ]
    left = [
        f"Class '{name}' was left out: {counted(n, 'image')} of it, too few."
        for name, n in study.left_out.items()
    ]
    return few + left
