"""A table made ready for the generator: its rules applied, its columns encoded; and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks.errors import DataError, UsageError
from ganworks.wording import counted
from ganworks_tabular.codec import TableCodec
from ganworks_tabular.columns.casting import texts
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.datetime import DatetimeColumn
from ganworks_tabular.columns.number import NumberColumn
from ganworks_tabular.columns.parts import ColumnCodec
from ganworks_tabular.constraints.constraints import Constraints
from ganworks_tabular.constraints.reading import read_constraints
from ganworks_tabular.infer import infer_schema
from ganworks_tabular.private_plan import PrivatePlan, PrivateRequest, fit_private
from ganworks_tabular.schema import Schema
from ganworks_tabular.training_data import CodedRows


@dataclass(frozen=True)
class Preparation:
    """``schema`` is that of the user's table; ``codec`` is of the table as the constraints rewrite it.

    ``private``: what was paid for the privacy of the rows, None: nothing.
    """

    schema: Schema
    constraints: Constraints
    codec: TableCodec
    private: PrivatePlan | None = None

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        schema: Schema,
        *,
        rules: Sequence[Mapping[str, Any]] = (),
        least: int = 5,
        private: PrivateRequest | None = None,
    ) -> Preparation:
        """Learn the columns of the rows in ``frame`` that keep the rules.

        Args:
            rules: constraints as a schema file has them.
            least: rows that must share a value before it is given out.
            private: learn by private statistics instead, which decide what is given out.

        Raises:
            UsageError: a rule that makes no sense, or a table that cannot be learnt privately.
            DataError: hardly any row keeps the rules, or a column cannot be encoded.
        """
        if private and rules:
            raise UsageError("--epsilon: constraints are learnt from exact rows: leave them out")
        constraints = read_constraints(rules, frame, target=schema.target, least=least)
        if private:
            schema, codec, plan = fit_private(frame, schema, private)
            return cls(schema, constraints, codec, plan)
        kept = constraints.keep(frame)
        if len(kept) < 2 * len(schema.classes):
            raise DataError(
                f"{len(kept):,} of {counted(len(frame), 'row')} keep the rules: correct them, or the table"
            )
        schema = _without_empty(schema, kept)
        rewritten = constraints.forward(kept)
        kinds = {column.name: column.kind for column in schema.columns} | constraints.kinds
        corrections = {
            "columns": {name: {"kind": kinds[name]} for name in map(str, rewritten.columns) if name in kinds}
        }
        inner = infer_schema(rewritten, schema.target, corrections=corrections)
        return cls(schema, constraints, TableCodec.fit(rewritten, inner, least=least))

    def with_keys(self, column: Callable[[str], Iterable[pd.Series]]) -> Preparation:
        """Return a preparation whose keys equal none of all real ones: those of ``column``, in parts.

        A private one has looked at no key.
        """
        return self if self.private else replace(self, codec=self.codec.with_keys(column))

    def rows(self, frame: pd.DataFrame, seed: int = 0) -> CodedRows:
        """The rows of ``frame`` that keep the rules, as the loop draws them.

        Rows with a value that the fit did not see are left out: only those of other parts have any.
        """
        rewritten = self.constraints.forward(self.constraints.keep(frame))
        seen = [_seen(rewritten[name], self.codec[name]) for name in self.codec.columns]
        rewritten = rewritten[np.logical_and.reduce(seen)]
        return CodedRows(self.codec, self.codec.encode(rewritten, seed), self.codec.schema.classes)

    def rates(self, rows: CodedRows) -> tuple[float, ...]:
        """The share of each class in ``rows``, or as their private counts have it."""
        return self.private.shares if self.private else rows.rates()

    def finished(self, made: pd.DataFrame, seed: int, start: int) -> pd.DataFrame:
        """Modelled columns to rows of the user's table: keys and constants added, every rule kept."""
        found = self.codec.finish(made, seed, start)
        return self.constraints.inverse(found) if self.constraints else found

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; ``from_dict`` reads it."""
        return {
            "schema": self.schema.as_dict(),
            "constraints": self.constraints.as_dict(),
            "codec": self.codec.as_dict(),
            "private": self.private.as_dict() if self.private else None,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Preparation:
        return cls(
            Schema.from_dict(stored["schema"]),
            Constraints.from_dict(stored["constraints"]),
            TableCodec.from_dict(stored["codec"]),
            PrivatePlan.from_dict(stored["private"]) if stored.get("private") else None,
        )


def _without_empty(schema: Schema, kept: pd.DataFrame) -> Schema:
    """Columns that are empty in the rows to learn from stay so, whatever the others hold."""
    for column in schema.modelled:
        if not kept[column.name].notna().any():
            schema = schema.with_column(replace(column, kind="constant", found="always missing"))
    return schema


def _seen(series: pd.Series, column: ColumnCodec) -> NDArray[np.bool_]:
    """Which rows (rows,) hold a value that can be encoded."""
    blank = series.isna().to_numpy()
    if not isinstance(column, CategoryColumn):
        parts = column.day if isinstance(column, DatetimeColumn) else cast(NumberColumn, column).parts
        return ~blank | parts.missing
    values = list(series.dropna().unique())
    known = [value for value, text in zip(values, texts(values), strict=True) if text in column.texts]
    return np.where(blank, column.missing, column.open | series.isin(known).to_numpy())
