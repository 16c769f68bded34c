"""A trained generator made smaller: pruned, distilled, and in every profile, with size, speed and quality.

The teacher is a `gan run image` of ``--architecture`` on the digits. Each student is a run of `distilled`: a
small DCGAN from scratch, or the teacher with a share of its channels (``keep``). Each is exported in every
profile; quality is what the exported file draws, scored as in the gallery; time is onnxruntime's on one
thread, processor time, minimum over interleaved repetitions::

    python benchmarks/compress.py --out runs/compress                    # about 15 minutes on a quiet core
    python benchmarks/compress.py --out runs/compress --architecture sngan --steps 600

A run that is finished is not trained again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from time import thread_time

import numpy as np
import onnxruntime
import torch
from _digits import Digits, Judges
from gallery import scores

from ganworks.errors import RunError
from ganworks.registry import discover
from ganworks.session import Session

PROFILES = ("fp32", "w16", "w8", "int8")
SCORED = 1_000
HEAD = "| model | parameters | profile | kB | ms, 1 picture | ms, 8 pictures | KID | coverage | as asked |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--architecture", default="dcgan", help="of the teacher")
    parser.add_argument("--steps", type=int, default=2_000, help="of the teacher")
    parser.add_argument("--student-steps", type=int, default=500)
    parser.add_argument("--keep", type=float, nargs="*", default=[0.5, 0.25])
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    train, test = Digits.load()
    data = options.out / "digits.npz"
    np.savez(data, x=train.images, y=train.labels)
    teacher = finished(options.out / "teacher", data, options.architecture, options.steps)
    models = {options.architecture: teacher}
    students = {"distilled": {}, **{f"keep {keep}": {"keep": keep} for keep in options.keep}}
    for name, given in students.items():
        folder = options.out / name.replace(" ", "-")
        models[name] = finished(folder, data, "distilled", options.student_steps, teacher=teacher, **given)
    judges = Judges.of(train, options.out / "judges.pt")
    print(f"{HEAD}\n|{' --- |' * 9}")
    for name, folder in models.items():
        for line in rows(name, folder, judges, test):
            print(line, flush=True)


def finished(folder: Path, data: Path, recipe: str, steps: int, **given: object) -> Path:
    """A finished run, trained now or before."""
    if not (folder / "report.html").exists():
        words = ["--data", data, "--architecture", recipe, "--steps", steps, "--threads", 1, "--out", folder]
        options = [
            word for key, value in given.items() for word in ("--set", f"recipe_options.{key}={value}")
        ]
        command = [
            sys.executable,
            "-m",
            "ganworks_cli",
            "run",
            "image",
            "--force",
            *map(str, words),
            *options,
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder


def rows(name: str, folder: Path, judges: Judges, test: Digits) -> list[str]:
    """One row a profile that the model passes."""
    session = Session.open(folder, discover())
    size = sum(weight.numel() for weight in session.sampler().generator.parameters())
    models: dict[str, Path] = {}
    refused: list[str] = []
    for profile in PROFILES:
        try:
            models[profile] = session.export("onnx", folder / f"{profile}.onnx", profile=profile).file
        except RunError as error:
            refused.append(f"| {name} | {size:,} | {profile} | {error} |" + " |" * 5)
    open_ones = {profile: opened(path) for profile, path in models.items()}
    times = {batch: fastest(open_ones, batch) for batch in (1, 8)}
    found = []
    for profile, model in open_ones.items():
        labels = torch.arange(SCORED) % 10
        got = scores(judges, test, drawn(model, labels), labels)
        cells = [name, f"{size:,}", profile, f"{models[profile].stat().st_size / 1e3:.0f}"]
        cells += [f"{times[batch][profile]:.2f}" for batch in (1, 8)]
        cells += [f"{got['kid']:.3f}", f"{got['coverage']:.3f}", f"{got['as_asked']:.0%}"]
        found.append(f"| {' | '.join(cells)} |")
    return found + refused


def opened(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feed(labels: torch.Tensor, first: int = 0) -> dict[str, np.ndarray]:
    seeds = first + np.arange(len(labels))
    return {"seed": seeds, "label": labels.numpy(), "truncation": np.array(1, np.float32)}


def drawn(model: onnxruntime.InferenceSession, labels: torch.Tensor) -> torch.Tensor:
    """What a file draws, (rows, 1, 32, 32) in [-1, 1]."""
    parts = [model.run(None, feed(part, 50 * i))[0] for i, part in enumerate(labels.split(50))]
    images = torch.from_numpy(np.concatenate(parts)).permute(0, 3, 1, 2)
    return images.float() / 127.5 - 1


def fastest(
    models: dict[str, onnxruntime.InferenceSession], batch: int, rounds: int = 40
) -> dict[str, float]:
    """Milliseconds of a call by profile: the minimum, all of them in turn."""
    found = dict.fromkeys(models, float("inf"))
    given = feed(torch.arange(batch) % 10)
    for _ in range(rounds):
        for name, model in models.items():
            begin = thread_time()
            model.run(None, given)
            found[name] = min(found[name], (thread_time() - begin) * 1e3)
    return found


if __name__ == "__main__":
    main()
