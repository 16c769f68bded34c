"""The Markdown of what `export.py` found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Found = dict[str, Any]
LIGHT = ("w16", "w8", "int8")
SHORT = "export refused: "


def page(folder: Path, only: Sequence[str] | None = None) -> str:
    """Three tables: speed, profiles, and what a process and the export cost."""
    files = sorted(folder.glob("*.json"))
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files if not only or file.stem in only]
    if not found:
        return f"nothing measured yet in {folder}"
    machines = sorted({entry["machine"] for entry in found})
    tables = [speed_table(found), profile_table(found), process_table(found)]
    return "\n\n".join([*machines, *tables])


def speed_table(found: Sequence[Found]) -> str:
    """Milliseconds a call; how much faster than torch, and than torch's network alone."""
    compiled = any("torch.compile" in entry["milliseconds"]["1"] for entry in found)
    head = ["architecture", "samples", "weights"]
    for batch in ("1", "8"):
        head += [f"ms, batch {batch}: torch", *(["compiled"] if compiled else []), "onnxruntime", "ratio"]
        head += ["to the network alone"]
    return table(head, ([*_what(entry), *_speeds(entry, compiled)] for entry in found))


def _what(entry: Found) -> list[str]:
    return [entry["name"], " x ".join(map(str, entry["shape"])), f"{entry['weights']:,}"]


def _speeds(entry: Found, compiled: bool) -> Iterable[str]:
    for times in entry["milliseconds"].values():
        ours = times["fp32"]
        yield f"{times['torch']:.2f}"
        if compiled:
            yield f"{times['torch.compile']:.2f}" if "torch.compile" in times else ""
        yield from (f"{ours:.2f}", f"{times['torch'] / ours:.2f}", f"{times['torch, network'] / ours:.2f}")


def profile_table(found: Sequence[Found]) -> str:
    """Size, speed beside fp32, and loss of each profile; reasons of refusals as notes below."""
    reasons: list[str] = []
    rows = [
        [entry["name"], _size(entry["profiles"]["fp32"]), *(_profile(entry, name, reasons) for name in LIGHT)]
        for entry in found
    ]
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    said = ": size, speed at batch 1 and 8, PSNR"
    text = table(["architecture", "fp32", *(name + said for name in LIGHT)], rows)
    return "\n\n".join([text, *(["Refused:\n\n" + "\n".join(notes)] if notes else [])])


def _profile(entry: Found, profile: str, reasons: list[str]) -> str:
    one = entry["profiles"][profile]
    if "reason" in one:
        reason = one["reason"].removeprefix(SHORT)
        if reason not in reasons:
            reasons.append(reason)
        return f"refused ({reasons.index(reason) + 1})"
    speeds = (f"{times['fp32'] / times[profile]:.2f}" for times in entry["milliseconds"].values())
    decibel = "equal" if one["psnr_db"] is None else f"{one['psnr_db']:.0f} dB"
    return f"{_size(one)}, {' / '.join(speeds)}, {decibel}"


def _size(profile: Found) -> str:
    return f"{profile['bytes'] / 1000:,.0f} kB"


def process_table(found: Sequence[Found]) -> str:
    """A process that draws 16 samples, beside one that only imports numpy and onnxruntime."""
    costs = ["wall, s", "CPU, s", "peak, MiB"]
    head = ["architecture", *costs, *(f"imports: {cost}" for cost in costs), "export, CPU-s"]
    rows = [
        [
            entry["name"],
            *_cost(entry["process"]["sample"]),
            *_cost(entry["process"]["imports"]),
            f"{entry['profiles']['fp32']['cpu_seconds']:.1f}",
        ]
        for entry in found
    ]
    return table(head, rows)


def _cost(process: dict[str, float]) -> tuple[str, str, str]:
    return f"{process['wall_seconds']:.2f}", f"{process['cpu_seconds']:.2f}", f"{process['peak_mib']:.0f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
