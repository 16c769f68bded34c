"""A file of many rows, and what learning it takes in a process of its own; for benchmarks/tabular.py."""

from __future__ import annotations

import resource
from multiprocessing import get_context
from pathlib import Path
from time import process_time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from ganworks_tabular.source import MOST_ROWS, Source
from ganworks_tabular.synthesizer import Synthesizer

PART = 100_000  # rows that are written at a time


def write_large(table: pd.DataFrame, rows: int, path: Path) -> None:
    """Write ``rows`` rows of the table, drawn with replacement, and a column that numbers them."""
    writer = None
    for start in range(0, rows, PART):
        part = table.sample(min(PART, rows - start), replace=True, random_state=start)
        numbered = part.assign(row_id=range(start, start + len(part)))
        found = pa.Table.from_pandas(numbered, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, found.schema)
        writer.write_table(found)
    if writer is not None:
        writer.close()


def learn_alone(path: Path, target: str) -> None:
    """Print what reading and learning cost in a new process."""
    process = get_context("spawn").Process(target=_learn, args=(path, target))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def _learn(path: Path, target: str) -> None:
    torch.set_num_threads(1)
    started, before = process_time(), _peak()
    source = Source.read(path, MOST_ROWS)
    print(
        f"reading: {process_time() - started:.0f} CPU-s, {len(source.frame):,} of {source.total:,} rows, "
        f"peak memory {_peak():.2f} GiB (the imports {before:.2f})",
        flush=True,
    )
    del source
    started = process_time()
    made = Synthesizer(threads=1, progress=False).fit(path, target=target).sample(1_000)
    print(f"reading and learning: {process_time() - started:.0f} CPU-s, peak memory {_peak():.2f} GiB")
    assert made is not None
    print(f"first new row number: {made['row_id'].iloc[0]:,}")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
