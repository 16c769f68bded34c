"""What one training step of Pix2Pix and CycleGAN costs, beside their authors' formulation written plainly.

Both sides begin with the same weights and see the same images. Every variant has a process of its own,
because the allocator is tuned for a whole process; they make their steps in turn (A B C A B C ...), so that a
drifting machine hits them all. A cell is the median of the ratios plain / ours (above 1: ours is faster), of
the processor time of one thread::

    python benchmarks/translation.py                        # both methods, two cases each
    python benchmarks/translation.py --only pix2pix-1 --repeats 7
    python benchmarks/translation.py --losses 4             # losses of the first steps, side by side
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from statistics import median
from time import process_time
from typing import Any

import torch
from _plain_translation import (
    Losses,
    PlainUNet,
    cyclegan_step,
    pix2pix_step,
    plain_patches,
    plain_residual,
)
from torch import Tensor, nn

from ganworks.networks.blocks import levels_for
from ganworks.recipes.cyclegan import cyclegan
from ganworks.recipes.pix2pix import pix2pix
from ganworks.space import SampleSpace
from ganworks.training import Batch, EngineSettings, Recipe, TorchEngine, TrainingState, tune_allocator
from ganworks.training.fit import play

Step = Callable[[], Losses]


@dataclass(frozen=True)
class Case:
    """A method at a size."""

    method: str
    side: int  # pixels
    batch: int
    depth: int  # halvings of the U-Net, or residual blocks
    width: int = 64

    def small(self) -> Case:
        return replace(self, side=32, depth=min(self.depth, 4), width=8)


CASES = {
    "pix2pix-1": Case("pix2pix", 256, 1, 8),
    "pix2pix-4": Case("pix2pix", 256, 4, 8),
    "cyclegan-6": Case("cyclegan", 128, 1, 6),
    "cyclegan-9": Case("cyclegan", 128, 1, 9),
}
# name -> bfloat16, tuned allocator
OURS = {
    "float32": (False, False),
    "float32, allocator": (False, True),
    "bfloat16": (True, False),
    "bfloat16, allocator": (True, True),
}
PLAIN = "plain"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--variants", nargs="+", choices=OURS, default=list(OURS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--losses", type=int, default=0, metavar="STEPS", help="compare losses, time nothing")
    parser.add_argument("--small", action="store_true", help="tiny networks and images: does it run?")
    options = parser.parse_args(arguments)
    print(f"# {platform.machine()}, 1 thread, torch {torch.__version__}\n")
    chosen = {name: CASES[name].small() if options.small else CASES[name] for name in options.only}
    if options.losses:
        print_losses(chosen, options.variants, options.losses)
    else:
        print_speed(chosen, options.variants, options.repeats)


def print_speed(cases: dict[str, Case], variants: Sequence[str], repeats: int) -> None:
    print(row("step", "plain, ms", *variants) + "\n|" + " --- |" * (2 + len(variants)))
    for name, case in cases.items():
        plain, *ours = times(case, [PLAIN, *variants], repeats).values()
        ratios = [median(p / t for p, t in zip(plain, series, strict=True)) for series in ours]
        print(row(name, f"{1000 * median(plain):.0f}", *(f"{ratio:.2f}" for ratio in ratios)), flush=True)


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def times(case: Case, variants: Sequence[str], repeats: int) -> dict[str, list[float]]:
    """Seconds of processor time of each step by variant, interleaved; the first two rounds warm up."""
    context = multiprocessing.get_context("spawn")
    found: dict[str, list[float]] = {variant: [] for variant in variants}
    ends: dict[str, Connection] = {}
    workers = []
    for variant in variants:
        ends[variant], there = context.Pipe()
        workers.append(context.Process(target=serve, args=(case, variant, there), daemon=True))
        workers[-1].start()
        there.close()  # so that a worker that dies is noticed here
    for number in range(repeats + 2):
        for variant, end in ends.items():
            end.send(True)
            spent = end.recv()
            if number > 1:
                found[variant].append(spent)
    for end, worker in zip(ends.values(), workers, strict=True):
        end.send(False)
        worker.join()
    return found


def serve(case: Case, variant: str, asked: Connection) -> None:
    """Make a step whenever asked for one, and answer with its processor time in seconds."""
    step = build(case, variant)
    while asked.recv():
        started = process_time()
        step()
        asked.send(process_time() - started)


def build(case: Case, variant: str) -> Step:
    """The training step of a variant; it counts on a process of its own."""
    torch.set_num_threads(1)
    bf16, tuned = OURS.get(variant, (False, False))
    if tuned and not tune_allocator():
        raise SystemExit("this system's C library has no allocator to tune: leave those variants out")
    return plain_step(case) if variant == PLAIN else our_step(case, bf16)


def recipe_of(case: Case) -> Recipe:
    space = SampleSpace(channels=3, size=(case.side, case.side))
    options: dict[str, Any] = {"source": space, "batch": max(case.batch, 2), "width": case.width}
    if case.method == "pix2pix":
        return pix2pix(space, levels=case.depth, **options)
    return cyclegan(space, blocks=case.depth, **options)


def images(case: Case) -> Callable[[int], tuple[Tensor, Tensor]]:
    """Step -> sources and targets (batch, 3, side, side): smooth noise, and its negative mirrored."""
    coarse = torch.randn(8 * case.batch, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    x = nn.functional.interpolate(coarse, case.side, mode="bicubic").tanh()
    pairs = list(zip(x.split(case.batch), (-x.flip(3)).split(case.batch), strict=True))
    return lambda step: pairs[step % len(pairs)]


def our_step(case: Case, bf16: bool = False) -> Step:
    engine = TorchEngine(EngineSettings("cpu", 1, bf16))
    state = TrainingState(recipe_of(case), engine)
    pairs, nothing = images(case), torch.zeros(case.batch, 1)
    labels = torch.zeros(case.batch, dtype=torch.int64)

    def draw() -> Batch:
        x, y = pairs(state.step)
        return Batch(labels, nothing, lambda: y, lambda: x)

    def step() -> Losses:
        torch.manual_seed(state.step)  # equal dropout on both sides
        records = {record.phase: record for record in play(state, draw, engine)}
        state.advance(0.0)
        sums = [
            torch.stack(list(records[p].losses.values())).sum().item() for p in ("discriminator", "generator")
        ]
        return sums[0], sums[1]

    return step


def plain_step(case: Case) -> Step:
    ours = TrainingState(recipe_of(case), TorchEngine(EngineSettings())).networks
    halvings = min(3, levels_for(case.side, base=8))
    pairs, done = images(case), 0

    def following() -> tuple[Tensor, Tensor]:
        nonlocal done
        torch.manual_seed(done)
        done += 1
        return pairs(done - 1)

    if case.method == "pix2pix":
        g = PlainUNet(case.width, case.depth, dropout=0.5)
        d = plain_patches(6, case.width, halvings)
        return pix2pix_step(alike(g, ours["generator"]), alike(d, ours["discriminator"]), following)
    networks = {
        name: plain_patches(3, case.width, halvings)
        if "disc" in name
        else plain_residual(case.width, case.depth)
        for name in ("generator", "generator_back", "discriminator", "discriminator_back")
    }
    return cyclegan_step(*(alike(plain, ours[name]) for name, plain in networks.items()), following)


def alike(plain: nn.Module, ours: nn.Module) -> nn.Module:
    """Give a plain network the weights of ours; both list them in the order of their layers."""
    plain.load_state_dict(dict(zip(plain.state_dict(), ours.state_dict().values(), strict=True)))
    return plain


def print_losses(cases: dict[str, Case], variants: Sequence[str], steps: int) -> None:
    """Losses of the first steps; the allocator changes no number."""
    kinds = [PLAIN, *(variant for variant in variants if "allocator" not in variant)]
    print(row("losses", "step", *kinds) + "\n|" + " --- |" * (2 + len(kinds)))
    for name, case in cases.items():
        made = [build(case, kind) for kind in kinds]
        for number in range(steps):
            both = [step() for step in made]
            for side, place in (("discriminator", 0), ("generator", 1)):
                cells = [f"{losses[place]:.5f}" for losses in both]
                print(row(f"{name}, {side}", str(number + 1), *cells), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
