"""What an exported generator costs a program that embeds it, for every architecture that is registered.

Each recipe trains with its default options for some CPU-seconds on the gallery's digits (so that PSNR means
something), is exported, and is measured against torch: both on one thread, interleaved in one process, the
least processor time of the thread over many calls, which neighbours on the machine disturb least::

    python benchmarks/export.py                            # all; goes on where it stopped
    python benchmarks/export.py --only dcgan pix2pix --size 64 --compile
    python benchmarks/export.py --again process            # that part again, at a quiet moment
    python benchmarks/export.py --table                    # Markdown of what is there

torch is timed twice: "app" computes what the exported file does (seed in, bytes out), "network" is the
generator alone with everything else made beforehand. Both run as a copy in evaluation mode without
gradients, spectral norm folded into the weights. The process is the `sample.py` that an export comes with,
in a fresh Python that finds numpy and onnxruntime and no other package: from its start to 16 samples in a
file. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnxruntime
import torch
from _digits import Digits
from _export_models import Model, of_side, trained
from _export_process import bare_packages, time_processes
from _export_profiles import PROFILES, write_profiles
from _export_speed import compare
from _export_table import page
from gallery import TAUGHT, declared_recipes, train_teacher

from ganworks import plugin
from ganworks.errors import RunError
from ganworks.run import write_text

Found = dict[str, Any]  # as it is written to JSON
PARTS = ("speed", "process")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", help="names of `gan architectures`; default: all")
    parser.add_argument("--size", type=int, default=32, help="side of the digits in pixels")
    parser.add_argument("--train-seconds", type=float, default=20.0, help="CPU-seconds for each")
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU-seconds of timing a batch size")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each kind")
    parser.add_argument("--compile", action="store_true", help="time torch.compile too; takes minutes")
    parser.add_argument("--table", action="store_true", help="measure nothing, print what is there")
    parser.add_argument("--again", choices=("all", *PARTS), help="measure anew, or one part of it")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmark-export"))
    options = parser.parse_args()
    options.out = options.out / f"{options.size}px"
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.table:
        torch.set_num_threads(1)
        measure_all(options)
    print(page(options.out, options.only))


def measure_all(options: argparse.Namespace) -> None:
    """Measure what has no numbers yet, or again; a failure is named and the rest goes on."""
    declared = declared_recipes()
    digits = of_side(Digits.load()[0], options.size)
    for name in sorted(options.only or declared, key=lambda name: (name in TAUGHT, name)):
        file = options.out / f"{name}.json"
        before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        if before and not options.again:
            continue
        try:
            found = measured(declared[name], digits, options, before)
        except (RunError, subprocess.CalledProcessError) as error:
            print(f"{name}: failed: {error}", file=sys.stderr, flush=True)
            continue
        write_text(file, json.dumps(found, indent=2))
        print(f"{name}: {found['steps']} steps, measured", file=sys.stderr, flush=True)


def measured(
    declared: plugin.Recipe, digits: Digits, options: argparse.Namespace, before: Found | None
) -> Found:
    """The numbers of one architecture, or one part of them anew; its files stay in a folder beside them."""
    folder = options.out / declared.name
    if before and options.again == "process":
        return {**before, "process": processes(folder, options.rounds)}
    if before and options.again == "speed":  # the weights do not matter
        model = train(declared, digits, None, options.out)
        return {**before, "milliseconds": speed(model, folder, before["profiles"], options)}
    model = train(declared, digits, options.train_seconds, options.out)
    folder.mkdir(exist_ok=True)
    written = write_profiles(model.deployable, folder)
    return {
        "name": model.name,
        "data": model.data,
        "shape": model.shape,
        "steps": model.steps,
        "weights": model.weights,
        "machine": machine(),
        "profiles": written,
        "milliseconds": speed(model, folder, written, options),
        "process": processes(folder, options.rounds),
    }


def train(declared: plugin.Recipe, digits: Digits, seconds: float | None, out: Path) -> Model:
    with TemporaryDirectory() as scratch:
        taught = {}
        if declared.name in TAUGHT:
            taught["teacher"] = teacher(declared.name, digits, out, Path(scratch))
        return trained(declared, digits, seconds, taught)


def teacher(name: str, digits: Digits, out: Path, scratch: Path) -> Path:
    if not (out / f"{TAUGHT[name]}.json").exists():
        sys.exit(f"{name} learns from {TAUGHT[name]}: measure that first, --only {TAUGHT[name]} {name}")
    return train_teacher(TAUGHT[name], digits, out, scratch)


def speed(model: Model, folder: Path, written: Found, options: argparse.Namespace) -> Found:
    files = {profile: folder / f"{profile}.onnx" for profile in PROFILES if "bytes" in written[profile]}
    return compare(model, files, options.seconds, compiled=options.compile)


def processes(folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    with TemporaryDirectory() as packages:
        bare_packages(Path(packages))
        return time_processes(folder / "sample.py", folder / "fp32.onnx", Path(packages), rounds)


def machine() -> str:
    return (
        f"{platform.machine()}, one thread, torch {torch.__version__}, onnxruntime {onnxruntime.__version__}"
    )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
