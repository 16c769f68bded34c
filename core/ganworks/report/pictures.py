"""Image grids as arrays, and the few kinds of plot that reports need."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganworks.report.encode import INK, LINE, MUTED, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# readable on light and dark, and told apart by people who do not see red and green alike
COLOURS = ("#3f83d0", "#dd8130", "#2f9d80", "#c6588f", "#8d78d6", "#8a8f3c")
STYLES = ("-", "--", "-.", ":")  # a second round through the colours differs in its lines
BETWEEN = 128  # grey between the images of a grid: seen beside black scans and white sketches

WIDTH = 5.8  # inches: on a phone, where the plot shrinks to the screen, its text can still be read
POINTS = 11
LONGEST_NAME = 28  # characters of a row's name before it goes on in the next line


def image_grid(images: Tensor, columns: int | None = None, pad: int = 2) -> NDArray[np.uint8]:
    """Return images side by side, row by row.

    Args:
        images: (rows, channels, height, width) in [-1, 1]; values outside are cut off. One channel gives a
            grey grid, three a colour grid; of any other number the first channel is shown in grey.
        columns: images in a row of the grid; None makes the grid about square.
        pad: grey pixels between two images.

    Returns:
        uint8, (grid height, grid width) or (grid height, grid width, 3).

    Raises:
        ValueError: another shape, no image, or values that are not finite.
    """
    if images.ndim != 4 or not images.numel():
        raise ValueError(f"expected (rows, channels, height, width), got {tuple(images.shape)}")
    if not bool(images.isfinite().all()):
        raise ValueError("the images hold values that are not finite")
    shown = images if images.shape[1] in (1, 3) else images[:, :1]
    pixels = (
        shown.detach().float().clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    )
    rows, height, width, channels = pixels.shape
    columns = min(columns or math.ceil(math.sqrt(rows)), rows)
    lines = math.ceil(rows / columns)
    size = (lines * (height + pad) - pad, columns * (width + pad) - pad, channels)
    grid = np.full(size, BETWEEN, np.uint8)
    for place, image in enumerate(pixels):
        top, left = place // columns * (height + pad), place % columns * (width + pad)
        grid[top : top + height, left : left + width] = image
    return grid if channels == 3 else grid[:, :, 0]


def curves(
    series: Mapping[str, Sequence[tuple[float, float]]], xlabel: str, ylabel: str, *, log: bool = False
) -> Figure:
    """Plot lines: each series is a sequence of (x, y); NaN leaves a gap. ``log`` makes y logarithmic."""
    figure, axes = _axes(3.3, xlabel, ylabel)
    for place, (name, points) in enumerate(series.items()):
        x, y = zip(*points, strict=True) if points else ((), ())
        marker = "o" if len(x) == 1 else None  # a line of one point would not be seen
        axes.plot(x, y, label=_label(name), marker=marker, **_look(place))
    if log:
        _logarithmic(axes)
    _finish(axes, len(series), empty=not any(series.values()))
    return figure


def intervals(
    rows: Sequence[tuple[str, float, float, float]], reference: float | None = None, xlabel: str = ""
) -> Figure:
    """Plot a forest plot: rows of (name, mean, low, high), top to bottom; ``reference`` a vertical line."""
    names = ["\n".join(textwrap.wrap(name, LONGEST_NAME)) for name, *_ in rows]
    lines = max((name.count("\n") for name in names), default=0)
    figure, axes = _axes(0.75 + (0.36 + 0.17 * lines) * max(len(rows), 1), xlabel, "")
    if reference is not None:
        axes.axvline(reference, color=MUTED, linewidth=1, linestyle="--", zorder=1)
    for place, (_, mean, low, high) in enumerate(rows):
        axes.plot([low, high], [place, place], color=COLOURS[0], linewidth=2, solid_capstyle="butt")
        axes.plot([mean], [place], color=COLOURS[0], marker="o", markersize=6, markeredgecolor=PAPER)
    axes.set_yticks(range(len(rows)), [_label(name) for name in names])
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.locator_params(axis="x", nbins=5)  # long names leave little width
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=LINE, linewidth=0.8)
    _finish(axes, 1, empty=not rows)
    return figure


def histograms(values: Mapping[str, Sequence[float]], xlabel: str, bins: int = 30) -> Figure:
    """Plot distributions over the same bins, each scaled to area 1; NaN and infinity are left out."""
    figure, axes = _axes(2.9, xlabel, "density")
    finite = {name: np.asarray(found, dtype=float) for name, found in values.items()}
    finite = {name: found[np.isfinite(found)] for name, found in finite.items()}
    together = np.concatenate([*finite.values(), np.empty(0)])
    edges = np.histogram_bin_edges(together, bins)
    for place, (name, found) in enumerate(finite.items()):
        if found.size:
            look = _look(place)
            density, _ = np.histogram(found, edges, density=True)
            axes.stairs(density, edges, fill=True, color=look["color"], alpha=0.18)
            axes.stairs(density, edges, label=_label(name), **look)
    _finish(axes, len(values), empty=not together.size)
    return figure


def _axes(height: float, xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    """Return an empty plot in the report's colours, ``height`` in inches."""
    # imported here: slow, and pyplot's global state is not needed
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), facecolor="none", layout="constrained")
    axes = figure.add_subplot(facecolor="none")
    axes.set_xlabel(_label(xlabel), color=MUTED, fontsize=POINTS)
    axes.set_ylabel(_label(ylabel), color=MUTED, fontsize=POINTS)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=POINTS, width=0.8, length=3)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=MUTED, linewidth=0.8)
    return figure, axes


def _label(text: str) -> str:
    """Take a name as it is: matplotlib reads `$` as mathematics and leaves `_name` out of legends."""
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


def _logarithmic(axes: Axes) -> None:
    """Label a y axis 0.1, 0.2, 0.5 ...: most ranges here are one or two decades."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _look(place: int) -> dict[str, Any]:
    style = STYLES[place // len(COLOURS) % len(STYLES)]
    return {"color": COLOURS[place % len(COLOURS)], "linestyle": style, "linewidth": 1.6}


def _finish(axes: Axes, series: int, *, empty: bool) -> None:
    if empty:
        axes.text(0.5, 0.5, "no values", transform=axes.transAxes, ha="center", va="center", color=MUTED)
    elif series > 1:
        axes.legend(
            frameon=False,
            labelcolor=INK,
            fontsize=POINTS,
            handlelength=1.6,
            loc="lower left",
            bbox_to_anchor=(0, 1),  # above the axes, where it hides no line
            ncols=min(series, 4),
        )
