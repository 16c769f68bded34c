"""What `gan run tabular-fraud` understands."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ganworks.options import RunOptions
from ganworks_tabular.source import MOST_ROWS

STEPS = 3_000  # where neither --steps nor --minutes is given


class Options(RunOptions):
    """Options of `gan run tabular-fraud`; the defaults suit a first run on a laptop."""

    data: Path | None = Field(
        None, description="CSV or Parquet file; without it 9,857 real loans, of which 5 % went bad."
    )
    minutes: float | None = Field(
        None, gt=0, description="Training budget in minutes of wall time; without it and --steps 3,000 steps."
    )
    size: int | None = Field(
        None, description="Of pictures only.", json_schema_extra={"flag": False, "listed": False}
    )
    target: str | None = Field(
        None, description="Column with the classes; default: one named class, label, fraud or the like."
    )
    positive: str | None = Field(
        None, description="Class that matters, the rare one; default: the one with the fewest rows."
    )
    table_schema: Path | None = Field(
        None,
        description="TOML file that corrects what was inferred: types, target, keys, constraints.",
        json_schema_extra={"aliases": ["schema"]},
    )
    sensitive: str | None = Field(
        None, description="Column of a group to be treated fairly: rates and fairness by group are reported."
    )
    most_rows: int = Field(
        MOST_ROWS,
        ge=100,
        description="Rows to learn and judge by; of a larger table so many are drawn at random.",
    )
    rows: int | None = Field(
        None, ge=1, description="Synthetic rows to write; default: as many as the training part has."
    )
    file_kind: Literal["auto", "csv", "parquet"] = Field(
        "auto", description="Kind of the synthetic table; auto: that of the input."
    )
    least: int = Field(
        5,
        ge=1,
        description="A category, date or number held by fewer rows is given out by chance at most, and no "
        "column's lowest and highest values.",
    )
    utility: bool = Field(True, description="Measure what the synthetic rows are worth to a classifier.")
    seeds: int = Field(5, ge=2, le=50, description="Repetitions of the utility measurements.")
    epsilon: float | None = Field(
        None,
        gt=0,
        description="Differential privacy of each training row, such as 3; numbers need bounds in --schema.",
    )
    delta: float = Field(
        1e-5, gt=0, lt=1, description="With --epsilon: chance that it fails; well below one over the rows."
    )

    @field_validator("size")
    @classmethod
    def _no_pixels(cls, size: int | None) -> None:
        if size is not None:
            raise ValueError("a table has no pixels: leave it out")

    @model_validator(mode="after")
    def _private_alone(self) -> Options:
        private = "tabular-private"
        if self.epsilon is None:
            if self.recipe == private:
                raise ValueError(f"recipe {private} protects nothing without a budget: give --epsilon 3")
            return self
        if self.recipe not in ("auto", private):
            raise ValueError(f"epsilon goes with the recipe {private} only: leave out --recipe")
        if self.minutes is not None:
            raise ValueError("epsilon is spent on a number of steps: give --steps instead of --minutes")
        if self.start_from is not None:
            raise ValueError("epsilon does not cover the run to start from: leave out --start-from")
        return self
