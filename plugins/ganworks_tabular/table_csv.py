"""What a CSV does not say of itself: its delimiter, its encoding, and which digits are text."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd

from ganworks.errors import DataError

DELIMITERS = ",;\t|"
HEAD_BYTES = 1 << 18
HEAD_ROWS = 1_000
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class CsvForm:
    """``texts``: columns of digits that are not numbers (007); ``points``: columns written as 1.0."""

    delimiter: str
    texts: frozenset[str]
    points: frozenset[str]


def csv_options(form: CsvForm) -> dict[str, Any]:
    """Return the arguments that make ``pandas.read_csv`` read such a file."""
    return {
        "sep": form.delimiter,
        "encoding": "utf-8-sig",
        "dtype": dict.fromkeys(form.texts, "str"),
        "index_col": False,
    }


def csv_form(path: Path) -> CsvForm:
    """Look at the first rows of ``path``, and at all its bytes.

    Raises:
        DataError: empty, a duplicate column name, cut short, or not UTF-8 (with the first bad byte).
    """
    text = _checked_head(path)
    if not text.strip():
        raise DataError(f"{path} is empty; it needs a line of column names and rows under it")
    delimiter = _delimiter(text)
    _check_header(next(csv.reader(StringIO(text), delimiter=delimiter)), path)
    try:
        head = pd.read_csv(
            StringIO(text), sep=delimiter, nrows=HEAD_ROWS, dtype="str", index_col=False, on_bad_lines="skip"
        )
    except pd.errors.ParserError:
        head = pd.DataFrame()  # an open quote at the cut; pandas says more on the whole file
    return CsvForm(
        delimiter=delimiter,
        texts=frozenset(str(name) for name in head if _any_match(head[name], r"\s*[-+]?0\d+\s*")),
        points=frozenset(str(name) for name in head if _any_match(head[name], r".*[.eE].*")),
    )


def whole_numbers(frame: pd.DataFrame, form: CsvForm) -> list[str]:
    """Return the float columns that were written as whole numbers, some of them missing."""
    floats = frame.select_dtypes("float64")
    return [
        str(name)
        for name in floats
        if str(name) not in form.points
        and floats[name].isna().any()
        and floats[name].notna().any()
        and (floats[name].dropna() % 1 == 0).all()
        and (floats[name].dropna().abs() < 2**53).all()
    ]


def _any_match(column: pd.Series, pattern: str) -> bool:
    return bool(column.dropna().str.fullmatch(pattern).any())


def _checked_head(path: Path) -> str:
    """Read the file once in blocks: the first ones as text, all of them for bytes that are not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read, head = 0, ""
    try:
        with _stream(path) as stream:
            while block := stream.read(BLOCK_BYTES):
                pending = len(decoder.getstate()[0])
                try:
                    text = decoder.decode(block)
                except UnicodeDecodeError as error:
                    raise _encoding_error(path, read - pending + error.start, block[:4], read) from None
                head = head or text[:HEAD_BYTES]
                read += len(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise DataError(f"{path} ends in the middle of a character; copy it again") from None
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
        raise DataError(f"{path} cannot be unpacked ({error}); copy it again") from None
    return head.removeprefix("\ufeff")


def _encoding_error(path: Path, place: int, first: bytes, read: int) -> DataError:
    if read == 0 and first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        found = "UTF-16"
    else:
        with _stream(path) as stream:
            stream.read(place)
            byte = stream.read(1)
        shown = byte.decode("cp1252", errors="ignore")
        found = f"Windows-1252 ('{shown}' there)" if shown else "a single-byte encoding"
    return DataError(f"{path} is not UTF-8 at byte {place}; it looks like {found}: save it as UTF-8")


@contextmanager
def _stream(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as stream:
        packed = path.name.lower().endswith(".gz")
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=stream)) if packed else stream


def _delimiter(text: str) -> str:
    """The mark that splits most of the first lines into as many cells as the header has."""
    lines = text.splitlines()[:50]
    scores: dict[str, tuple[int, int]] = {}
    for mark in DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        agreeing = sum(width == widths[0] for width in widths) if widths else 0
        scores[mark] = (agreeing if widths and widths[0] > 1 else 0, widths[0] if widths else 0)
    best = max(scores, key=lambda mark: scores[mark])
    return best if scores[best][0] else ","


def _check_header(names: list[str], path: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: the column '{twice[0]}' is there twice; rename one of them")
