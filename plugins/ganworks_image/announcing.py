"""What is said of the data once they are read: every class or file that will be missed."""

from __future__ import annotations

from ganworks.run import Run
from ganworks.wording import counted
from ganworks_image.study import Study


def announce(study: Study, run: Run) -> None:
    """Write the facts of the data into the run's log, and a warning for whatever is not as it seems."""
    run.emit("data", **study.describe(), rejected=len(study.rejects))
    for note in study.notes:
        run.warn("data", note)
    _left_out_files(study, run)
    for name, count in study.left_out.items():
        found = counted(count, "image")
        run.warn("small-class", f"class '{name}' has only {found} and is left out (--min-class)")
    for name, count in study.low_data.items():
        run.warn(
            "low-data",
            f"class '{name}' trains on {counted(count, 'image')}: expect little variety and near-copies",
        )


def _left_out_files(study: Study, run: Run) -> None:
    """Those for a reason of their own: a class that is left out has a warning of its own."""
    action = study.rejects["action"]
    out = study.rejects[
        action.str.contains("left out|dropped|skipped|refused") & (action != "class left out")
    ]
    if len(out):
        files = counted(len(out), "file or image", "files or images")
        first = f"{out['file'].iloc[0]}: {out['reason'].iloc[0]}"
        run.warn("rejected", f"{files} left out, listed in the report ({first})")
