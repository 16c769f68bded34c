"""What a CSV does not say of itself: its delimiter, its encoding, and how its columns are to be read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pandas as pd

from ganworks.errors import DataError
from ganworks.wording import counted
from ganworks_tabular.csv_bytes import opened, read_once
from ganworks_tabular.csv_columns import Findings, find_columns, find_types

DELIMITERS = ",;\t|"
HEAD_ROWS = 1_000
CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class CsvForm:
    """``types``: columns of digits that pandas would change (007); ``points``: columns written as 1.0.

    ``missing``: the cells that stand for no value, by column. ``decimal``: the mark before the decimals.
    ``width``: how many columns there are, where every line ends with a further delimiter.
    """

    delimiter: str
    types: Mapping[str, str]
    points: frozenset[str]
    missing: Mapping[str, list[str]]
    decimal: str = "."
    width: int | None = None


def csv_options(form: CsvForm) -> dict[str, Any]:
    """Return the arguments that make ``pandas.read_csv`` read such a file."""
    return {
        "sep": form.delimiter,
        "encoding": "utf-8-sig",
        "dtype": dict(form.types),
        "index_col": False,
        "keep_default_na": not form.missing,
        "na_values": dict(form.missing) or None,
        "decimal": form.decimal,
        "usecols": None if form.width is None else range(form.width),
    }


def csv_form(path: Path) -> CsvForm:
    """Look at the first rows of ``path``, and at all its bytes.

    Raises:
        DataError: empty, a duplicate column name, a row with more cells than the header, numbers with
            thousands marks, cut short, or not UTF-8 (with the first bad byte).
    """
    text, whole, strange, unended = read_once(path)
    if not text.strip():
        raise DataError(f"{path} is empty; it needs a line of column names and rows under it")
    delimiter = _delimiter(text)
    width = _checked_width(path, text if whole else text.rpartition("\n")[0], delimiter, whole)
    _check_end(path, text, unended, delimiter)
    options = csv_options(CsvForm(delimiter, {}, frozenset(), {}, width=width))
    options |= {"dtype": "str", "keep_default_na": False}
    try:
        head = pd.read_csv(StringIO(text), nrows=HEAD_ROWS, on_bad_lines="skip", **options)
    except pd.errors.ParserError:
        head = pd.DataFrame()  # an open quote at the cut; pandas says more on the whole file
    found = find_columns(head, delimiter, str(path))
    rows = None if whole and len(head) < HEAD_ROWS else options
    types = _types(path, head, found, rows) if strange else {}
    return CsvForm(delimiter, types, *found, width=width)


def _types(
    path: Path, head: pd.DataFrame, found: Findings, rows: Mapping[str, Any] | None
) -> Mapping[str, str]:
    """What `find_types` says of all rows, for the cells that matter may come late; ``rows``: how to read."""
    if rows is not None:
        try:
            with pd.read_csv(path, chunksize=CHUNK_ROWS, **rows) as parts:
                return find_types(parts, found.missing)
        except (pd.errors.ParserError, EOFError, OSError):
            pass  # the reading that follows says what is wrong
    return find_types([head], found.missing)


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


def _delimiter(text: str) -> str:
    """The mark that splits most of the first lines into as many cells as the header has."""
    lines = text.splitlines()[:50]
    scores: dict[str, tuple[int, int]] = {}
    for mark in DELIMITERS:
        widths = [len(row) for row in _rows(lines, mark)]
        agreeing = sum(width == widths[0] for width in widths) if widths else 0
        scores[mark] = (agreeing if widths and widths[0] > 1 else 0, widths[0] if widths else 0)
    best = max(scores, key=lambda mark: scores[mark])
    return best if scores[best][0] else ","


def _checked_width(path: Path, head: str, delimiter: str, whole: bool) -> int | None:
    """Look for rows with too many cells: in the head, for pandas refuses those that come later.

    But if each row ends with a delimiter, pandas drops what comes after it: then all rows are looked at.
    """
    width = _check_rows(_rows(StringIO(head, newline=""), delimiter), path)
    if width is not None and not whole:
        with opened(path) as stream, TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
            _check_rows(_rows(text, delimiter), path)
    return width


def _check_end(path: Path, head: str, unended: str, delimiter: str) -> None:
    """Refuse a last line that breaks off: no end of line, and fewer cells than every line before it."""
    if not unended.strip() or any(mark in unended for mark in '"\r'):
        return
    cells = len(unended.split(delimiter))
    widths = {len(row) for row in _rows(StringIO(head.rpartition("\n")[0]), delimiter)}
    if widths and cells < min(widths):
        raise DataError(
            f"{path} is cut short: its last line has {cells} of {min(widths)} cells and no end of line; copy "
            "it again, or delete that line"
        )


def _check_rows(rows: Iterator[list[str]], path: Path) -> int | None:
    """Refuse a name that is there twice and a cell beyond the names; return the width of `CsvForm`."""
    names = next(rows, [])
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: the column '{twice[0]}' is there twice; rename one of them")
    longer = False
    for number, row in enumerate(rows, 1):
        longer = longer or len(row) > len(names)
        if any(row[len(names) :]):
            raise too_wide(f"{path}: row {number}", len(row), len(names))
    return len(names) if longer else None


def too_wide(where: str, cells: int, names: int) -> DataError:
    """The refusal of a line with more cells than there are column names; row 1 is the first below them."""
    are = f"{'is' if names == 1 else 'are'} {counted(names, 'column name')}"
    return DataError(
        f"{where} has {counted(cells, 'cell')}, but there {are}; name them all, or put texts that hold the "
        "delimiter in quotes"
    )


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """The rows that hold anything, up to one with a cell too long for this reader: pandas reads the file."""
    try:
        yield from filter(None, csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return
