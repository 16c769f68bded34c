"""Rows a block at a time, so that memory does not grow with the number of rows."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

BLOCK_ROWS = 512  # rows of a kernel or distance matrix, or images in float64, held at once


def blocks(rows: Tensor, size: int = BLOCK_ROWS) -> Iterator[Tensor]:
    """Yield ``rows`` in blocks of at most ``size`` rows."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
