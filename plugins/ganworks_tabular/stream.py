"""Frames in turn into one file, CSV or Parquet, that says of itself that it is synthetic."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ganworks.errors import UsageError
from ganworks.run import replacing

SUFFIXES = (".csv", ".csv.gz", ".parquet")


def check_path(path: Path) -> None:
    """Raise `UsageError` for a suffix that is none of `SUFFIXES`."""
    if not path.name.lower().endswith(SUFFIXES):
        raise UsageError(f"{path.name}: tables are written as {', '.join(SUFFIXES)}")


def write_stream(frames: Iterable[pd.DataFrame], path: Path, notes: Mapping[str, str] | None = None) -> int:
    """Write frames of one schema and return the number of rows; a crash leaves no part of a file.

    Args:
        notes: metadata of a Parquet file, beside ``synthetic``; a CSV file has no place for them.

    Raises:
        UsageError: see `check_path`.
    """
    check_path(path)
    with replacing(path) as scratch:
        if path.name.lower().endswith(".parquet"):
            return _write_parquet(frames, scratch, {"synthetic": "true", **(notes or {})})
        with _text(scratch, packed=path.name.lower().endswith(".gz")) as file:
            return _write_csv(frames, file)


def _write_parquet(frames: Iterable[pd.DataFrame], path: Path, notes: Mapping[str, str]) -> int:
    rows, writer = 0, None
    try:
        for frame in frames:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            if writer is None:
                schema = _widened(table.schema, frame).with_metadata(
                    {**(table.schema.metadata or {}), **notes}
                )
                writer = pq.ParquetWriter(path, schema, compression="zstd")
            writer.write_table(table.cast(writer.schema).replace_schema_metadata(writer.schema.metadata))
            rows += len(frame)
    finally:
        if writer is not None:
            writer.close()
    return rows


def _widened(schema: pa.Schema, frame: pd.DataFrame) -> pa.Schema:
    """Decimal objects get all digits: a later frame may need more of them than the first."""
    for place, field in enumerate(schema):
        if pa.types.is_decimal128(field.type) and frame[field.name].dtype == object:
            schema = schema.set(place, field.with_type(pa.decimal128(38, field.type.scale)))
    return schema


def _write_csv(frames: Iterable[pd.DataFrame], file: IO[str]) -> int:
    rows = 0
    for frame in frames:
        frame.to_csv(file, index=False, header=not rows)
        rows += len(frame)
    return rows


@contextmanager
def _text(path: Path, *, packed: bool) -> Iterator[IO[str]]:
    """A text file to write; gzip without a time stamp, so that equal rows are equal bytes."""
    if not packed:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as zipped,
        TextIOWrapper(cast(IO[bytes], zipped), encoding="utf-8", newline="") as file,
    ):
        yield file
