"""Mode coverage on mixtures of Gaussians in the plane, after PacGAN: every loss and technique, several seeds.

Each run trains on one thread and leaves a line in ``runs.csv``; what has its line is not run again, so the
command may be stopped and repeated, and further methods or seeds added::

    python benchmarks/modes.py --out runs/modes --jobs 2                   # everything, ten seeds
    python benchmarks/modes.py --out runs/modes --only best --seeds 10
    python benchmarks/modes.py --out runs/modes --table                    # only table and pictures

Writes ``table.md`` and ``ring.png``, ``grid.png``: the samples of seed 0 by method.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from time import process_time

import numpy as np
import torch
from _mixtures import SAMPLES, SPACE, PointScore, grid, ring
from _mode_methods import METHODS, PLANS, Plan
from _mode_report import Line, append, picture, read, samples_path, table

from ganworks.training import Budget, EngineSettings, Recipe, Sampler, TorchEngine, fit

MIXTURES = {"ring": ring, "grid": grid}


@dataclass(frozen=True)
class Job:
    """One training to be run."""

    seed: int
    method: str
    mixture: str
    steps: int | None = None  # in place of the method's own

    @property
    def plan(self) -> Plan:
        plan = PLANS.get(self.method, Plan())
        return replace(plan, steps=self.steps or plan.steps)

    @property
    def recipe(self) -> Recipe:
        return METHODS[self.method](SPACE, self.plan)

    @property
    def fingerprint(self) -> str:
        return self.recipe.fingerprint()[:12]

    def line(self, found: PointScore, cpu_seconds: float) -> Line:
        run = (self.mixture, self.method, self.seed, self.plan.steps, self.fingerprint)
        return Line(*run, **asdict(found), cpu_seconds=cpu_seconds)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD")
    parser.add_argument("--mixtures", nargs="+", choices=MIXTURES, default=list(MIXTURES))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--steps", type=int, help="for a quick look; default: what the method's plan says")
    parser.add_argument("--table", action="store_true", help="train nothing")
    options = parser.parse_args(arguments)
    (options.out / "samples").mkdir(parents=True, exist_ok=True)
    if not options.table:
        wanted = product(range(options.seeds), options.only, options.mixtures)
        train_all([Job(*each, options.steps) for each in wanted], options.out, options.jobs)
    order = list(METHODS).index
    found = table(sorted(read(options.out), key=lambda line: order(line.method)))
    (options.out / "table.md").write_text(found, encoding="utf-8")
    for name in options.mixtures:
        picture(options.out, MIXTURES[name](), METHODS)
    print(found)


def train_all(wanted: Iterable[Job], folder: Path, jobs: int) -> None:
    """Train what has no line yet, ``jobs`` at a time, and append a line when each is done."""
    done = {(line.mixture, line.method, line.seed, line.recipe) for line in read(folder)}
    todo = [job for job in wanted if (job.mixture, job.method, job.seed, job.fingerprint) not in done]
    for line in trained(todo, folder, jobs):
        append(folder, line)
        print(*asdict(line).values(), flush=True)


def trained(todo: Sequence[Job], folder: Path, jobs: int) -> Iterator[Line]:
    """Yield the line of each training when it is done: in this process, or several at a time."""
    if jobs == 1:
        yield from (train(job, folder) for job in todo)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for finished in as_completed([pool.submit(train, job, folder) for job in todo]):
            yield finished.result()


def train(job: Job, folder: Path) -> Line:
    """Train one method on one mixture and score its samples; those of seed 0 are kept for the picture."""
    torch.set_num_threads(1)
    started, mixture = process_time(), MIXTURES[job.mixture]()
    engine, budget = TorchEngine(EngineSettings("cpu", threads=1)), Budget(steps=job.plan.steps)
    state = fit(job.recipe, mixture.dataset(job.seed), engine, budget, seed=job.seed)
    samples = Sampler.of(state).balanced(SAMPLES, seed=0)[0]
    if job.seed == 0:
        np.save(samples_path(folder, job.mixture, job.method), samples.numpy() * mixture.side)
    spent = round(process_time() - started, 1)
    return job.line(mixture.score(samples), spent)


if __name__ == "__main__":
    main()
