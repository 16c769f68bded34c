"""The plots of the report: marginals, correlations, and the curves of the tests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks.report.encode import INK, LINE, MUTED
from ganworks.report.pictures import COLOURS, WIDTH, curves, histograms
from ganworks_tabular.evaluation import TableFacts
from ganworks_tabular.evaluation.coding import code
from ganworks_tabular.evaluation.pairs import cramers_v

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_MARGINALS = 12
MOST_BARS = 8  # categories of a marginal; the rarer ones are taken together
MOST_CELLS = 40  # columns of a correlation matrix
BINS = 30
LONG_NUMBER = 10_000  # from here on 10k at an axis, or the labels would touch
SMALL = 8  # points, of small multiples
ROWS = 20_000  # that a plot is drawn from
SERIES = ("train", "synthetic")


def marginals(
    facts: TableFacts,
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    worst_first: Sequence[str],
    most: int = MOST_MARGINALS,
) -> Figure:
    """Plot the distribution of each column, training and synthetic rows over each other.

    Numbers are drawn between the 0.5 and 99.5 % quantiles of the training column, categories as bars of the
    8 most frequent ones; the share of missing values stands in the title where there are any.
    """
    shown = list(worst_first)[:most]
    lines = math.ceil(len(shown) / 3)
    figure, panels = _panels(lines, 3, 1.6 * lines + 0.4)
    for axes, column in zip(panels, shown, strict=False):
        columns = [table[column] for table in (train, synthetic)]
        draw = _densities if column in facts.numeric else _bars
        draw(axes, *columns)
        axes.set_title(_title(column, columns), color=INK, fontsize=SMALL)
        axes.set_yticks([])
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper left", ncols=2, frameon=False, labelcolor=INK, fontsize=SMALL + 2
    )
    return figure


def correlations(facts: TableFacts, train: pd.DataFrame, synthetic: pd.DataFrame) -> Figure | None:
    """Plot Pearson's correlations of the numbers and the target (1 for a positive row).

    Three matrices: training rows, synthetic rows, their difference. None where there are no two numbers.
    """
    if len(facts.numeric) < 2:
        return None
    names = [*facts.numeric[: MOST_CELLS - 1], facts.target]
    found = [_correlation(facts, table, names[:-1]) for table in (train, synthetic)]
    return _matrices(names, found)


def associations(facts: TableFacts, train: pd.DataFrame, synthetic: pd.DataFrame) -> Figure | None:
    """Plot Cramer's V of the categories, as `correlations` does; None where there are no two of them."""
    if len(facts.discrete) < 2:
        return None
    names = facts.discrete[:MOST_CELLS]
    tables = code(facts, train.head(ROWS), synthetic.head(ROWS))
    found = [cramers_v(table.codes[:, : len(names)], table.levels[: len(names)]) for table in tables]
    return _matrices(names, found)


def two_sample_roc(two_sample: Mapping[str, Any]) -> Figure:
    """Plot the ROC curve of the two-sample test beside the diagonal, which is what real rows give."""
    roc = {f"synthetic, AUC {two_sample['auc']:.2f}": two_sample["roc"], "chance": [(0.0, 0.0), (1.0, 1.0)]}
    return curves(roc, "share of real rows called synthetic", "share found")


def privacy_histogram(block: Mapping[str, Any]) -> Figure:
    """Plot the distances to the nearest training row, of synthetic and of held-out rows.

    The largest 2 % of either are left out: they say nothing of privacy and would press the rest together.
    """
    found = {name: np.asarray(block["distances"][name]) for name in ("heldout", "synthetic")}
    end = max(np.quantile(values, 0.98) for values in found.values())
    names = {"heldout": "held-out real rows", "synthetic": "synthetic rows"}
    shown = {names[name]: values[values <= end].tolist() for name, values in found.items()}
    return histograms(shown, "distance to the nearest training row (Gower)")


def precision_recall(utility: Mapping[str, Any]) -> Figure:
    """Plot precision over recall on held-out real rows, trained on real and on synthetic rows."""
    lines = {f"trained on {name} rows": points for name, points in utility["precision_recall"].items()}
    return curves(lines, "recall", "precision")


