"""What the evaluation must know about the columns of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganworks.errors import DataError, nearest
from ganworks.wording import counted

if TYPE_CHECKING:
    import pandas as pd

LEAST_ROWS = 20  # of a table; below, no figure of this package means anything


@dataclass(frozen=True, kw_only=True, slots=True)
class TableFacts:
    """The columns to compare. Keys and constant columns are left out; datetimes are given as numbers.

    Attributes:
        target: name of the class column, one of ``discrete``.
        positive: the value of the target that is rare and matters.
        numeric: columns of numbers; missing values may occur.
        discrete: columns of categories, the target among them; a missing value is a category of its own.
        sensitive: column whose groups must be treated alike, of either kind; None where there is none.
    """

    target: str
    positive: Any  # what the cells of the target hold: a string, a number or a truth value
    numeric: tuple[str, ...]
    discrete: tuple[str, ...]
    sensitive: str | None = None

    def __post_init__(self) -> None:
        if self.target not in self.discrete:
            raise ValueError(f"the target {self.target!r} must be one of the discrete columns")
        if self.sensitive is not None and self.sensitive not in self.columns:
            raise ValueError(f"the sensitive column {self.sensitive!r} is none of the columns")

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, numbers first."""
        return self.numeric + self.discrete

    def positives(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell for each row of the table whether it is of the positive class: bool, (rows,)."""
        # a copy: pandas gives out arrays that cannot be written, which torch does not index with
        return table[self.target].eq(self.positive).fillna(False).to_numpy(dtype=bool, copy=True)

    def check(self, name: str, table: pd.DataFrame) -> pd.DataFrame:
        """Return the table with the known columns only, rows numbered from 0.

        Raises:
            DataError: a column is missing, or the table has fewer than 20 rows.
        """
        for column in self.columns:
            if column not in table.columns:
                hint = nearest(column, [str(known) for known in table.columns])
                raise DataError(f"{name}: there is no column {column!r}{hint}")
        if len(table) < LEAST_ROWS:
            raise DataError(
                f"{name}: {counted(len(table), 'row')}, but an evaluation needs {LEAST_ROWS} or more"
            )
        return table[list(self.columns)].reset_index(drop=True)
