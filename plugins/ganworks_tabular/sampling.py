"""The rows that a run, or `gan sample`, writes: the file, and beside it what it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ganworks.errors import UsageError
from ganworks.pipeline import SampleRequest
from ganworks.run import Run, write_json
from ganworks_tabular.conditions import Condition, Conditions, read_conditions
from ganworks_tabular.conditions_seen import unseen_together
from ganworks_tabular.conditions_single import beyond_learnt
from ganworks_tabular.drawing import BLOCKS_A_FRAME, Drawer
from ganworks_tabular.model import BLOCK, row_seed
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.schema import Schema
from ganworks_tabular.stream import write_stream

FILE, BESIDE = "synthetic", "synthetic.json"
FRAME_ROWS = BLOCK * BLOCKS_A_FRAME


def asked_for(request: SampleRequest, schema: Schema) -> dict[str, Condition]:
    """Return the conditions of a request, its label among them.

    Raises:
        UsageError: they have no such form, name no column, or give one twice.
    """
    where = read_conditions(request.where, [column.name for column in schema.columns])
    if request.label is None:
        return where
    if schema.target in where:
        raise UsageError(f"--label and --where both give '{schema.target}': give it once")
    return {schema.target: request.label, **where}


def conditions_told(where: Conditions, preparation: Preparation, train: Path) -> list[str]:
    """Return what a user should know of conditions that can be met: one line each, mostly none.

    Raises:
        UsageError: a condition that makes no sense.
    """
    together = unseen_together(where, preparation, train)
    return [*beyond_learnt(where, preparation), *([together] if together else [])]


def write_rows(
    drawer: Drawer, where: Conditions, count: int, seed: int, path: Path, run: Run, generator_sha256: str
) -> None:
    """Write ``count`` rows to ``path`` and `BESIDE` it; the run shows how far it is.

    Raises:
        UsageError: a condition that no row can meet, or more rows than a seed has.
    """
    drawn: Iterable[pd.DataFrame] = drawer.file_frames(count, seed=seed, where=where)
    if count > FRAME_ROWS:
        frames = drawer.file_frame_count(count)
        drawn = run.progress(drawn, f"blocks of {FRAME_ROWS:,} rows written", frames)
    about = {"seed": str(seed), "generator_sha256": generator_sha256}
    write_stream(drawn, path, about)
    told = {
        "synthetic": True,
        "file": path.name,
        "rows": count,
        "conditions": {name: str(value) for name, value in where.items()},
        "first_row_seed": str(row_seed(drawer.stream.first, seed)),  # as the exported model takes it
        **about,
    }
    write_json(path.parent / BESIDE, told)
    run.emit("samples", folder=str(path.parent), written=count, dropped=0)
