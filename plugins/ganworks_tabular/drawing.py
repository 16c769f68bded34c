"""Finished rows of a trained table, in frames or straight into a file; the memory is that of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ganworks.errors import UsageError
from ganworks_tabular.conditions import Condition, Typed, given_rows, typed_conditions
from ganworks_tabular.model import BLOCK, MOST_SEEDS, OWN, Stream, TableModel, blocks
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.stream import write_stream

BLOCKS_A_FRAME = 16  # rows of a file are written so many blocks at a time


@dataclass(frozen=True)
class Drawer:
    """Draws rows of the user's table. Row i depends on the stream, the seed, i and the conditions alone."""

    preparation: Preparation
    model: TableModel
    stream: Stream = OWN

    def frame(
        self, count: int, *, seed: int = 0, start: int = 0, where: Mapping[str, Condition] | None = None
    ) -> pd.DataFrame:
        """Return the rows ``start`` to ``start + count``.

        Args:
            where: column -> a value, or `Between` two of them; every row meets all of them.

        Raises:
            UsageError: a condition that no row can meet, or more rows than a seed has.
        """
        if count < 1:
            return next(self.frames(1, seed=seed, where=where)).iloc[:0]
        return pd.concat(self.frames(count, seed=seed, start=start, where=where), ignore_index=True)

    def frames(
        self, count: int, *, seed: int = 0, start: int = 0, where: Mapping[str, Condition] | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows of `frame` in order, at most `BLOCK` at a time."""
        if not 0 <= seed < MOST_SEEDS:
            raise UsageError(f"seed {seed} is out of range: use 0 to {MOST_SEEDS - 1}")
        if start < 0 or start + count > self.stream.most:
            end, most = start + count, self.stream.most
            raise UsageError(f"rows {start} to {end}: a seed has {most}; use further seeds")
        wanted = typed_conditions(where or {}, self.preparation)
        for first, part in blocks(count, start):
            yield self._block(first, seed, wanted).iloc[part].reset_index(drop=True)

    def complete(self, given: pd.DataFrame, *, seed: int = 0, start: int = 0) -> pd.DataFrame:
        """Return the rows ``start`` and following, one for each row of ``given``, whose columns it keeps.

        ``start`` is a multiple of `BLOCK`: several calls give one table, whose keys differ. No column of
        ``given`` may be a key.

        Raises:
            UsageError, DataError: a column or a value that the table does not have.
        """
        rules = self.preparation.constraints
        rewritten = rules.translate_frame(given.reset_index(drop=True), seed + start)
        frames = []
        for first in range(0, len(given), BLOCK):
            rows = rewritten.iloc[first : first + BLOCK]
            filled = rows.index.append(rows.index[:1].repeat(BLOCK - len(rows)))  # blocks are of equal length
            columns = {str(name): rows[name].loc[filled].reset_index(drop=True) for name in rows}
            made = self.model.block(self.stream.first + start + first, seed, columns).iloc[: len(rows)]
            frames.append(self.preparation.finished(made, seed, self.stream.taken + start + first))
        return pd.concat(frames, ignore_index=True)

    def write(
        self, path: Path, count: int, *, seed: int = 0, where: Mapping[str, Condition] | None = None
    ) -> None:
        """Write ``count`` rows to a CSV or Parquet file, by its suffix; never a part of a file."""
        write_stream(self.file_frames(count, seed=seed, where=where), path)

    def file_frames(
        self, count: int, *, seed: int = 0, where: Mapping[str, Condition] | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows in frames of a size that files are written in."""
        if count < 1:
            yield self.frame(0, seed=seed, where=where)
        held: list[pd.DataFrame] = []
        for frame in self.frames(count, seed=seed, where=where):
            held.append(frame)
            if len(held) == BLOCKS_A_FRAME:
                yield pd.concat(held, ignore_index=True)
                held = []
        if held:
            yield pd.concat(held, ignore_index=True)

    @staticmethod
    def file_frame_count(count: int) -> int:
        """How many frames `file_frames` yields."""
        return max(-(-count // (BLOCK * BLOCKS_A_FRAME)), 1)

    def _block(self, first: int, seed: int, wanted: Mapping[str, Typed]) -> pd.DataFrame:
        row = self.stream.first + first
        given = given_rows(wanted, self.preparation, row, BLOCK, seed)
        made = self.model.block(row, seed, given)
        return self.preparation.finished(made, seed, self.stream.taken + first)
