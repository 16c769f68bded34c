"""Columns of texts that are numbers, dates or times to whoever wrote them: what to do about each."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

from ganworks_tabular.columns.casting import is_text
from ganworks_tabular.schema import Schema

LOOKED_AT = 1_000  # cells, before all of a column are looked at
MOST = 0.5  # of the cells
MANY = 10  # values: a column of fewer is one of names (12 months, 24 months)

TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
_MONEY = r"(?:[€$£¥₹₩]|EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CZK|kr|zł)"
_GROUPS = (  # a mark between thousands is not the one before decimals: 192.168.100.17 is an address
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?",
    r"\d{1,3}(?:\.\d{3})+(?:,\d+)?",
    r"\d{1,3}(?:['’\s]\d{3})+(?:[.,]\d+)?",  # noqa: RUF001
    r"\d+(?:[.,]\d+)?",
)
_DIGITS = rf"(?:{'|'.join(_GROUPS)})"
NUMBER = rf"\s*(?:{_MONEY}\s*)?[-+]?(?:{_MONEY}\s*)?{_DIGITS}\s*(?:{_MONEY}|%)?\s*"
DAY = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))"
DATE = rf"\s*{DAY}(?:[T ]{TIME}(?: ?(?:Z|[+-]\d\d:?\d\d))?)?\s*"
CODE = r"\s*\d+\s*"  # kept as text on purpose: 007

_LEARN_TIMES = "to have them learnt as such, give minutes or seconds as a number"
_WRITE = {
    NUMBER: ("numbers", "plain numbers such as 1234.50"),
    DATE: ("dates", "dates such as 2024-01-31, all in one form"),
}


def text_hint(column: pd.Series, least: int | None = None) -> str:
    """Return what to do about a column that is read as mere words and does not look like them, or ''.

    ``least``: rows that must share a cell before it is quoted; None: none is.
    """
    if not is_text(column):
        return ""
    cells = column.dropna()
    head = cells.head(LOOKED_AT)
    if not len(head):
        return ""
    if head.str.fullmatch(TIME).all():
        return f"times of day: {_LEARN_TIMES}"
    if head.nunique() <= MANY or head.str.fullmatch(CODE).all():
        return ""
    for form in (DATE, NUMBER):  # 1.2.2024 is no number
        if head.str.fullmatch(form).mean() >= MOST:
            return _said(cells, form, least)
    return ""


def text_notes(frame: pd.DataFrame, schema: Schema, settled: Collection[str], least: int | None) -> list[str]:
    """Return `text_hint` of each column that was read as words, but for those whose kind the user settled."""
    read = (one for one in schema.columns if one.kind in ("category", "key") and one.name != schema.target)
    hints = {one.name: text_hint(frame[one.name], least) for one in read if one.name not in settled}
    return [
        f"{name}: read as {'a category' if schema[name].kind == 'category' else 'a key'}: {hint}; where text "
        "is meant, give its kind in --schema"
        for name, hint in hints.items()
        if hint
    ]


def _said(cells: pd.Series, form: str, least: int | None) -> str:
    """What most cells look like, and the first that does not."""
    name, written = _WRITE[form]
    strange = cells[~cells.str.fullmatch(form)]
    if len(strange):
        text = strange.iloc[0]
        shared = least is not None and (strange == text).sum() >= least
        holds = f"holds '{text[:40]}'" if shared else "does not"
        which = f"but row {int(strange.index[0]) + 1} {holds}"
        return f"most values look like {name}, {which}: write {written}, or leave the cell empty"
    shape = re.sub(r"\d", "9", cells.iloc[0].strip())
    return f"all values look like {name}, of the form {shape}: write {written}"
