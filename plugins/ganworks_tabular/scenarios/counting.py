"""Shares as whole numbers of rows, with every margin exact."""

from __future__ import annotations

import numpy as np

from ganworks_tabular.columns.casting import Floats, Ints

ROUNDS = 200  # of proportional fitting; it gains a digit or more each


def whole_counts(shares: Floats, rows: int) -> Ints:
    """Split ``rows`` in the ratio of ``shares`` by the largest remainder: every count within 1 of its share.

    >>> whole_counts(np.array([0.5, 0.25, 0.25]), 9).tolist()
    [5, 2, 2]
    """
    wanted = np.asarray(shares, dtype=np.float64) / np.sum(shares) * rows
    counts = np.floor(wanted).astype(np.int64)
    order = np.argsort(counts - wanted, kind="stable")
    counts[order[: rows - counts.sum()]] += 1
    return counts


def whole_table(known: Floats, row_counts: Ints, column_counts: Ints) -> Ints:
    """Return whole counts with exactly these margins, which keep the odds ratios of ``known``.

    Proportional fitting (Deming and Stephan 1940), then rounding. ``known`` (rows, columns) is positive; the
    two margins have the same sum.
    """
    table = np.asarray(known, dtype=np.float64)
    for _ in range(ROUNDS):
        table = table * _ratio(row_counts, table.sum(axis=1))[:, None]
        table = table * _ratio(column_counts, table.sum(axis=0))[None]
    return _rounded(table, row_counts, column_counts)


def _ratio(wanted: Ints, found: Floats) -> Floats:
    return np.divide(wanted, found, out=np.zeros(len(found)), where=found > 0)


def _rounded(table: Floats, row_counts: Ints, column_counts: Ints) -> Ints:
    counts = np.floor(table + 1e-9).astype(np.int64)
    rows, columns = row_counts - counts.sum(axis=1), column_counts - counts.sum(axis=0)
    for again in range(2):  # first a unit at most for a cell, largest remainder first; then what is left
        for cell in np.argsort(counts - table, axis=None, kind="stable"):
            row, column = divmod(int(cell), table.shape[1])
            units = min(rows[row], columns[column], 10**18 if again else 1)
            if units > 0:
                counts[row, column] += units
                rows[row] -= units
                columns[column] -= units
    return counts
