"""Tables in the form in which they are compared: float64, seconds since 1970, and texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ganworks.errors import DataError, UsageError, nearest
from ganworks_tabular.columns.casting import Floats, floats, texts
from ganworks_tabular.evaluation import TableFacts
from ganworks_tabular.schema import Column, Schema


def facts_of(schema: Schema, sensitive: str | None = None) -> TableFacts:
    """What the evaluation must know of the columns of `comparable` tables.

    Raises:
        UsageError: the sensitive column is none that is modelled.
    """
    columns = schema.modelled
    numeric = tuple(one.name for one in columns if one.kind in ("number", "datetime"))
    discrete = tuple(one.name for one in columns if one.kind == "category")
    if sensitive is not None and sensitive not in (*numeric, *discrete):
        known = (*numeric, *discrete)
        raise UsageError(
            f"--sensitive: no modelled column '{sensitive}'{nearest(sensitive, known)}; "
            f"there are {', '.join(known)}"
        )
    return TableFacts(
        target=schema.target,
        positive=schema.positive,
        numeric=numeric,
        discrete=discrete,
        sensitive=sensitive,
    )


def comparable(frame: pd.DataFrame, schema: Schema, where: str) -> pd.DataFrame:
    """Return the modelled columns of ``frame``; ``where`` names the table in errors.

    Numbers become float64, datetimes seconds (UTC), categories texts: 1 and 1.0 are both ``1``. What is
    missing is NaN or None.

    Raises:
        DataError: a column is not there, or holds what is no number or date.
    """
    return pd.DataFrame({one.name: _comparable(frame, one, where) for one in schema.modelled})


def _comparable(frame: pd.DataFrame, column: Column, where: str) -> Any:
    if column.name not in frame:
        hint = nearest(column.name, map(str, frame.columns))
        raise DataError(f"{where}: there is no column '{column.name}'{hint}")
    values = frame[column.name]
    if column.kind == "category":
        return as_texts(values)
    try:
        return _seconds(values) if column.kind == "datetime" else floats(values)
    except (TypeError, ValueError):
        raise DataError(
            f"{where}: the column '{column.name}' ({values.dtype}) does not hold {column.kind}s throughout"
        ) from None


def as_texts(values: pd.Series) -> pd.Series:
    """Return categories as texts; a missing one is None."""
    codes, known = pd.factorize(values, use_na_sentinel=True)
    names = np.array([*texts(list(known)), None], dtype=object)
    return pd.Series(names[codes], index=values.index, name=values.name)


def _seconds(values: pd.Series) -> Floats:
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        raise TypeError("numbers are no dates")
    dated = pd.api.types.is_datetime64_any_dtype(values)
    times = pd.to_datetime(values if dated else values.astype("str"), utc=True, format="ISO8601")
    seconds = (times - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    return np.asarray(seconds, dtype=np.float64)
