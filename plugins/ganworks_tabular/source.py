"""The rows that are learnt and judged by: all of a table, or so many of a larger one, drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from ganworks.errors import DataError, UsageError
from ganworks_tabular.table import is_parquet, read_table
from ganworks_tabular.table_checks import check_table
from ganworks_tabular.table_parquet import ParquetColumn, count_rows, sample_parquet

MOST_ROWS = 1_000_000  # where nothing else is said: about a gigabyte of 30 columns


@dataclass(frozen=True)
class Source:
    """``frame``: the rows; ``total``: how many the table has; ``column``: a whole column of it, in parts."""

    frame: pd.DataFrame
    total: int
    column: Callable[[str], Iterable[pd.Series]]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Source:
        """All rows of a frame."""
        return cls(frame, len(frame), partial(_whole, frame))

    @classmethod
    def read(cls, path: Path, most: int = MOST_ROWS, seed: int = 0) -> Source:
        """Read a table; of more than ``most`` rows so many, each set of them equally likely.

        A Parquet file is read in one pass, with the memory of the rows that are kept; a CSV file
        is held whole.

        Raises:
            DataError: as `read_table`.
        """
        if is_parquet(path) and (total := count_rows(path)) > most:
            frame = check_table(sample_parquet(path, most, seed), str(path))
            return cls(frame, total, partial(ParquetColumn, path))
        whole = read_table(path)
        if len(whole) <= most:
            return cls.of(whole)
        chosen = np.random.default_rng(seed).choice(len(whole), most, replace=False)
        return cls(whole.iloc[np.sort(chosen)].reset_index(drop=True), len(whole), partial(_whole, whole))

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
        ends = {str(one.name): [(p.min(), p.max()) for p in self.column(str(one.name))] for one in unique}
        return [
            name
            for name, found in ends.items()
            if max(high for _, high in found) - min(low for low, _ in found) == self.total - 1
        ]

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say with what is refused that not all rows were looked at."""
        try:
            yield
        except (DataError, UsageError) as error:
            if not self.share:
                raise
            raise type(error)(f"{error} (looked at: {self.share}; --most-rows)") from None

    @property
    def share(self) -> str:
        """What is said of a table of which not all rows are here, else nothing."""
        rows = len(self.frame)
        return f"{rows:,} of {self.total:,} rows, drawn at random" if rows < self.total else ""


def _whole(frame: pd.DataFrame, name: str) -> list[pd.Series]:
    return [frame[name]]
