"""Every architecture on the same real digits under the same budget: a sheet of samples and its numbers.

Each recipe trains in a process of its own on one thread for a fixed number of CPU-seconds, with its default
options (in bfloat16 where recipe and processor gain from it, as `gan run` chooses), so that a busy machine
changes nothing but the waiting time::

    python benchmarks/gallery.py --seconds 150 --jobs 2     # all; writes docs/gallery.md
    python benchmarks/gallery.py --only wgan-gp --seconds 60 --out /tmp/try --set critic_steps=3

Numbers: kernel distance (KID), precision, recall, density and coverage against 1,000 held-out digits in the
features of a classifier that was trained on the training digits; "read" is the share of samples that a second
classifier reads with at least 90 % confidence, "as asked" the share that it reads as the label they were
drawn for. The row "real digits" is what 1,000 training digits score.

`distilled` comes last: its teacher is a `gan run image` of dcgan, for as many steps as dcgan's own row.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from _digits import CLASSES, Digits, Judges, as_images
from PIL import Image
from torch import Tensor

from ganworks import plugin
from ganworks.data import ArrayDataset, SourcedDataset
from ganworks.metrics import fidelity
from ganworks.registry import discover
from ganworks.report.pictures import image_grid
from ganworks.training import Budget, Recipe, Sampler, TorchEngine, TrainingState, calibrate_for, fit

ROWS, COLUMNS = 5, 10  # of a sheet: one column a digit where the recipe knows labels
SCORED = 1_000
TAUGHT = {"distilled": "dcgan"}  # a recipe that needs a finished run, and the recipe of that run
DOCS = Path(__file__).parent.parent / "docs"


@dataclass(frozen=True, kw_only=True)
class CpuBudget(Budget):
    """Stops by the processor time of this process, evaluation left out."""

    started: float

    def fraction(self, state: TrainingState) -> float:
        assert self.seconds is not None
        return min((process_time() - self.started) / self.seconds, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", help="names of `gan architectures`; default: all")
    parser.add_argument("--seconds", type=float, default=150.0, help="CPU-seconds of training for each")
    parser.add_argument("--out", type=Path, default=DOCS / "gallery", help="folder for sheets and numbers")
    parser.add_argument("--jobs", type=int, default=1, help="recipes trained at the same time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=JSON", help="options of the recipe")
    parser.add_argument("--again", action="store_true", help="train also what has its numbers already")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.one:
        with TemporaryDirectory() as scratch:
            train_one(options.one, options, Path(scratch))
        return
    names = options.only or [declared.name for declared in declared_recipes().values()]
    todo = [n for n in names if options.again or options.only or not (options.out / f"{n}.json").exists()]
    in_parallel([name for name in todo if name not in TAUGHT], options.jobs)
    in_parallel([name for name in todo if name in TAUGHT], options.jobs)
    if not options.only:
        (options.out.parent / "gallery.md").write_text(page(options.out), encoding="utf-8")


def declared_recipes() -> dict[str, plugin.Recipe]:
    return {declared.name: declared for declared in discover().all(plugin.Recipe)}


def in_parallel(names: list[str], jobs: int) -> None:
    """Train each in a process of its own, ``jobs`` at a time; a failure is named and the rest goes on."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def train(name: str) -> None:
        if subprocess.run([sys.executable, *sys.argv, "--one", name], env=environment).returncode:
            print(f"{name}: failed, see above", flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(train, names))


