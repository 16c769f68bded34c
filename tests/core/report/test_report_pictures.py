"""Grids, plots and numbers of the report."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from ganworks.report import encode, values
from ganworks.report.pictures import BETWEEN, curves, histograms, image_grid, intervals


@settings(deadline=None)
@given(
    rows=st.integers(1, 7), channels=st.integers(1, 4), height=st.integers(1, 5), width=st.integers(1, 5),
    columns=st.none() | st.integers(1, 9), pad=st.integers(0, 3),
)  # fmt: skip
def test_every_image_is_found_in_the_grid(rows, channels, height, width, columns, pad):
    levels = torch.randint(
        0, 256, (rows, channels, height, width), generator=torch.Generator().manual_seed(0)
    )
    grid = image_grid(levels / 127.5 - 1, columns, pad)
    across = (grid.shape[1] + pad) // (width + pad)
    assert grid.dtype == np.uint8
    assert grid.ndim == (3 if channels == 3 else 2)
    for place in range(rows):
        top, left = place // across * (height + pad), place % across * (width + pad)
        found = grid[top : top + height, left : left + width]
        image = levels[place].permute(1, 2, 0).numpy() if channels == 3 else levels[place, 0].numpy()
        np.testing.assert_array_equal(found, image)


def test_the_grid_cuts_off_and_pads():
    images = torch.tensor([-5.0, 0.0, 5.0]).view(3, 1, 1, 1)
    assert image_grid(images, columns=2, pad=1).tolist() == [
        [0, BETWEEN, 128],
        [BETWEEN, BETWEEN, BETWEEN],
        [255, BETWEEN, BETWEEN],
    ]


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (torch.zeros(3, 4, 4), "expected"),
        (torch.zeros(0, 1, 4, 4), "expected"),
        (torch.full((1, 1, 2, 2), float("nan")), "not finite"),
    ],
)
def test_what_is_no_image_is_named(images, reason):
    with pytest.raises(ValueError, match=reason):
        image_grid(images)


def test_plots_show_their_values():
    figure = curves({"a": [(0, 1), (5, 3)], "b": [(2, 2)]}, "step", "loss")
    first, second = figure.axes[0].lines
    assert first.get_xydata().tolist() == [[0, 1], [5, 3]]
    assert second.get_marker() == "o"
    forest = intervals([("a", 0.5, 0.25, 0.75), ("b", 0.0, -1.0, 1.0)], reference=0).axes[0]
    assert [label.get_text() for label in forest.get_yticklabels()] == ["a", "b"]
    assert forest.get_ylim() == (1.5, -0.5)
    bars = histograms({"a": [0.0, 1.0, float("nan")], "b": [0.5]}, "distance", bins=4).axes[0].patches
    assert len(bars) == 4  # an outline and an area each


EMPTY = [
    lambda: curves({}, "x", "y"),
    lambda: curves({"a": []}, "x", "y", log=True),
    lambda: intervals([]),
    lambda: histograms({}, "x"),
    lambda: histograms({"a": [float("nan")]}, "x"),
]


@pytest.mark.parametrize("draw", EMPTY)
def test_plots_of_nothing_say_so(draw):
    assert "no values" in encode.inline_svg(draw(), "k")


HARD = [
    lambda: curves({"a": [(0, float("nan")), (1, 2), (2, float("inf"))]}, "x", "y"),
    lambda: curves({"a": [(0, 1e-9), (1, 1e9)]}, "x", "y", log=True),
    lambda: curves({"a": [(0, 0.3), (1, 0.31)]}, "x", "y", log=True),
    lambda: curves({r"$\no$ % {x}": [(0, 1), (1, 2)], "肺炎": [(0, 1)]}, r"$\x$", "$"),
    lambda: intervals([("a very long name of an arm " * 3, 0, 0, 0)], 0, "x"),
    lambda: intervals([("a", float("nan"), float("nan"), float("nan"))], 0, "x"),
    lambda: histograms({"a": [1.0, 1.0, 1.0], "b": []}, "x"),
    lambda: curves({str(n): [(0, n), (1, n)] for n in range(14)}, "x", "y"),
]


@pytest.mark.parametrize("draw", HARD)
def test_awkward_values_are_drawn_without_a_warning(draw):
    svg = encode.inline_svg(draw(), "k")
    assert svg.startswith("<svg")
    assert svg.rstrip().endswith("</svg>")


def test_names_are_not_read_as_formulas_and_none_is_hidden():
    svg = encode.inline_svg(curves({"$a_1$": [(0, 1)], "_b": [(0, 1)]}, "$x$", "y"), "k")
    assert all(f">{name}<" in svg.replace("> ", ">") for name in ("$a_1$", "_b", "$x$"))


def test_a_users_own_figure_is_drawn_as_it_is():
    figure = Figure()
    figure.add_subplot().plot([1, 2], color="#abcdef")
    assert "#abcdef" in encode.inline_svg(figure, "k")


@settings(deadline=None)
@given(st.floats(-1e300, 1e300))
def test_a_shown_number_is_near_the_number(value):
    assert float(values.shown(value).replace(",", "")) == pytest.approx(value, rel=1e-3, abs=0) or value == 0


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6))
def test_a_shown_column_loses_no_value(column):
    for text, value in zip(values.shown_column(column), column, strict=True):
        assert float(text.replace(",", "")) == pytest.approx(value, rel=0.03)


def test_numpy_values_are_shown_like_pythons():
    found = values.shown_column([np.float32(0.5), np.int64(3), np.float64("nan")])
    assert found == ["0.5", "3.0", values.NOTHING]
    assert values.shown(np.bool_(True)) == "yes"


def test_matplotlib_is_imported_by_plots_only_and_pyplot_never():
    program = (
        "import sys, torch\nfrom ganworks.report.pictures import curves, image_grid\n"
        "image_grid(torch.zeros(1, 1, 2, 2))\nassert 'matplotlib' not in sys.modules\n"
        "curves({}, 'x', 'y')\nassert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
