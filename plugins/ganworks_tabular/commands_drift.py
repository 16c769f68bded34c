"""Drift between two files, in figures and in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ganworks.wording import counted
from ganworks_tabular.comparing import as_texts, comparable, facts_of
from ganworks_tabular.evaluation import TableFacts
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.scenarios import drift
from ganworks_tabular.schema import Schema
from ganworks_tabular.source import Source


def drift_of_files(
    reference: Path, current: Path, target: str | None, positive: str | None
) -> dict[str, Any]:
    """Return `scenarios.drift` of two files; the first one says what the columns are.

    `left_out` has the keys and constants by name, `looked_at` what `Source.share` says of each file. A
    constant that is none in the second table is compared.

    Raises:
        DataError, UsageError: a table that cannot be used, or that lacks a column of the first.
    """
    sources = [Source.read(reference), Source.read(current)]
    before, after = (source.frame for source in sources)
    corrections = sources[0].corrected({} if positive is None else {"positive": positive})
    schema = infer_schema(before, target, corrections=corrections)
    others = [column for column in schema.columns if not column.modelled]
    moved = [one.name for one in others if one.kind == "constant" and _moved(before, after, one.name)]
    known = _with_columns(facts_of(schema), moved)
    found = drift(
        _comparable(before, schema, moved, reference),
        _comparable(after, schema, moved, current),
        known,
        dates=[one.name for one in schema.modelled if one.kind == "datetime"],
    )
    looked_at = [source.share for source in sources]
    left_out = {column.name: column.kind for column in others if column.name not in moved}
    return {
        "target": schema.target,
        "positive": schema.positive,
        **found,
        "left_out": left_out,
        "looked_at": looked_at,
    }


def drift_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say it in one line a column, worst first; of the positive rows only what drifted."""
    for which, share in zip(("first", "second"), found["looked_at"], strict=True):
        if share:
            yield f"looked at in the {which} table: {share}"
    yield from _verdicts(found["columns"])
    test = found["two_sample"]
    yield ""
    without = f" without dates ({', '.join(test['without'])})" if test["without"] else ""
    yield (
        f"all columns together{without}: a classifier tells the tables apart with AUC {test['auc']:.2f} ± "
        f"{test['se']:.2f} (0.5: not at all, 1: always)"
    )
    label = f"{found['target']}={found['positive']}"
    rows = " and ".join(f"{count:,}" for count in found["positives_rows"])
    if found["positives"] is None:
        yield f"{label}: {rows} rows are too few to look at apart"
    else:
        drifted = {name: one for name, one in found["positives"].items() if one["drifted"]}
        said = f"{len(drifted)} of {counted(len(found['positives']), 'column')}" if drifted else "no column"
        yield f"{label} ({rows} rows): {said} drifted beyond chance"
        yield from (f"  {line}" for line in _verdicts(drifted))
    if found["left_out"]:
        yield f"not compared: {', '.join(f'{name} ({kind})' for name, kind in found['left_out'].items())}"


def _verdicts(columns: Mapping[str, Any]) -> list[str]:
    return [columns[name]["verdict"] for name in sorted(columns, key=lambda n: -columns[n]["psi"])]


def _moved(before: pd.DataFrame, after: pd.DataFrame, name: str) -> bool:
    return name in after and set(after[name].dropna().unique()) != set(before[name].dropna().unique())


def _comparable(frame: pd.DataFrame, schema: Schema, moved: list[str], path: Path) -> pd.DataFrame:
    return comparable(frame, schema, str(path)).assign(**{name: as_texts(frame[name]) for name in moved})


def _with_columns(facts: TableFacts, names: list[str]) -> TableFacts:
    return TableFacts(
        target=facts.target,
        positive=facts.positive,
        numeric=facts.numeric,
        discrete=(*facts.discrete, *names),
    )
