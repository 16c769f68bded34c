"""The exporter "web": a static page that runs the model in the visitor's browser."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ganworks.deploy import Deployable, Exported
from ganworks_exports.web import _folder, _modes, _ort

MODEL = "model.onnx"


def export(deployable: Deployable, folder: Path, profile: str = "w16") -> Exported:
    """Write a page into ``folder``: HTML, scripts, the model and onnxruntime-web. Any static server does.

    The model passes the same checks as a file of the ONNX exporter. The folder is written whole or not at
    all; an earlier page there is replaced.

    Raises:
        MissingExtraError: onnx, onnxscript or onnxruntime is not installed.
        UsageError: the page has no controls for such a model, ``folder`` holds something else, there is no
            such profile, or onnxruntime-web is not to be had.
        RunError: the network cannot be traced, or one of the exporter's checks does not hold.
    """
    _modes.require_one(deployable)
    _folder.check_free(folder.resolve(), names())
    runtime = _ort.files(Path.cwd())
    from ganworks_exports.onnx import checked_model  # imports torch and onnx

    model, details = checked_model(deployable, profile)
    contents = {**page_files(), **{f"ort/{name}": data for name, data in runtime.items()}, MODEL: model}
    _folder.write(folder.resolve(), contents)
    return Exported(
        file=folder,
        max_abs_diff=max(details["differences"].values()),
        sha256=hashlib.sha256(model).hexdigest(),
        details={
            **details,
            "bytes": sum(map(len, contents.values())),
            "model_bytes": len(model),
            "runtime": _ort.PACKAGE,
            "next": _next_steps(folder),
        },
    )


def page_files() -> dict[str, bytes]:
    """Return the files of the page that are the same for every model, by their place in the folder."""
    return dict(_walk(files(__package__) / "page"))


def names() -> set[str]:
    """Return the places of all files of a page."""
    return {*page_files(), *(f"ort/{name}" for name in _ort.SHA256), MODEL}


def _walk(root: Traversable, prefix: str = "") -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in sorted(root.iterdir(), key=lambda entry: entry.name):
        place = f"{prefix}{entry.name}"
        found += _walk(entry, f"{place}/") if entry.is_dir() else [(place, entry.read_bytes())]
    return found


def _next_steps(folder: Path) -> tuple[str, ...]:
    place = f'"{folder}"' if " " in str(folder) else str(folder)
    return (
        f"Serve it: python -m http.server --bind 127.0.0.1 --directory {place}",
        "Then open http://127.0.0.1:8000 (README.txt there tells of other servers)",
    )
