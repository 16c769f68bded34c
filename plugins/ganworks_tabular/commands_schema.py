"""The schema of a file: as it is inferred, with a user's corrections, and as TOML to correct."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ganworks.wording import counted
from ganworks_tabular.constraints.reading import read_constraints
from ganworks_tabular.constraints.total import Total
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.schema import Column, Schema
from ganworks_tabular.schema_file import read_corrections
from ganworks_tabular.source import Source

EXAMPLE = """\
# A rule that every synthetic row keeps; take the marks away and fill in your own. Kinds: range (column, low,
# high), order (columns, strict), combination (columns), sum (total, parts).
# [[constraints]]
# kind = "range"
# column = {column}
# low = 0
"""


def schema_of_file(
    file: Path, target: str | None, positive: str | None, corrected: Path | None = None
) -> tuple[Schema, list[str], str]:
    """Return what a run would take the table in ``file`` for, what is said of the rules, a line each, and
    `Source.share`.

    ``target`` and ``positive`` go before what the TOML file ``corrected`` says, as they do in a run.

    Raises:
        DataError, UsageError: the table, the TOML file or one of its rules cannot be used.
    """
    source = Source.read(file)
    frame = source.frame
    corrections = {} if corrected is None else read_corrections(corrected, map(str, frame.columns))
    rules = corrections.pop("constraints", [])
    if positive is not None:
        corrections["positive"] = positive
    schema = infer_schema(frame, target, corrections=source.corrected(corrections))
    return schema, _said_of_rules(rules, frame, schema), source.share


def _said_of_rules(rules: list[Any], frame: pd.DataFrame, schema: Schema) -> list[str]:
    if not rules:
        return []
    constraints = read_constraints(rules, frame, target=schema.target)
    broken = constraints.check(frame)
    if not broken:
        return [f"every row keeps the {counted(len(rules), 'rule')}"]
    kept = len(constraints.keep(frame))
    missing = [_said_of_missing(rule, frame) for rule in constraints.rules if isinstance(rule, Total)]
    return [
        *map(str, broken.rules),
        *filter(None, missing),
        f"{kept:,} of {counted(len(frame), 'row')} can be learnt from",
    ]


def _said_of_missing(rule: Total, frame: pd.DataFrame) -> str:
    """A sum is broken too where a part is missing and the total is not, which its user may not expect."""
    lacking = frame[rule.total].isna() != frame[list(rule.parts)].isna().any(axis=1)
    if not lacking.any():
        return ""
    rows = counted(int(lacking.sum()), "row")
    return f"{rule.label}: it cannot hold in {rows} where a value is missing and another is not"


def schema_text(schema: Schema, title: str) -> str:
    """Return TOML that `schema_file.read_corrections` reads, with what was found as comments."""
    return "\n".join(_lines(schema, title)) + "\n"


def _lines(schema: Schema, title: str) -> Iterator[str]:
    yield f"# What was found in {_comment(title)}: correct it and give it to a run with --schema."
    yield f"target = {_text(schema.target)}  # {_comment(schema[schema.target].found)}"
    if schema.positive is None:
        yield f"# positive = {_text(schema.classes[0])}  # the class that matters; else the rarest"
    else:
        yield f"positive = {_text(schema.positive)}"
    keys = [_text(column.name) for column in schema.columns if column.kind == "key"]
    yield f"keys = [{', '.join(keys)}]  # not modelled; made anew, each once"
    yield ""
    yield "# kind: number, category, datetime or constant"
    for column in schema.columns:
        if column.kind != "key" and column.name != schema.target:
            yield from _column(column)
    yield EXAMPLE.format(column=_text(_example(schema))).rstrip()


def _column(column: Column) -> Iterator[str]:
    yield f"[columns.{_text(column.name)}]"
    yield f'kind = "{column.kind}"  # {_comment(f"{column.dtype}: {column.found}")}'
    yield ""


def _example(schema: Schema) -> str:
    """A column for the example of a rule: the last number, which is often the amount."""
    numbers = [column.name for column in schema.columns if column.kind == "number"]
    return numbers[-1] if numbers else "amount"


def _text(value: str) -> str:
    """A TOML string: as in JSON, but for the character DEL, which TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    """A comment holds no control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
