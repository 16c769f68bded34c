"""The last words of a run: what was made, where, how good it is, and what to type next."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganworks.run import METRICS, REPORT, Run

SHEET = "sheet.png"  # where a domain makes one: the first samples as one picture
_VERDICTS = {"downstream": "gain on a real task"}


def verdicts(metrics: dict[str, Any]) -> dict[str, str]:
    """Return the verdict of every part of ``metrics.json`` that has one."""
    found = {name: part.get("verdict") for name, part in metrics.items() if isinstance(part, dict)}
    return {name: str(verdict) for name, verdict in found.items() if verdict}


def verdict_lines(metrics: dict[str, Any]) -> list[str]:
    """Return the verdicts as they are read: ``gain on a real task: GAIN``."""
    lines = []
    for name, verdict in verdicts(metrics).items():
        part = metrics[name]
        why = part.get("reason") or "; ".join(part.get("reasons", ())[:1])
        lines.append(
            f"{_VERDICTS.get(name, name.replace('_', ' '))}: {verdict}" + (f" ({why})" if why else "")
        )
    return lines


def number_lines(metrics: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return one line per number or text, with a dotted name; lists are for the JSON form."""
    lines: list[str] = []
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            lines += number_lines(value, f"{prefix}{name}.")
        elif isinstance(value, float):
            lines.append(f"{prefix}{name} = {value:.4g}")
        elif isinstance(value, int | str):
            lines.append(f"{prefix}{name} = {value}")
    return lines


def made(folder: Path) -> dict[str, Path]:
    """Return what lies in a run folder, by what it is."""
    run = Run(folder)
    models = sorted(path for path in run.model.glob("*") if path.suffix == ".onnx")
    places = {
        "report": folder / REPORT,
        "samples": run.samples,
        "sheet": run.samples / SHEET,
        "numbers": folder / METRICS,
        "model": models[0] if models else run.model,
    }
    return {name: path for name, path in places.items() if path.exists()}


def ending(folder: Path, then: str) -> Iterator[str]:
    """Yield the lines that close a finished run; ``then`` is `ganworks.plugin.Domain.then`."""
    yield ""
    yield f"Done: {folder}"
    for name, path in made(folder).items():
        yield f"  {name:<8} {path}"
    lines = verdict_lines(Run(folder).metrics())
    if lines:
        yield from ("", "Verdicts:", *(f"  {line}" for line in lines))
    yield ""
    yield "Next:"
    yield f"  {then.format(run=quoted(folder))}"
    yield f"  gan evaluate {quoted(folder)} --json"


def outcome(folder: Path | None, result: str, exit_code: int, error: str = "") -> dict[str, Any]:
    """Return the last JSON line of `gan run` and `gan resume`."""
    record: dict[str, Any] = {"event": "outcome", "outcome": result, "exit_code": exit_code}
    if error:
        record["error"] = error
    if folder is not None and folder.exists():
        record |= {"run": str(folder), "verdicts": verdicts(Run(folder).metrics())}
        record["made"] = {name: str(path) for name, path in made(folder).items()}
    return json.loads(json.dumps(record))  # type: ignore[no-any-return]


def quoted(folder: Path) -> str:
    """Return a path as it is typed in a shell."""
    return shlex.quote(str(folder))
