"""`gan doctor`: what this installation can do, and the command that mends what it cannot."""

from __future__ import annotations

import os
import platform
import re
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Annotated, Any

import typer

from ganworks.errors import ExitCode
from ganworks.registry import Registry
from ganworks_cli.output import Output
from ganworks_cli.state import state_of

_REQUIREMENT = re.compile(r"""^([\w.-]+)[^;\[]*;\s*extra\s*==\s*['"]([\w-]+)['"]""")
_FOR_DEVELOPERS = ("test", "docs", "all")


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")] = False,
) -> None:
    """Say what this installation can do; exits 1 when it cannot train at all."""
    state = state_of(context)
    found = examine(state.registry)
    if as_json:
        state.output.document(found)
    else:
        _tell(found, state.output)
    if "error" in found["torch"]:
        raise typer.Exit(ExitCode.RUN_FAILED)


def examine(registry: Registry) -> dict[str, Any]:
    """Return the state of the installation as JSON values."""
    return {
        "ganworks": version("ganworks"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": _processors(),
        "torch": _torch(),
        "extras": {extra: extra_state(extra, names) for extra, names in sorted(extras().items())},
        "plugins": {info.name: info.error or info.status for info in registry.plugins},
    }


def extras(lines: list[str] | None = None) -> dict[str, list[str]]:
    """Return the distributions that each optional part of ganworks needs.

    >>> extras(["numpy>=1.26", 'onnx>=1.18; extra == "onnx"'])
    {'onnx': ['onnx']}
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines if lines is not None else requires("ganworks") or []:
        match = _REQUIREMENT.match(line)
        if match and match[2] not in _FOR_DEVELOPERS:
            found[match[2]].append(match[1])
    return dict(found)


def extra_state(extra: str, names: list[str]) -> dict[str, Any]:
    """Say whether the distributions of an extra are installed, or which are not and what mends it."""
    missing = [name for name in names if not _installed(name)]
    if not missing:
        return {"ok": True}
    return {"ok": False, "missing": missing, "mend": f"pip install 'ganworks[{extra}]'"}


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _processors() -> int:
    """Return how many processors this process may use, which is what counts in a container."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _torch() -> dict[str, Any]:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library of torch does not load
        return {"error": str(error), "mend": "pip install --force-reinstall torch"}
    cuda = torch.cuda.is_available()
    return {
        "version": torch.__version__,
        "device": torch.cuda.get_device_name(0) if cuda else "cpu",
        "devices": torch.cuda.device_count(),
        "threads": torch.get_num_threads(),
        "bf16": torch.cuda.is_bf16_supported() if cuda else _cpu_has_bf16(),
    }


def _cpu_has_bf16() -> bool | None:
    """Tell whether the processor computes in bfloat16 by itself; None where nothing says so."""
    described = Path("/proc/cpuinfo")
    if not described.is_file():
        return None
    words = set(described.read_text(encoding="utf-8").split())
    return bool(words & {"avx512_bf16", "amx_bf16", "bf16"})


def _tell(found: dict[str, Any], output: Output) -> None:
    output.line(f"ganworks   {found['ganworks']}, Python {found['python']}, {found['platform']}")
    torch = found["torch"]
    if "error" in torch:
        output.line(f"torch      BROKEN: {torch['error']}; {torch['mend']}")
    else:
        bf16 = {True: "yes", False: "no", None: "not known"}[torch["bf16"]]
        output.line(f"torch      {torch['version']} on {torch['device']}, bfloat16 in hardware: {bf16}")
        output.line(
            f"processors {found['processors']}, torch threads {torch['threads']} (a run measures the best)"
        )
    for extra, state in found["extras"].items():
        text = "ok" if state["ok"] else f"missing {', '.join(state['missing'])}: {state['mend']}"
        output.line(f"extra      {extra}: {text}")
    for name, text in found["plugins"].items():
        output.line(f"plugin     {name}: {text}")
