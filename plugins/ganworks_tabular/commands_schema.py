"""The inferred schema as a TOML file to correct."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ganworks_tabular.schema import Column, Schema

EXAMPLE = """\
# A rule that every synthetic row keeps; take the marks away and fill in your own. Kinds: range (column, low,
# high), order (columns, strict), combination (columns), sum (total, parts).
# [[constraints]]
# kind = "range"
# column = {column}
# low = 0
"""


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
