"""The kind of one column, from its type and its values."""

from __future__ import annotations

import re

import pandas as pd
from pandas.api import types

from ganworks_tabular.columns.casting import is_decimal
from ganworks_tabular.schema import Kind

FEW = 10  # whole numbers with so few values are names more often than amounts
SHARED = 5  # rows: texts of which none is shared by so many are identifiers or free text
HIDDEN = 15  # rows: numbers and dates of fewer, with the others missing, cannot hide one among them
KEY_NAME = re.compile(r"(?:^|[_\W])(?:id|uuid|guid|key|no|nr|index|number|ref)$|(?:Id|ID)$", re.IGNORECASE)
CAMEL_KEY = re.compile(r"[a-z0-9](?:Id|ID|Key|No|Nr)$")

REPEATED = 0.1  # distinct values by rows from which on long numbers that are named like keys are keys
LONG = 100_000


def kind_of(column: pd.Series, dtype: str, form: str | None) -> Kind:
    """Return the kind of ``column``; ``dtype`` and ``form`` as in ``Column``, the form only if it has one.

    Numbers and dates that hardly any row has are a constant: always missing.
    """
    values = column.nunique(dropna=True)
    if values == 0 or (values == 1 and column.notna().all()):
        return "constant"
    kind = _kind(column, dtype, form, values)
    few = int(column.notna().sum()) < HIDDEN and bool(column.isna().any())
    return "constant" if few and kind in ("number", "datetime") else kind


def _kind(column: pd.Series, dtype: str, form: str | None, values: int) -> Kind:
    if (
        isinstance(column.dtype, pd.CategoricalDtype)
        or types.is_bool_dtype(column.dtype)
        or dtype == "boolean"
    ):
        return "category"
    if form is not None or types.is_datetime64_any_dtype(column.dtype) or dtype.startswith("date"):
        return "datetime"
    if is_decimal(dtype) or types.is_float_dtype(column.dtype):
        return "number"
    if types.is_integer_dtype(column.dtype):
        return _integer_kind(column, values)
    return _text_kind(column, values)


def _integer_kind(column: pd.Series, values: int) -> Kind:
    named = _named_key(str(column.name))
    if values == len(column) and values > FEW and (named or _counts_up(column)):
        return "key"
    if named and column.median() >= LONG and values > max(FEW, REPEATED * column.notna().sum()):
        return "key"  # of a card or an account that comes in several rows
    return "category" if values <= FEW and values < len(column) else "number"


def _text_kind(column: pd.Series, values: int) -> Kind:
    present = int(column.notna().sum())
    if values == present and (present > 2 * FEW or _named_key(str(column.name))):
        return "key"
    if present > 2 * FEW and column.value_counts().iloc[0] < SHARED:
        return "key"
    return "category"


def _named_key(name: str) -> bool:
    return KEY_NAME.search(name) is not None or CAMEL_KEY.search(name) is not None


def _counts_up(column: pd.Series) -> bool:
    """Whether the numbers leave out none between the lowest and the highest: a row number."""
    return int(column.max()) - int(column.min()) == len(column) - 1
