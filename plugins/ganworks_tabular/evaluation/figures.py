"""Figures for a JSON file: plain numbers, None where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Figures = dict[str, Any]
Progress = Callable[[str], None]

CURVE_POINTS = 101
QUANTILES = 201


def mean(values: Sequence[float]) -> float | None:
    """Mean of the values that exist; None when there are none."""
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else None


def spread(values: Sequence[float]) -> Figures:
    """Mean and standard deviation (of a sample; 0 for a single value)."""
    deviation = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return {"mean": float(np.mean(values)), "sd": float(deviation)}


def curve(x: NDArray[Any], y: NDArray[Any]) -> list[list[float]]:
    """A curve at 101 places of x; ``x`` must not fall. Enough to draw, small enough for a JSON file."""
    places = np.linspace(0, 1, CURVE_POINTS)
    points: list[list[float]] = np.column_stack([places, np.interp(places, x, y)]).round(5).tolist()
    return points


def quantiles(values: NDArray[Any]) -> list[float]:
    """A distribution as 201 quantiles."""
    found: list[float] = np.quantile(values, np.linspace(0, 1, QUANTILES)).round(7).tolist()
    return found