def _densities(axes: Axes, train: pd.Series, synthetic: pd.Series) -> None:
    from matplotlib.ticker import EngFormatter  # slow to import

    values = [column.head(ROWS).to_numpy(dtype=np.float64, na_value=np.nan) for column in (train, synthetic)]
    known = [column[np.isfinite(column)] for column in values]
    if not known[0].size:
        return
    low, high = np.quantile(known[0], [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    for place, (name, column) in enumerate(zip(SERIES, known, strict=True)):
        shares = np.histogram(column, edges)[0] / max(len(column), 1)
        axes.stairs(shares, edges, fill=True, color=COLOURS[place], alpha=0.18)
        axes.stairs(shares, edges, color=COLOURS[place], label=name, linewidth=1.2)
    axes.locator_params(axis="x", nbins=4)
    if np.abs(edges).max() >= LONG_NUMBER:
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def _bars(axes: Axes, train: pd.Series, synthetic: pd.Series) -> None:
    texts = [column.dropna().astype(str) for column in (train, synthetic)]
    common = list(texts[0].value_counts().index[: MOST_BARS - 1])
    shares = np.array(
        [column.value_counts(normalize=True).reindex(common, fill_value=0.0) for column in texts]
    )  # (2, categories)
    names = [_short(text) for text in common]
    others = (1 - shares.sum(1)).clip(min=0)
    if others.max() > 1e-9:
        shares, names = np.column_stack([shares, others]), [*names, "others"]
    places = np.arange(len(names))
    for place, name in enumerate(SERIES):
        axes.bar(places + (place - 0.5) * 0.4, shares[place], 0.4, color=COLOURS[place], label=name)
    tilted = len(names) > 3
    axes.set_xticks(places, names, rotation=30 if tilted else 0, ha="right" if tilted else "center")


def _correlation(facts: TableFacts, table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    part = table.head(ROWS)
    columns = {
        place: part[name].to_numpy(dtype=np.float64, na_value=np.nan) for place, name in enumerate(names)
    }
    return pd.DataFrame(columns | {len(names): facts.positives(part).astype(float)}).corr().to_numpy()


def _matrices(names: Sequence[str], found: list[NDArray[np.float64]]) -> Figure:
    """Draw two matrices and their difference; undefined cells stay empty."""
    figure, panels = _panels(1, 3, 3.1)
    matrices = {SERIES[0]: found[0], SERIES[1]: found[1], "difference": found[1] - found[0]}
    for axes, (title, matrix) in zip(panels, matrices.items(), strict=True):
        image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1.0, vmax=1.0, interpolation="nearest")
        axes.set_title(title, color=INK, fontsize=SMALL + 2)
        axes.set_xticks([])
        axes.set_yticks([])
    size = SMALL if len(names) <= 16 else SMALL * 16 / len(names) + 1
    panels[0].set_yticks(range(len(names)), [_short(name) for name in names], fontsize=size)
    bar = figure.colorbar(image, ax=panels, orientation="horizontal", fraction=0.05, pad=0.04, aspect=40)
    bar.ax.tick_params(labelcolor=INK, labelsize=SMALL, colors=MUTED)
    bar.outline.set_visible(False)
    return figure


def _panels(rows: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure of small multiples in the colours of the report; ``height`` in inches."""
    # imported here: slow, and pyplot's global state is not needed
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(hspace=0.12)
    figure = Figure(figsize=(WIDTH * 1.25, height), facecolor="none", layout=layout)
    panels = list(_flat(figure.subplots(max(rows, 1), columns, squeeze=False)))
    for axes in panels:
        axes.set_facecolor("none")
        axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=SMALL - 1, width=0.6, length=2)
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set(color=LINE, linewidth=0.8)
    return figure, panels


def _flat(grid: NDArray[np.object_]) -> Iterator[Axes]:
    yield from grid.flat


def _title(name: str, columns: Sequence[pd.Series]) -> str:
    missing = [column.isna().mean() for column in columns]
    note = f"\nmissing {missing[0]:.1%} / {missing[1]:.1%}" if any(missing) else ""
    return _short(name, 24) + note


def _short(text: str, most: int = 12) -> str:
    """Cut a long name; `$` would start mathematics."""
    cut = text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return cut.replace("$", r"\$")
