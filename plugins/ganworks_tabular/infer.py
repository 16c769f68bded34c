"""What the columns of a table are, found out from the table; every finding can be corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from ganworks.errors import DataError, UsageError, nearest
from ganworks.wording import counted
from ganworks_tabular.columns.casting import dtype_name, floats, is_decimal, is_text, texts
from ganworks_tabular.columns.epochs import Clock, iso_form
from ganworks_tabular.columns.number_map import find_rounding
from ganworks_tabular.columns.statistics import count_categories
from ganworks_tabular.kinds import kind_of
from ganworks_tabular.schema import Column, Kind, Schema
from ganworks_tabular.schema_file import check_corrections, corrected_kinds
from ganworks_tabular.table_checks import check_table
from ganworks_tabular.text_hints import text_hint

CLASSES = 20
TARGET_NAMES = ("target", "class", "fraud", "is_fraud", "isfraud", "label", "fraudulent", "y")


def infer_schema(
    frame: pd.DataFrame, target: str | None, *, corrections: Mapping[str, Any] | None = None
) -> Schema:
    """Return the schema of ``frame``; ``corrections`` as ``read_corrections`` returns them.

    Without ``target`` (also in the corrections), a column of two values with a usual name is taken.

    Raises:
        UsageError: a target that is not there or cannot be found, or corrections of what is not there.
        DataError: a table that cannot be used, or a target with missing values, with one class, with one
            row of a class, or with more than 20 classes.
    """
    check_table(frame)
    given = dict(corrections or {})
    check_corrections(given, frame.columns, "the corrections")
    target = _target(frame, target or given.get("target"))
    kinds = corrected_kinds(given)
    columns = tuple(
        _target_column(frame[name]) if name == target else _column(frame[name], kinds.get(name))
        for name in map(str, frame.columns)
    )
    schema = Schema(columns=columns, target=target)
    if len(schema.modelled) == 1:
        raise DataError(f"the table has no column to model besides the target '{target}'; add some")
    return replace(schema, positive=_positive(frame[target], schema, given.get("positive")))


def describe(schema: Schema) -> list[tuple[str, ...]]:
    """Return one row a column: name, kind, type, what was found."""
    rows: list[tuple[str, ...]] = []
    for column in schema.columns:
        kind = "target" if column.name == schema.target else column.kind
        rows.append((column.name, kind, column.dtype, column.found))
    return rows


def _target(frame: pd.DataFrame, target: str | None) -> str:
    if target is not None:
        if target not in frame.columns:
            raise UsageError(
                f"the table has no column '{target}'{nearest(target, frame.columns)} to be the target"
            )
        return target
    named = {str(name).lower(): str(name) for name in frame.columns}
    for name in TARGET_NAMES:
        if name in named and frame[named[name]].nunique() == 2:
            return named[name]
    pairs = [str(name) for name in frame.columns if frame[name].nunique() == 2]
    hint = f"columns of two values: {', '.join(pairs[:10])}" if pairs else "no column has two values"
    raise UsageError(f"say which column is the target ({hint})")


def _target_column(column: pd.Series) -> Column:
    name = str(column.name)
    missing = int(column.isna().sum())
    if missing:
        raise DataError(
            f"the target '{name}' is missing in {counted(missing, 'row')}; fill it in or remove it"
        )
    found = count_categories(column)
    classes = texts(found.values)
    if len(classes) == 1:
        raise DataError(f"the target '{name}' is '{classes[0]}' in all rows; it needs two classes at least")
    if len(classes) > CLASSES:
        raise DataError(
            f"the target '{name}' has {len(classes):,} values; choose a column with 2 to {CLASSES}"
        )
    rarest = int(found.counts.argmin())
    if found.counts[rarest] == 1:
        raise DataError(
            f"the target '{name}' is '{classes[rarest]}' in one row only, from which nothing can be learnt; "
            "add such rows or remove it"
        )
    share = found.counts[rarest] / found.rows
    said = f"{len(classes)} classes, {share:.3g} of the rows are '{classes[rarest]}'"
    return Column(name, "category", dtype_name(column), said, values=classes)


def _positive(column: pd.Series, schema: Schema, given: Any) -> str | None:
    """The class that matters: the given one, or the rarer of two."""
    if given is not None:
        wanted = texts([given])[0]
        if wanted not in schema.classes:
            known = ", ".join(schema.classes)
            raise UsageError(f"the target '{schema.target}' has no class '{wanted}'; its classes are {known}")
        return wanted
    counts = count_categories(column).counts
    return schema.classes[int(counts.argmin())] if len(schema.classes) == 2 else None


def _column(column: pd.Series, wanted: Kind | None) -> Column:
    name, dtype = str(column.name), dtype_name(column)
    form = iso_form(column) if is_text(column) else None
    kind = kind_of(column, dtype, form)
    if wanted is not None and wanted != kind:
        _check_wanted(column, dtype, form, wanted)
        kind = wanted
    form = form if kind == "datetime" else None
    return Column(name, kind, dtype, _found(column, kind, dtype, form), form=form)


def _check_wanted(column: pd.Series, dtype: str, form: str | None, wanted: Kind) -> None:
    numeric = (types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype)) or is_decimal(
        dtype
    )
    dated = form is not None or types.is_datetime64_any_dtype(column.dtype) or dtype.startswith("date")
    if (wanted == "number" and not numeric) or (wanted == "datetime" and not dated):
        example = column.dropna().iloc[0] if column.notna().any() else "nothing"
        raise UsageError(f"the column '{column.name}' ({dtype}) cannot be a {wanted}: it holds '{example}'")
    if wanted != "constant" and not column.notna().any():
        raise UsageError(f"the column '{column.name}' is empty; it can only be a constant")
    if wanted == "constant" and column.nunique(dropna=False) > 1:
        raise UsageError(
            f"the column '{column.name}' has {counted(column.nunique(), 'value')} and cannot be a constant; "
            "remove it from the table instead"
        )


def _found(column: pd.Series, kind: Kind, dtype: str, form: str | None) -> str:
    missing = int(column.isna().sum())
    tail = f", {missing} missing" if missing else ""
    hint = f"; {text}" if kind in ("category", "key") and (text := text_hint(column)) else ""
    if kind == "constant":
        if not missing:
            return "always the same"
        held = len(column) - missing
        return f"in {counted(held, 'row')} only: always missing" if held else "always missing"
    if kind == "key":
        return f"not modelled, made anew{hint}"
    if kind == "datetime":
        return f"{form or Clock.of(dtype, form).unit}{tail}"
    said = counted(column.nunique(), "value")
    if kind == "number":
        present = floats(column)
        rounding = find_rounding(present[~np.isnan(present)], single=dtype.lower().startswith("float32"))
        digits = "all digits" if rounding is None else counted(rounding.decimals, "decimal")
        step = f", steps of {rounding.width:g}" if rounding and rounding.step > 1 else ""
        said += f", {digits}{step}"
    return said + tail + hint
