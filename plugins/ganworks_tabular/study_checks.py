"""What a table must have before a run learns from it, and the class that matters."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ganworks.errors import DataError
from ganworks.wording import counted
from ganworks_tabular.columns.casting import texts
from ganworks_tabular.columns.statistics import count_categories
from ganworks_tabular.schema import Schema

LEAST_ROWS = 100  # of the whole table: the evaluation needs 20, a fifth of them
LEAST_OF_A_CLASS = 4  # two to learn from, one to choose the generator by and one to judge it by


def with_positive(schema: Schema, frame: pd.DataFrame) -> Schema:
    """The class that matters is the one with the fewest rows, unless another was named."""
    if schema.positive is not None:
        return schema
    counts = count_categories(frame[schema.target]).counts
    return replace(schema, positive=schema.classes[int(counts.argmin())])


def check_rows(frame: pd.DataFrame, schema: Schema, which: str = "") -> None:
    """Refuse too few rows; ``which``: the words behind "rows" in the message.

    Raises:
        DataError: too few rows, or rows of a class.
    """
    if len(frame) < LEAST_ROWS:
        rows = f"{counted(len(frame), 'row')}{which} {'is' if len(frame) == 1 else 'are'}"
        raise DataError(f"{rows} too few to learn from: give {LEAST_ROWS} or more")
    found = count_categories(frame[schema.target])
    for label, count in zip(texts(found.values), found.counts.tolist(), strict=True):
        if count < LEAST_OF_A_CLASS:
            held = f"'{label}' in {counted(count, 'row')}{which}"
            raise DataError(
                f"the target '{schema.target}' is {held}, too few to learn from "
                f"and to judge by: give {LEAST_OF_A_CLASS} or more, or leave them out"
            )
