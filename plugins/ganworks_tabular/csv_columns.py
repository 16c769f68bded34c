"""How the columns of a CSV are to be read, found out from their cells as texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from ganworks.errors import DataError
from ganworks_tabular.columns.epochs import ISO

USUAL = 0.5  # of a column's cells, to call it one of numbers, of dates or of true and false
MOST = (-(2**63), 2**63 - 1)  # whole numbers of 64 bits
LONG = 16  # digits, which not all floats hold
UNLIKE_NUMBERS = re.compile(rf"[\s,;|\"][-+]?(?:0\d+|\d{{{LONG},}})(?=[\s,;|\"]|$)", re.ASCII)

ZEROS = r"\s*[-+]?0\d+\s*"
WHOLE = r"\s*[-+]?\d+\s*"
LONG_WHOLE = rf"\s*[-+]?\d{{{LONG},}}\s*"
NUMBER = re.compile(r"\s*[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?)\s*", re.ASCII)
COMMA_NUMBER = re.compile(r"\s*[-+]?(?:\d+|\d*,\d+)(?:[eE][-+]?\d+)?\s*", re.ASCII)
THOUSANDS = re.compile(r"\s*[-+]?(?:\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:,\d{3})+\.\d+)\s*", re.ASCII)
DATE_OR_TRUTH = re.compile(rf"(?:{ISO.pattern})|(?i:true|false)", re.ASCII)

WORDS = frozenset({"NA", "None"})  # a country, a region, a kind of veneer
EMPTY = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"}
    | {"<NA>", "N/A", "NULL", "NaN", "n/a", "nan", "null"}
)


class Findings(NamedTuple):
    """See `ganworks_tabular.table_csv.CsvForm`."""

    points: frozenset[str]
    missing: Mapping[str, list[str]]
    decimal: str


def find_columns(head: pd.DataFrame, delimiter: str, where: str) -> Findings:
    """Return what the first rows (all cells as texts, none missing) say of each column.

    Raises:
        DataError: numbers with thousands marks, or with decimal commas here and points there.
    """
    cells = {str(name): _known(head[name]) for name in head}
    numeric = {name for name, known in cells.items() if all(map(NUMBER.fullmatch, known))}
    commas = [
        name for name in cells if name not in numeric and _comma_numbers(name, cells[name], where, delimiter)
    ]
    points = [name for name in cells if any(mark in cell for cell in cells[name] for mark in ".eE")]
    pointed = [name for name in points if name in numeric and any("." in cell for cell in cells[name])]
    if commas and pointed:
        raise DataError(
            f"{where}: the column '{commas[0]}' has decimal commas and '{pointed[0]}' decimal points; "
            "write all of them with points"
        )
    return Findings(
        points=frozenset(points + commas),
        missing={name: _missing(known, name in numeric or name in commas) for name, known in cells.items()},
        decimal="," if commas else ".",
    )


def find_types(parts: Iterable[pd.DataFrame], missing: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the types of columns that pandas would change: those of digits with leading zeros or very long.

    Long ones with gaps are whole numbers of 64 bits, or else texts; without gaps pandas has them right.
    """
    zeros: set[str] = set()
    longer: set[str] = set()
    beyond: set[str] = set()
    others: set[str] = set()
    gaps: set[str] = set()
    for part in parts:
        for name in map(str, part):
            if part[name].str.fullmatch(ZEROS, na=False).any():
                zeros.add(name)
            if name in zeros | others:
                continue
            blank = part[name].isin(missing.get(name, [""])) | part[name].isna()
            cells = part[name][~blank]
            if not cells.str.fullmatch(WHOLE).all():
                others.add(name)
                continue
            long = cells[cells.str.fullmatch(LONG_WHOLE)]
            longer |= {name} if len(long) else set()
            beyond |= {name} if any(not MOST[0] <= int(cell) <= MOST[1] for cell in long) else set()
            gaps |= {name} if blank.any() else set()
    wholes = (longer & gaps) - others
    types = dict.fromkeys(wholes - beyond, "Int64") | dict.fromkeys(wholes & beyond, "str")
    return types | dict.fromkeys(zeros, "str")


def _known(column: pd.Series) -> set[str]:
    """The cells that differ, without those that usually stand for no value."""
    return {cell for cell in column.tolist() if isinstance(cell, str)} - EMPTY - WORDS


def _missing(known: set[str], numeric: bool) -> list[str]:
    """The cells that stand for no value; in a column of words NA and None may be two of them."""
    usual = numeric or any(
        sum(form.fullmatch(cell) is not None for cell in known) >= USUAL * len(known)
        for form in (NUMBER, DATE_OR_TRUTH)
    )
    return sorted(EMPTY | WORDS if usual else EMPTY)


def _comma_numbers(name: str, known: set[str], where: str, delimiter: str) -> bool:
    """Whether these are numbers such as 12,50; between commas they would be quoted, and may be anything."""
    marked = sorted(cell for cell in known if THOUSANDS.fullmatch(cell))
    forms = (THOUSANDS, COMMA_NUMBER, NUMBER)
    if marked and all(any(form.fullmatch(cell) for form in forms) for cell in known):
        raise DataError(
            f"{where}: the column '{name}' has marks between the thousands ('{marked[0]}'); "
            "write the numbers without them"
        )
    return delimiter != "," and all(map(COMMA_NUMBER.fullmatch, known))
