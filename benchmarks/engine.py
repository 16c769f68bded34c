"""What the engine's choices are worth on this machine: one training step, each choice against plain float32.

Variants of the same step are timed in turn (A B C A B C ...), so that a drifting machine hits them all;
printed is the median of the ratios to the plain variant (above 1: faster)::

    python benchmarks/engine.py --recipe dcgan sngan projected --size 64
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import nn

from ganworks import plugin
from ganworks.data import ArrayDataset
from ganworks.registry import discover
from ganworks.training import EngineSettings, TorchEngine, TrainingState
from ganworks.training.fit import play


class Contiguous(TorchEngine):
    """The engine without channels_last."""

    def setup(self, network: nn.Module) -> nn.Module:  # type: ignore[override]
        return network.to(self.device)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--recipe", nargs="+", default=["dcgan", "wgan-gp", "sngan", "projected"])
    parser.add_argument("--size", type=int, default=64, help="side of the images in pixels")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    print(f"# {platform.machine()}, {cores} cores, torch {torch.__version__}, {options.size} px")
    variants: dict[str, TorchEngine] = {
        "plain": Contiguous(EngineSettings("cpu", 1, bf16=False)),
        "channels_last": TorchEngine(EngineSettings("cpu", 1, bf16=False)),
        "channels_last + bf16": TorchEngine(EngineSettings("cpu", 1, bf16=True)),
        f"channels_last + bf16 + {cores} threads": TorchEngine(EngineSettings("cpu", cores, bf16=True)),
    }
    print("| recipe | plain, ms a step | " + " | ".join(list(variants)[1:]) + " |")
    print("|" + " --- |" * (len(variants) + 1))
    for name in options.recipe:
        steps = {label: prepared(name, engine, options.size) for label, engine in variants.items()}
        times = timed(steps, options.rounds)
        plain = median(times["plain"])
        cells = [f"{median(p / t for p, t in zip(times['plain'], times[v], strict=True)):.2f}" for v in times]
        print(f"| {name} | {1000 * plain:.0f} | " + " | ".join(cells[1:]) + " |", flush=True)


def prepared(recipe_name: str, engine: TorchEngine, size: int) -> Callable[[], None]:
    """One training step of a fresh state under ``engine``."""
    registry = discover(third_party=False)
    pixels = np.random.default_rng(0).integers(0, 256, (256, 1, size, size), dtype=np.uint8)
    data = ArrayDataset(pixels, np.arange(256) % 2, ("a", "b"))
    recipe = registry.load(registry.find(plugin.Recipe, recipe_name))(data.space)
    state = TrainingState(recipe, engine)
    draw = recipe.draw.prepare(data, engine.device)

    def step() -> None:
        torch.set_num_threads(engine.settings.threads)
        play(state, draw, engine)

    return step


def timed(steps: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each step by variant, interleaved; the first round is a warm-up."""
    times: dict[str, list[float]] = {label: [] for label in steps}
    for number in range(rounds + 1):
        for label, step in steps.items():
            started = perf_counter()
            step()
            if number:
                times[label].append(perf_counter() - started)
    return times


if __name__ == "__main__":
    main()
