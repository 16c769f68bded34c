"""What a program pays that embeds a model: the whole process of the `sample.py` beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

NEEDED = ("numpy", "numpy.libs", "onnxruntime")
COUNT = 16

# run as `python -I -S -c SOURCE packages [script argument ...]`: -S, so that nothing else can be imported
SOURCE = """
import sys
packages, *words = sys.argv[1:]
sys.path[:0] = [packages]
if words:
    import runpy
    sys.argv = words
    runpy.run_path(words[0], run_name="__main__")
else:
    import numpy, onnxruntime
import json, time
assert "torch" not in sys.modules
peak = open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
print(json.dumps({"cpu_seconds": time.process_time(), "peak_mib": int(peak) / 1024}))
"""


def bare_packages(folder: Path) -> None:
    """Make ``folder`` a place for imports with links to numpy and onnxruntime, and nothing else."""
    installed = Path(sysconfig.get_path("purelib"))
    for name in NEEDED:
        if (installed / name).exists():  # numpy.libs: on Linux only
            (folder / name).symlink_to(installed / name)


def time_processes(script: Path, model: Path, packages: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Medians over processes that import the two packages only, and that draw 16 samples, in turn. Linux.

    Wall seconds and CPU seconds (user and system, of all threads), peak memory in MiB.
    """
    with TemporaryDirectory() as scratch:
        drawing = [script, "--model", model, "--count", COUNT, "--out", Path(scratch) / "made.npz"]
        variants = {"imports": [], "sample": [str(word) for word in drawing]}
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in variants}
        for _ in range(rounds + 1):  # the first reads the files from disk, and is left out
            for name, words in variants.items():
                runs[name].append(_run(packages, words))
    return {
        name: {key: median(one[key] for one in found[1:]) for key in found[0]} for name, found in runs.items()
    }


def _run(packages: Path, words: list[str]) -> dict[str, float]:
    command = [sys.executable, "-I", "-S", "-c", SOURCE, str(packages), *words]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    started = perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    wall = perf_counter() - started
    return {"wall_seconds": wall, **json.loads(done.stdout.splitlines()[-1])}
