"""What one training step costs, beside the same step written by hand in the plain style of tutorials.

Both train the same networks on the same data. Variants are timed in turn (A B C A B C ...), so that a
drifting machine hits them all; a cell is the median of the ratios plain / ours (above 1: ours is faster). On
the CPU the processor time of one thread counts, which neighbours on the machine disturb least::

    python benchmarks/step.py                       # DCGAN 64, SN-GAN 32, StyleGAN2 64, WGAN-GP 64
    python benchmarks/step.py --only dcgan --memory --losses 60
    python benchmarks/step.py --device cuda         # wall time; bfloat16 where the GPU has it

``--memory`` prints the peak memory of a process that runs one variant alone (Linux). ``--losses N`` trains
plain and ours for N steps from three seeds each and prints mean losses with their spread: they must agree.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean, median, stdev
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from _plain_steps import STEPS
from torch import Tensor

from ganworks import plugin
from ganworks.data import ArrayDataset
from ganworks.registry import discover
from ganworks.training import EngineSettings, Recipe, TorchEngine, TrainingState, calibrate_for
from ganworks.training.fit import play

# side in pixels, options that make the recipe the method that is written by hand, terms to leave out
CASES: dict[str, tuple[int, dict[str, Any], tuple[str, ...]]] = {
    "dcgan": (64, {"width": 64, "batch": 64}, ()),
    "sngan": (32, {"seek": 0.0, "augment": "none", "batch": 64}, ()),
    "stylegan2": (
        64,
        {"batch": 16, "width": 16, "lr": 2e-3, "gamma": 1.0, "penalty_every": 16, "seek": 0.0},
        ("path_length",),
    ),
    "wgan-gp": (64, {"batch": 64, "width": 32, "lr": 1e-4}, ()),
}
Step = Callable[[], tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--losses", type=int, default=0, metavar="STEPS")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.one:
        run_alone(*options.one, options)
        return
    print(machine(options))
    compare_speed(options)
    if options.memory:
        compare_memory(options)
    if options.losses:
        compare_losses(options)


def machine(options: argparse.Namespace) -> str:
    name = platform.machine() if options.device == "cpu" else torch.cuda.get_device_name(options.device)
    return f"# {name}, {options.threads} thread(s), torch {torch.__version__}\n"


def variants(name: str, options: argparse.Namespace, seed: int = 0) -> dict[str, Step]:
    """Plain, ours in float32, ours with the settings that a run would choose."""
    recipe, data = recipe_and_data(name)
    settings = calibrate_for(recipe, data, torch.device(options.device), options.threads)
    single = EngineSettings(options.device, options.threads, bf16=False)
    return {
        "plain": plain_step(name, recipe, data, options.device, seed),
        "ours, float32": our_step(recipe, data, single, seed),
        f"ours, {'bfloat16' if settings.bf16 else 'float32'} (default)": our_step(
            recipe, data, settings, seed
        ),
    }


def recipe_and_data(name: str) -> tuple[Recipe, ArrayDataset]:
    side, extra, left_out = CASES[name]
    pixels = np.random.default_rng(0).integers(0, 256, (512, 3, side, side), dtype=np.uint8)
    data = ArrayDataset(pixels)
    registry = discover()
    recipe: Recipe = registry.load(registry.find(plugin.Recipe, name))(data.space, **extra)
    stages = tuple(
        replace(
            stage,
            phases=tuple(
                replace(phase, terms=tuple(term for term in phase.terms if term.name not in left_out))
                for phase in stage.phases
            ),
        )
        for stage in recipe.stages
    )
    return replace(recipe, stages=stages), data


def plain_step(name: str, recipe: Recipe, data: ArrayDataset, device: str, seed: int) -> Step:
    engine = TorchEngine(EngineSettings(device, torch.get_num_threads()))
    engine.seed(seed, 0x1217)  # the initial weights of `TrainingState`
    g, d = (recipe.networks[role]().to(device) for role in ("generator", "discriminator"))
    draw = recipe.draw.prepare(data, torch.device(device))

    def batch() -> tuple[Tensor, Tensor, Tensor]:
        drawn = draw()
        return drawn.real(), drawn.latent, drawn.labels

    step: Step = STEPS[name](g, d, batch)
    return step


def our_step(recipe: Recipe, data: ArrayDataset, settings: EngineSettings, seed: int) -> Step:
    engine = TorchEngine(settings)
    state = TrainingState(recipe, engine, seed)
    draw = recipe.draw.prepare(data, engine.device)

    def step() -> tuple[float, float]:
        records = play(state, draw, engine)
        state.average()
        state.advance(0.0)
        last = {record.phase: record.losses[record.phase].item() for record in records}
        return last["discriminator"], last["generator"]

    return step


def compare_speed(options: argparse.Namespace) -> None:
    print(header("step", "plain, ms", "ours, float32", "ours, default"))
    for name in options.only:
        steps = variants(name, options)
        for step in steps.values():
            step()
        times: dict[str, list[float]] = {label: [] for label in steps}
        for _ in range(options.rounds):
            for label, step in steps.items():
                times[label].append(timed(step, options.device, LAZY if name == "stylegan2" else 1))
        plain, *ours = times.values()
        ratios = [median(p / t for p, t in zip(plain, series, strict=True)) for series in ours]
        cells = [f"{name} {CASES[name][0]}", f"{1000 * median(plain):.0f}", *(f"{r:.2f}" for r in ratios)]
        print(f"| {' | '.join(cells)} |", flush=True)


def header(*columns: str) -> str:
    return f"| {' | '.join(columns)} |\n|" + " --- |" * len(columns)


LAZY = 16  # steps after which a lazy penalty has been due once


def timed(step: Step, device: str, repeats: int) -> float:
    """Seconds a step, as a mean over ``repeats``."""
    clock = process_time if device == "cpu" else perf_counter
    started = clock()
    for _ in range(repeats):
        step()
    if device != "cpu":
        torch.cuda.synchronize(device)
    return (clock() - started) / repeats


def compare_memory(options: argparse.Namespace) -> None:
    print("\n" + header("peak memory, MiB", "plain", "ours, float32", "ours, default"))
    for name in options.only:
        found = []
        for which in ("0", "1", "2"):
            passed = ["--threads", str(options.threads), "--device", options.device]
            command = [sys.executable, sys.argv[0], *passed, "--one", name, which]
            found.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
        print(f"| {name} {CASES[name][0]} | {' | '.join(found)} |", flush=True)


def run_alone(name: str, which: str, options: argparse.Namespace) -> None:
    """Run one variant in this process and print its peak memory."""
    recipe, data = recipe_and_data(name)
    settings = EngineSettings(options.device, options.threads, bf16=which == "2")
    step = (
        plain_step(name, recipe, data, options.device, 0)
        if which == "0"
        else our_step(recipe, data, settings, 0)
    )
    for _ in range(3):
        step()
    if options.device == "cpu":
        # not ru_maxrss: it begins with the memory of the process that started this one
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        print(round(int(status.split("VmHWM:")[1].split()[0]) / 1024))
    else:
        print(round(torch.cuda.max_memory_allocated(options.device) / 2**20))


def compare_losses(options: argparse.Namespace) -> None:
    count = options.losses
    kind = f"losses, mean of steps {count // 2} to {count}, 3 seeds"
    print("\n" + header(kind, "plain", "ours, float32", "ours, default"))
    for name in options.only:
        found: dict[str, list[tuple[float, float]]] = {}
        for seed in range(3):
            for label, step in variants(name, options, seed).items():
                torch.manual_seed(seed)
                losses = [step() for _ in range(count)][count // 2 :]
                found.setdefault(label, []).append((mean(d for d, _ in losses), mean(g for _, g in losses)))
        for place, side in enumerate(("discriminator", "generator")):
            cells = [spread([pair[place] for pair in pairs]) for pairs in found.values()]
            print(f"| {name}, {side} | {' | '.join(cells)} |", flush=True)


def spread(values: list[float]) -> str:
    return f"{mean(values):.3f} +- {stdev(values):.3f}"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
