"""What benchmarks/modes.py leaves behind: a line a run, a table beside the published figures, pictures."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import get_type_hints

import matplotlib
import numpy as np
from _mixtures import Mixture

COLUMNS = 6  # panels a line of a picture
PUBLISHED = {  # Lin et al. 2018, table 1: modes, high quality in %, reverse KL; on the ring, on the grid
    "GAN": ("6.3 ± 0.5", "98.2 ± 0.2", "0.45 ± 0.09", "17.3 ± 0.8", "94.8 ± 0.7", "0.70 ± 0.07"),
    "ALI": ("6.6 ± 0.3", "97.6 ± 0.4", "0.36 ± 0.04", "24.1 ± 0.4", "95.7 ± 0.6", "0.14 ± 0.03"),
    "PacGAN2": ("7.9 ± 0.1", "95.6 ± 2.0", "0.07 ± 0.03", "23.8 ± 0.7", "91.3 ± 0.8", "0.13 ± 0.04"),
    "PacGAN3": ("7.8 ± 0.1", "97.7 ± 0.3", "0.10 ± 0.02", "24.6 ± 0.4", "94.2 ± 0.4", "0.06 ± 0.02"),
    "PacGAN4": ("7.8 ± 0.1", "95.9 ± 1.4", "0.07 ± 0.02", "24.8 ± 0.2", "93.6 ± 0.6", "0.04 ± 0.01"),
}


@dataclass(frozen=True)
class Line:
    """One training: a line of ``runs.csv``."""

    mixture: str
    method: str
    seed: int
    steps: int
    recipe: str  # the first digits of its fingerprint: a changed recipe is run again
    modes: int
    near: float
    reverse_kl: float
    cpu_seconds: float


def append(folder: Path, line: Line) -> None:
    path = folder / "runs.csv"
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Line)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(line))


def read(folder: Path) -> list[Line]:
    path, kinds = folder / "runs.csv", get_type_hints(Line)
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [Line(**{key: kinds[key](text) for key, text in row.items()}) for row in csv.DictReader(file)]


def table(lines: list[Line]) -> str:
    """Mean and standard error by method in the order of the runs, beside the published figures."""
    head = "modes | high quality, % | reverse KL"
    published = (
        f"| {name}, published | 10 | 400,000 | {' | '.join(row)} | |" for name, row in PUBLISHED.items()
    )
    methods = dict.fromkeys(line.method for line in lines)
    rows = [
        f"| method | seeds | steps | ring: {head} | grid: {head} | CPU s a run |",
        "|" + " --- |" * 10,
        *published,
        *(row([line for line in lines if line.method == method]) for method in methods),
    ]
    return "\n".join(rows) + "\n"


def row(lines: list[Line]) -> str:
    """The row of one method: what was run on the ring, then on the grid."""
    found = [latest([line for line in lines if line.mixture == mixture]) for mixture in ("ring", "grid")]
    cells = " | ".join(cell for part in found for cell in summary(part))
    seeds = min(len(part) for part in found)
    spent = mean(line.cpu_seconds for part in found for line in part)
    return f"| {lines[0].method} | {seeds} | {lines[-1].steps:,} | {cells} | {spent:.0f} |"


def latest(lines: list[Line]) -> list[Line]:
    """Runs of the recipe that was run last: figures of a changed recipe do not mix."""
    return [line for line in lines if line.recipe == lines[-1].recipe]


def summary(lines: list[Line]) -> Iterator[str]:
    yield told([line.modes for line in lines], 1)
    yield told([line.near * 100 for line in lines], 1)
    yield told([line.reverse_kl for line in lines], 3)


def told(values: Iterable[float], digits: int) -> str:
    """Mean ± standard error.

    >>> told([7, 8, 9], 1)
    '8.0 ± 0.6'
    """
    values = list(values)
    if len(values) < 2:
        return "".join(f"{value:.{digits}f}" for value in values)
    return f"{mean(values):.{digits}f} ± {stdev(values) / sqrt(len(values)):.{digits}f}"


def picture(folder: Path, mixture: Mixture, methods: Iterable[str]) -> None:
    """Samples of seed 0 by method, in the paper's units."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    paths = {method: samples_path(folder, mixture.name, method) for method in methods}
    shown = {method: np.load(path) for method, path in paths.items() if path.exists()}
    height = max(-(-len(shown) // COLUMNS), 1)
    figure, axes = plt.subplots(height, COLUMNS, figsize=(2.2 * COLUMNS, 2.4 * height), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (method, points) in zip(axes.flat, shown.items(), strict=False):
        axis.scatter(*points.T, s=1, alpha=0.3, linewidths=0)
        axis.set(xlim=(-mixture.side, mixture.side), ylim=(-mixture.side, mixture.side), aspect="equal")
        axis.set_title(method, fontsize=8)
    figure.tight_layout()
    figure.savefig(folder / f"{mixture.name}.png", dpi=100)
    plt.close(figure)


def samples_path(folder: Path, mixture: str, method: str) -> Path:
    return folder / "samples" / f"{mixture} {method}.npy"
