"""Numbers as people read them: four digits that count, and one number of decimals in a column."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

NOTHING = "\N{EN DASH}"  # a value that does not exist, or is no number
SIGNIFICANT = 4
MOST_DECIMALS = 7
SMALLEST, LARGEST = 1e-4, 1e12  # outside, a power of ten is easier to read
WIDEST = 50  # a column whose values differ by a larger factor shares no number of decimals
_NUMERIC = re.compile(r"^[-+±<>≤≥~]?\s?[\d.,]+(e[-+]?\d+)?\s?(%|s|min|h|B|kB|MB|GB|px|mm)?$")


def is_number(value: Any) -> bool:
    """Tell whether the value is a number (a truth value is none)."""
    value = _plain(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(value: Any, decimals: int | None = None) -> str:
    """Return a value as text; ``decimals`` None means four significant digits.

    >>> [shown(value) for value in (None, True, 12345, 0.98765, 1234.5, 3e-7, 2.0, float("nan"), "a")]
    ['–', 'yes', '12,345', '0.9877', '1,234', '3e-07', '2', '–', 'a']
    """
    value = _plain(value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return str(value)
    if decimals is None:
        decimals = _decimals([value])
        text = _fixed(value, decimals)
        return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return _fixed(value, decimals)


def shown_column(values: Sequence[Any]) -> list[str]:
    """Return a column as text, its floats with the same number of decimals.

    >>> shown_column([0.5, 12.25, None, 3])
    ['0.50', '12.25', '–', '3.00']
    >>> shown_column([0.01234, 120.5])
    ['0.01234', '120.5']
    """
    values = [_plain(value) for value in values]
    floats = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    sizes = [abs(value) for value in floats if value != 0]
    if not floats or (sizes and max(sizes) > WIDEST * min(sizes)):
        return [shown(value) for value in values]
    decimals = _decimals(floats)
    return [shown(float(value) if is_number(value) else value, decimals) for value in values]


def is_numeric_column(texts: Sequence[str]) -> bool:
    """Tell whether a column reads as numbers and should be aligned on the right.

    >>> is_numeric_column(["0.50", "–", "12 %"]), is_numeric_column(["–"]), is_numeric_column(["a", "1"])
    (True, False, False)
    """
    real = [text for text in texts if text not in ("", NOTHING)]
    return bool(real) and all(_NUMERIC.match(text) for text in real)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _decimals(values: Sequence[float]) -> int:
    """Return the decimals that give the largest value four significant digits, and no more than needed."""
    largest = max(abs(value) for value in values)
    if largest == 0:
        return 0
    most = min(max(SIGNIFICANT - 1 - math.floor(math.log10(largest)), 0), MOST_DECIMALS)
    return next(count for count in range(most + 1) if count == most or _exact(values, count))


def _exact(values: Sequence[float], decimals: int) -> bool:
    return all(math.isclose(round(value, decimals), value, rel_tol=1e-9) for value in values)


def _fixed(value: float, decimals: int) -> str:
    if value != 0 and not SMALLEST <= abs(value) < LARGEST:
        return f"{value:.{SIGNIFICANT}g}"
    return f"{value:,.{decimals}f}"
