"""A whole table as parts, numbers in [-1, 1] and choices, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ganworks.errors import DataError, nearest
from ganworks_tabular.codes import Codes
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.columns.constant import ConstantColumn
from ganworks_tabular.columns.fitting import fit_column, stored_column
from ganworks_tabular.columns.parts import ColumnCodec, Gate
from ganworks_tabular.decoder import Decoder
from ganworks_tabular.key_fitting import fit_key
from ganworks_tabular.keys import KeyMaker
from ganworks_tabular.private_columns import PrivateColumns
from ganworks_tabular.schema import Schema
from ganworks_tabular.table_checks import check_columns

__all__ = ["Codes", "TableCodec"]

BLOCK_ROWS = 8_192  # decoded at once: what they need stays in the processor's cache


class TableCodec:
    """What was learnt of a table: enough to write its rows as parts and to make rows of parts.

    ``spans``: the widths of the parts, 1 for a number and k >= 2 for a choice.
    ``columns``: the modelled columns in the order of their parts, the target last.
    ``parts``: the parts of each column. ``gates``: the number parts that mean something only beside one place
    of a choice. ``notes``: what the user should know of the fit.
    """

    def __init__(
        self,
        schema: Schema,
        fitted: Sequence[ColumnCodec],
        keys: Mapping[str, KeyMaker],
        constants: Mapping[str, ConstantColumn],
    ) -> None:
        self.schema = schema
        self.keys, self.constants = dict(keys), dict(constants)
        self._fitted = {column.name: column for column in fitted}
        self.columns = tuple(self._fitted)
        self.spans = tuple(width for column in fitted for width in column.widths)
        self.notes = [note for column in fitted for note in column.notes]
        self.parts: dict[str, range] = {}
        gates: list[Gate] = []
        for column in fitted:
            start = sum(len(part) for part in self.parts.values())
            self.parts[column.name] = range(start, start + len(column.widths))
            gates += [Gate(gate.number + start, gate.choice + start, gate.place) for gate in column.gates]
        self.gates = tuple(gates)
        self._decoder = Decoder(fitted).eval()
        ends = np.cumsum(self.spans)
        starts = ends - np.array(self.spans)
        placed = list(zip(starts.tolist(), self.spans, strict=True))
        self._numbers = torch.tensor([at for at, width in placed if width == 1], dtype=torch.int64)
        self._choices = torch.tensor([at for at, width in placed if width > 1], dtype=torch.int64)

    @classmethod
    def fit(
        cls, frame: pd.DataFrame, schema: Schema, *, least: int = 5, private: PrivateColumns | None = None
    ) -> TableCodec:
        """Learn the columns of ``frame``; ``least``: rows that must share a value before it is shown.

        With ``private`` columns that is left to their noisy counts, and nothing is learnt of keys.

        Raises:
            DataError: a column of the schema is not in the table.
            UsageError: a column that cannot be a key is declared as one.
        """
        check_columns(frame, [column.name for column in schema.columns])
        one = private.fit if private else partial(fit_column, target=schema.target, least=least)
        fitted = [one(frame[column.name], column) for column in schema.modelled]
        keys, constants = {}, {}
        for column in schema.columns:
            if column.kind == "key":
                parts = [frame[column.name]]
                keys[column.name] = fit_key(column.name, column.dtype, parts, blind=private is not None)
            elif column.kind == "constant":
                constants[column.name] = ConstantColumn.fit(frame[column.name], column.dtype)
        return cls(schema, fitted, keys, constants)

    def with_keys(self, column: Callable[[str], Iterable[pd.Series]]) -> TableCodec:
        """Return the codec with keys that equal none of all real ones: those of ``column``, in parts."""
        keys = {name: fit_key(name, key.dtype, column(name)) for name, key in self.keys.items()}
        return TableCodec(self.schema, list(self._fitted.values()), keys, self.constants)

    def __getitem__(self, name: str) -> ColumnCodec:
        return self._fitted[name]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a category column's places, in the decoder's order; missing is ''.

        Raises:
            DataError: not a modelled category column.
        """
        column = self._fitted.get(name)
        if not isinstance(column, CategoryColumn):
            raise DataError(f"'{name}' is not a category column{nearest(name, self.schema.discrete)}")
        return column.texts

    def encode(self, frame: pd.DataFrame, seed: int = 0) -> Codes:
        """Return the rows of ``frame`` as codes; ``seed`` settles the ranks within ties and rare values.

        Raises:
            DataError: a column is not there, or a value that the fit did not see.
        """
        check_columns(frame, self.columns)
        parts = []
        for place, (name, column) in enumerate(self._fitted.items()):
            parts += column.encode(frame[name], np.random.default_rng([seed, place]))
        numbers = [part for part, width in zip(parts, self.spans, strict=True) if width == 1]
        choices = [part for part, width in zip(parts, self.spans, strict=True) if width > 1]
        empty = np.zeros((len(frame), 0), dtype=np.float32)
        return Codes(
            torch.from_numpy(np.stack(numbers, axis=1) if numbers else empty),
            torch.from_numpy(np.stack(choices, axis=1)),
        )

    def expand(self, codes: Codes, index: Tensor) -> Tensor:
        """Return the rows ``index`` (batch,) as the model has them: (batch, sum of spans) float32."""
        numbers, choices = codes.numbers[index], codes.choices[index]
        rows = numbers.new_zeros(len(numbers), sum(self.spans))
        rows[:, self._numbers.to(rows.device)] = numbers
        return rows.scatter_(1, choices.long() + self._choices.to(rows.device), 1.0)

    def decoder(self) -> Decoder:
        """Return a new decoder: rows to one tensor a column, in Python or in an exported graph."""
        return Decoder(list(self._fitted.values())).eval()

    def decode(self, rows: Tensor) -> pd.DataFrame:
        """Return rows (n, sum of spans) as a table of the modelled columns, in their final types."""
        rows = rows.detach().to("cpu", torch.float32)
        kinds = [found.dtype for found in self._decoder(rows[:1])]
        values = [torch.empty(len(rows), dtype=kind) for kind in kinds]
        with torch.inference_mode():
            for start in range(0, len(rows), BLOCK_ROWS):
                block = self._decoder(rows[start : start + BLOCK_ROWS])
                for column, cells in zip(values, block, strict=True):
                    column[start : start + BLOCK_ROWS] = cells
        return self.assemble([column.numpy() for column in values])

    def assemble(self, values: Sequence[np.ndarray[Any, Any]]) -> pd.DataFrame:
        """Return the decoder's outputs, one array (n,) a column, as a table of the modelled columns."""
        filled = {
            name: self._fitted[name].column(cells) for name, cells in zip(self.columns, values, strict=True)
        }
        return pd.DataFrame(filled)

    def finish(self, frame: pd.DataFrame, seed: int = 0, start: int = 0) -> pd.DataFrame:
        """Return the rows ``start`` and following with keys and constants, in the order of the schema."""
        added = {name: key.make(len(frame), seed, start) for name, key in self.keys.items()}
        added |= {name: constant.make(len(frame)) for name, constant in self.constants.items()}
        frame = frame.reset_index(drop=True)
        if added:
            frame = pd.concat([frame, pd.DataFrame(added)], axis=1)
        names = [column.name for column in self.schema.columns]
        return frame if frame.columns.tolist() == names else frame[names]

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; ``from_dict`` reads it."""
        return {
            "schema": self.schema.as_dict(),
            "columns": [{"kind": column.kind, **column.as_dict()} for column in self._fitted.values()],
            "keys": [key.as_dict() for key in self.keys.values()],
            "constants": [constant.as_dict() for constant in self.constants.values()],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> TableCodec:
        """Read what ``as_dict`` returned, also after a way through JSON."""
        keys = [KeyMaker.from_dict(key) for key in stored["keys"]]
        constants = [ConstantColumn(**constant) for constant in stored["constants"]]
        return cls(
            Schema.from_dict(stored["schema"]),
            [stored_column(column) for column in stored["columns"]],
            {key.name: key for key in keys},
            {constant.name: constant for constant in constants},
        )