def train_one(name: str, options: argparse.Namespace, scratch: Path) -> None:
    """Train one recipe, write its sheet and its numbers, print a line."""
    torch.set_num_threads(1)
    declared, (train, test) = declared_recipes()[name], Digits.load()
    data = train.dataset(declared.data)
    given = {key: json.loads(value) for key, value in (pair.split("=", 1) for pair in options.set)}
    teacher = train_teacher(TAUGHT[name], train, options.out, scratch) if name in TAUGHT else None
    recipe = build(declared, data, {"teacher": teacher, **given} if teacher else given)
    settings = calibrate_for(recipe, data, torch.device("cpu"), threads=1)
    wall, started = perf_counter(), process_time()
    budget = CpuBudget(seconds=options.seconds, started=started)
    state = fit(recipe, data, TorchEngine(settings), budget, seed=options.seed)
    spent, waited = process_time() - started, perf_counter() - wall

    labels = torch.arange(SCORED) % 10
    samples = draw(state, test.dataset(declared.data), labels)
    Image.fromarray(image_grid(samples[: ROWS * COLUMNS], COLUMNS)).save(options.out / f"{name}.png")
    judges = Judges.of(train, options.out / "judges.pt")
    found = {
        "name": name,
        "paper": declared.paper,
        "summary": declared.summary,
        "options": options.set,
        "steps": state.step,
        "images": state.images,
        "seconds": options.seconds,
        "cpu_seconds": round(spent, 1),
        "wall_seconds": round(waited, 1),
        "steps_per_second": round(state.step / spent, 2),
        "images_per_second": round(state.images / spent),
        "parameters": {key: sum(p.numel() for p in trainable) for key, trainable in state.trainable.items()},
        "machine": f"{platform.machine()}, one thread, torch {torch.__version__}",
        "bf16": settings.bf16,
        **scores(judges, test, samples, asked_labels(declared, test, labels)),
        **(teacher_facts(teacher) if teacher else {}),
    }
    (options.out / f"{name}.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    reference = options.out / "real digits.json"
    if not reference.exists():
        some = torch.linspace(0, len(train.rows) - 1, SCORED).long()
        real = scores(judges, test, train.rows[some], torch.from_numpy(train.labels)[some])
        reference.write_text(json.dumps({"name": "real digits", **real}, indent=2), encoding="utf-8")
    print(line(found), flush=True)


def train_teacher(name: str, train: Digits, out: Path, scratch: Path) -> Path:
    """The folder of a finished `gan run image` of this recipe, trained for as many steps as its row says."""
    row, run, data = out / f"{name}.json", scratch / "teacher", scratch / "digits.npz"
    if not row.exists():
        sys.exit(f"the teacher trains for as many steps as {row} says: run the gallery for {name} first")
    np.savez(data, x=train.images, y=train.labels)
    steps = json.loads(row.read_text(encoding="utf-8"))["steps"]
    words = ["--data", data, "--architecture", name, "--steps", steps, "--threads", 1, "--out", run]
    command = [sys.executable, "-m", "ganworks_cli", "run", "image", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return run


def teacher_facts(folder: Path) -> dict[str, Any]:
    """What the page says of a teacher: its steps, and its wall seconds of training."""
    found = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return {"teacher_steps": found["training"]["steps"], "teacher_seconds": round(found["time"]["train_s"])}


def asked_labels(declared: plugin.Recipe, test: Digits, drawn: Tensor) -> Tensor | None:
    """What each sample should be read as: the label it was drawn for, or of its source; None: anything."""
    if declared.data == "pairs":
        return torch.from_numpy(test.labels)
    return drawn if declared.labels and declared.data != "unpaired" else None


def build(declared: plugin.Recipe, data: ArrayDataset, given: dict[str, Any]) -> Recipe:
    sourced = {"source": data.source_space} if isinstance(data, SourcedDataset) else {}
    recipe: Recipe = discover().load(declared)(data.space, **sourced, **given)
    return recipe


def draw(state: TrainingState, held_out: ArrayDataset, labels: Tensor) -> Tensor:
    """One sample for each label: digits (rows, 1, 32, 32). Translations start from held-out sources."""
    sampler, seeds = Sampler.of(state), torch.arange(len(labels))
    if isinstance(held_out, SourcedDataset):
        return as_images(sampler.from_latents(sampler.latents(seeds), held_out.sources(seeds)))
    return as_images(sampler.sample(labels, seeds))


def scores(judges: Judges, test: Digits, samples: Tensor, labels: Tensor | None) -> dict[str, Any]:
    found = fidelity(test.rows, samples, judges.features)
    read = judges.read(samples)
    asked = None if labels is None else (read.argmax(1) == labels).float().mean().item()
    keys = ("kid", "kid_floor", "precision", "recall", "density", "coverage")
    sure = (read.amax(1) >= 0.9).float().mean().item()
    return {**{key: found[key] for key in keys}, "read": sure, "as_asked": asked}


def page(folder: Path) -> str:
    """The gallery as Markdown: a table, then the sheets."""
    files = sorted(folder.glob("*.json"))
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    real = [entry for entry in found if entry["name"] == "real digits"]
    made = sorted((e for e in found if e not in real), key=lambda entry: entry["kid"])
    head = ["architecture", "KID", "precision", "recall", "density", "coverage", "read", "as asked"]
    head += ["steps", "images / CPU-s", "parameters, G + rest"]
    table = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *map(line, [*real, *made])]
    seconds = max(entry["seconds"] for entry in made)
    text = (DOCS / "gallery.head.md").read_text(encoding="utf-8")
    text = text.replace("{seconds}", f"{seconds:.0f}").replace("{machine}", made[0]["machine"])
    return "\n".join([text, *table, "", *(sheet(entry) for entry in sorted(made, key=lambda e: e["name"]))])


def sheet(entry: dict[str, Any]) -> str:
    name = entry["name"]
    text = f"{entry['summary']} {entry['paper']}"
    if "teacher_steps" in entry:
        steps, seconds = entry["teacher_steps"], entry["teacher_seconds"]
        text += f". Its teacher, a {TAUGHT[name]}, had trained for {steps:,} steps ({seconds} s) before"
    return f"### {name}\n\n{text}\n\n![samples of {name}](gallery/{name}.png)\n"


def line(entry: dict[str, Any]) -> str:
    """One row of the table."""
    numbers = [f"{entry[k]:.3f}" for k in ("kid", "precision", "recall", "density", "coverage")]
    asked = "" if entry["as_asked"] is None else f"{entry['as_asked']:.0%}"
    cells = [entry["name"], *numbers, f"{entry['read']:.0%}", asked]
    if "steps" in entry:
        sizes = entry["parameters"]
        rest = sum(sizes.values()) - sizes["generator"]
        cells += [
            f"{entry['steps']:,}",
            str(entry["images_per_second"]),
            f"{sizes['generator']:,} + {rest:,}",
        ]
    else:
        cells += [""] * 3
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    assert len(CLASSES) == COLUMNS
    main()
