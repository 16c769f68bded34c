"""Whole translation runs under one budget: the scores beside the trivial rivals, and the sheet of each::

    python benchmarks/translation_runs.py --minutes 10                           # satellite -> map, embedded
    python benchmarks/translation_runs.py --pairs facades --direction b2a --size 128 --minutes 30
    python benchmarks/translation_runs.py --pairs facades --direction b2a --unpaired --minutes 30
    python benchmarks/translation_runs.py --pairs facades --recipes pix2pix pix2pixhd --cpu --minutes 5

`--unpaired` hides the pairs from the training and from the choice of the checkpoint; they only score the
result. `--cpu` counts processor time on one thread, validation included, so that a busy machine changes
nothing but the waiting time. Runs land in OUT, one folder a recipe, with report and sheet; a run that is
there already is shown again.

Columns: L1 as a share of the range (0 is best), SSIM (1), Lite0 perceptual distance (0), and FD and KID on
Lite0 features against the held-out targets (0). The nearest neighbour answers with real pictures of the
training part, and the last row is what fresh real pictures would reach.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import torch

from ganworks import plugin
from ganworks.registry import Registry, discover
from ganworks.run import SETTINGS
from ganworks.session import Session
from ganworks.training import Budget, TrainingState
from ganworks_translation.options import Options
from ganworks_translation.pipeline import TranslationPipeline

HEADS = {"l1": "L1", "ssim": "SSIM", "perceptual": "perceptual", "fd": "FD", "kid": "KID"}
DIGITS = {"l1": 3, "ssim": 3, "perceptual": 3, "fd": 0, "kid": 3}


@dataclass(frozen=True, kw_only=True)
class CpuBudget(Budget):
    """Stops by the processor time of this process."""

    started: float

    def fraction(self, state: TrainingState) -> float:
        assert self.seconds is not None
        return min((process_time() - self.started) / self.seconds, 1.0)


class CpuPipeline(TranslationPipeline):
    """Trains for so many minutes of processor time."""

    def budget(self) -> Budget:
        minutes = self.options.minutes or self.default_minutes
        return CpuBudget(seconds=60 * minutes, started=process_time())


def main() -> None:
    asked = arguments()
    registry = discover(third_party=False)
    asked.out.mkdir(parents=True, exist_ok=True)
    kind, machine = "processor" if asked.cpu else "wall", platform.processor() or platform.machine()
    print(f"Measured on {machine}, {os.cpu_count()} cores, torch {torch.__version__}")
    print(f"Training: {asked.minutes:g} {kind} minutes\n", flush=True)
    for recipe in asked.recipes:
        session = finished(registry, asked, recipe)
        print("\n".join(table(session)))
        print(f"\nsheet: {session.run_folder.samples / 'sheet.png'}\n", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=Path, help="folder or CSV of pairs; without it the embedded sample")
    parser.add_argument("--direction", choices=("a2b", "b2a"), default="a2b")
    parser.add_argument("--labels", choices=("no", "a", "b"), default="no", help="side that holds label maps")
    parser.add_argument("--unpaired", action="store_true", help="train as if the pairs were unknown")
    parser.add_argument("--recipes", nargs="+", default=["auto"], metavar="NAME")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=NUMBER", help="options of the recipe")
    parser.add_argument("--size", type=int, help="longer side in pixels")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training, for each recipe")
    parser.add_argument("--cpu", action="store_true", help="count processor time of one thread")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("translation-runs"))
    return parser.parse_args()


def finished(registry: Registry, asked: argparse.Namespace, recipe: str) -> Session:
    """A whole run of the recipe; one that is there already is continued where something is missing."""
    folder = asked.out / (f"{recipe}-unpaired" if asked.unpaired else recipe)
    wanted = options(asked, recipe)
    if (folder / SETTINGS).exists():
        session = Session.open(folder, registry)
        if session.options.model_dump() != wanted.model_dump():
            raise SystemExit(f"{folder} holds a run with other options: name another --out, or remove it")
    else:
        session = Session.create(registry.find(plugin.Domain, "translate"), wanted, folder, registry)
    if asked.cpu:
        session.pipeline = CpuPipeline(session.options, session.run_folder, registry)
    session.run()
    return session


def options(asked: argparse.Namespace, recipe: str) -> Options:
    given = dict(part.split("=", 1) for part in asked.set)
    return Options(
        data=None if asked.pairs is None else asked.pairs.resolve(),  # as a run keeps it
        direction=asked.direction,
        labels=asked.labels,
        hide_pairs=asked.unpaired,
        size=asked.size,
        minutes=asked.minutes,
        seed=asked.seed,
        threads=1 if asked.cpu else None,
        recipe=recipe,
        recipe_options={name: number(value) for name, value in given.items()},
    )


def number(text: str) -> int | float:
    return float(text) if any(sign in text for sign in ".e") else int(text)


def table(session: Session) -> list[str]:
    """Lines of a table in Markdown: the model, its rivals and the floor."""
    metrics, settings = session.run_folder.metrics(), session.run_folder.settings()
    found, training = metrics["translation"], metrics["training"]
    title = f"{settings['recipe']['name']}, {settings['data']['title']}"
    lines = [f"**{title}**: {training['steps']} steps, {found['n']} held-out pictures", ""]
    lines += [f"| | {' | '.join(HEADS.values())} |", f"|---{'|---' * len(HEADS)}|"]
    lines += [line(name, scores) for name, scores in found["scores"].items()]
    lines.append(line("fresh real pictures", {key: found.get(f"{key}_floor") for key in HEADS}))
    verdicts = [f"{HEADS[key]}: {one['verdict']}" for key, one in found["verdicts"].items()]
    unbeaten = sorted({name for one in found["verdicts"].values() for name in one["unbeaten"]})
    return [*lines, "", f"{'; '.join(verdicts)}; not beaten: {', '.join(unbeaten) or 'none'}"]


def line(name: str, scores: Mapping[str, Any]) -> str:
    cells = ["" if scores.get(key) is None else f"{scores[key]:,.{DIGITS[key]}f}" for key in HEADS]
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
