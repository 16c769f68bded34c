"""The rows that are learnt and judged by: all of a table, or so many of a larger one, drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api import types

from ganworks.errors import DataError, UsageError
from ganworks_tabular.table import is_parquet, read_table
from ganworks_tabular.table_checks import check_table
from ganworks_tabular.table_parquet import ParquetColumn, count_rows, draw_rows, sample_parquet

MOST_ROWS = 1_000_000  # where nothing else is said: about a gigabyte of 30 columns


@dataclass(frozen=True)
class Source:
    """``frame``: the rows; ``total``: how many the table has; ``column``: a whole column of it, in parts."""

    frame: pd.DataFrame
    total: int
    column: Callable[[str], Iterable[pd.Series]]

    @classmethod
    def of(cls, frame: pd.DataFrame, most: int | None = None, seed: int = 0) -> Source:
        """All rows of a frame, or of more than ``most`` so many, each set of them equally likely."""
        total, column = len(frame), partial(_whole, frame)
        if most is not None and total > most:
            frame = frame.iloc[draw_rows(total, most, seed)].reset_index(drop=True)
        return cls(frame, total, column)

    @classmethod
    def read(cls, path: Path, most: int = MOST_ROWS, seed: int = 0) -> Source:
        """Read a table, of which `of` holds; which rows are drawn depends on their number and the seed alone.

        A Parquet file is read in one pass, with the memory of the rows that are kept; a CSV file
        is held whole.

        Raises:
            DataError: as `read_table`.
        """
        if is_parquet(path) and (total := count_rows(path)) > most:
            frame = check_table(sample_parquet(path, most, seed), str(path))
            return cls(frame, total, partial(ParquetColumn, path))
        return cls.of(read_table(path), most, seed)

    def corrected(self, corrections: Mapping[str, Any]) -> dict[str, Any]:
        """Corrections of the schema, with the columns that number the rows of the whole table as keys.

        The rows that were drawn do not show it.
        """
        kinds = {name for name, one in corrections.get("columns", {}).items() if "kind" in one}
        counting = [name for name in self._counting() if name not in kinds]
        keys = [*corrections.get("keys", ()), *counting]
        return {**corrections, "keys": list(dict.fromkeys(keys))} if counting else dict(corrections)

    def _counting(self) -> list[str]:
        if not self.share:
            return []
        columns = [self.frame[name] for name in self.frame]
        unique = [one for one in columns if types.is_integer_dtype(one.dtype) and one.is_unique]
        return [name for name in (str(one.name) for one in unique) if self._counts(self.column(name))]

    def _counts(self, parts: Iterable[pd.Series]) -> bool:
        """Whether the numbers in ``parts`` reach as far as those of all rows would, and none is missing."""
        ends: list[int] = []
        for part in parts:
            if part.isna().any():
                return False
            ends += [int(part.min()), int(part.max())] if len(part) else []
        return max(ends) - min(ends) == self.total - 1

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say with what is refused that not all rows were looked at."""
        try:
            yield
        except (DataError, UsageError) as error:
            if self.share:
                error.args = (f"{error} (looked at: {self.share}; --most-rows)",)
            raise

    @property
    def share(self) -> str:
        """What is said of a table of which not all rows are here, else nothing."""
        rows = len(self.frame)
        return f"{rows:,} of {self.total:,} rows, drawn at random" if rows < self.total else ""


def _whole(frame: pd.DataFrame, name: str) -> list[pd.Series]:
    return [frame[name]]
