"""What the columns of a table are: the part of a run that a user reads and corrects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

Kind = Literal["number", "category", "datetime", "key", "constant"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Column:
    """One column.

    ``dtype`` is its type in the table: a pandas name such as int64, or decimal and date for such objects.
    ``found`` says in words what was found in it; nothing depends on it.
    ``values`` are the texts of the target's classes in sorted order, and of no other column.
    ``form`` is that of a datetime which the table holds as text: `YYYY-MM-DD hh:mm:ss` and shorter or longer.
    """

    name: str
    kind: Kind
    dtype: str
    found: str = ""
    values: tuple[str, ...] = ()
    form: str | None = None

    @property
    def modelled(self) -> bool:
        """Whether the generator produces it; keys and constants are added afterwards."""
        return self.kind not in ("key", "constant")


@dataclass(frozen=True)
class Schema:
    """The columns in the order of the table, the target, and the class that matters (``positive``)."""

    columns: tuple[Column, ...]
    target: str
    positive: str | None = None

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def modelled(self) -> tuple[Column, ...]:
        """The columns that the generator produces, in order, the target last."""
        others = [column for column in self.columns if column.modelled and column.name != self.target]
        return (*others, self[self.target])

    @property
    def discrete(self) -> tuple[str, ...]:
        """The names of the category columns, the target among them, in the order of the table."""
        return tuple(column.name for column in self.columns if column.kind == "category")

    @property
    def classes(self) -> tuple[str, ...]:
        """The texts of the target's values in sorted order."""
        return self[self.target].values

    def with_column(self, column: Column) -> Schema:
        """Return the schema with the column of that name replaced."""
        columns = tuple(column if old.name == column.name else old for old in self.columns)
        return replace(self, columns=columns)

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; ``from_dict`` reads it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Schema:
        """Read what ``as_dict`` returned, also after a way through JSON."""
        columns = tuple(
            Column(**{**column, "values": tuple(column.get("values", ()))}) for column in stored["columns"]
        )
        return cls(columns=columns, target=stored["target"], positive=stored.get("positive"))
