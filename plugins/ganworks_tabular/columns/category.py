"""Category columns: one choice; for long lists, a number part picks among the less frequent values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types
from pandas.api.extensions import ExtensionDtype

from ganworks.errors import DataError
from ganworks.wording import counted
from ganworks_tabular.columns.casting import Ints, filled, plain, texts, typed
from ganworks_tabular.columns.number_map import NumberMap
from ganworks_tabular.columns.parts import Gate, Part, places, refuse_missing
from ganworks_tabular.columns.statistics import CategoryCounts, count_categories

HEAD = 200  # places of the choice; further values are its last place and a number


@dataclass(frozen=True)
class CategoryColumn:
    """``values``: the ``head`` values of the choice, then None if some are missing, then the tail.

    ``shares`` (head + tail): how often each occurs. ``open``: values too rare to be shown were seen, so
    unknown ones are drawn anew instead of refused. ``categories`` and ``ordered`` are those of the type.
    """

    name: str
    dtype: str
    values: list[Any]
    head: int
    missing: bool
    shares: list[float]
    tail: NumberMap | None
    open: bool
    categories: list[Any] | None = None
    ordered: bool = False
    note: str = ""
    kind = "category"

    @classmethod
    def fit(
        cls, series: pd.Series, dtype: str, least: int, *, counts: CategoryCounts | None = None
    ) -> CategoryColumn:
        """``least``: rows that must share a value before it is shown.

        Where none is shared by so many, the column is always missing, or another value if it cannot be.
        ``counts`` take the place of those of the rows: nothing but them is learnt of the values.
        """
        every = counts or count_categories(series)
        some = bool((every.counts >= least).any())
        found = every if some else _stand_ins(series, every)
        kept = np.flatnonzero(found.counts >= (least if some else 0))
        hidden = set(every.values) - {found.values[place] for place in kept}
        by_count = kept[np.argsort(-found.counts[kept], kind="stable")]
        head, tail = np.sort(by_count[:HEAD]), by_count[HEAD:]
        order = [*head, *tail]
        values = [plain(found.values[place]) for place in order]
        rows = found.counts[order]
        return cls(
            name=str(series.name),
            dtype=_inner(series, dtype),
            values=[*values[: len(head)], *([None] if found.missing else []), *values[len(head) :]],
            head=len(head),
            missing=found.missing > 0,
            shares=(rows / rows.sum()).tolist(),
            tail=NumberMap.of_places(found.counts[tail]) if len(tail) else None,
            open=counts is not None or len(hidden) > 0,
            categories=_categories(series, found, hidden, counts is not None),
            ordered=isinstance(series.dtype, pd.CategoricalDtype) and bool(series.cat.ordered),
            note=_note(str(series.name), every, found, hidden, least),
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of the decoder's places; missing is ''."""
        return texts([None if v is None else filled([v], self.dtype)[0] for v in self.values])

    @property
    def widths(self) -> tuple[int, ...]:
        width = max(self.head + self.missing + (self.tail is not None), 2)
        return (1, width) if self.tail else (width,)

    @property
    def maps(self) -> tuple[NumberMap, ...]:
        return (self.tail,) if self.tail else ()

    @property
    def other(self) -> int:
        """The place of the choice that stands for the tail."""
        return self.head + self.missing

    @property
    def gates(self) -> tuple[Gate, ...]:
        return (Gate(0, 1, self.other),) if self.tail else ()

    @property
    def notes(self) -> tuple[str, ...]:
        return (self.note,) if self.note else ()

    def encode(self, series: pd.Series, random: np.random.Generator) -> list[Part]:
        """Return one array (rows,) a part.

        Raises:
            DataError: a value that the fit did not see, where it saw all of them often.
        """
        index = self.index(series, random)
        if self.tail is None:
            return [places(index)]
        in_tail = index >= self.other
        v = np.zeros(len(index), dtype=np.float32)
        v[in_tail] = self.tail.encode((index[in_tail] - self.other).astype(np.float64), random)
        return [v, places(np.minimum(index, self.other))]

    def index(self, series: pd.Series, random: np.random.Generator) -> Ints:
        """Return the places in ``values`` (rows,)."""
        blank = series.isna().to_numpy()
        refuse_missing(self.name, bool(blank.any()) and not self.missing)
        known = [place for place, value in enumerate(self.values) if value is not None]
        lookup = pd.Index(filled([self.values[place] for place in known], self.dtype))
        found = lookup.get_indexer(pd.Index(typed(series, str(lookup.dtype)), dtype=lookup.dtype))
        index: Ints = np.append(np.array(known, dtype=np.int64), -1)[found]
        index[blank] = self.head
        unknown = np.flatnonzero(index < 0)
        if len(unknown) and not self.open:
            value = series.iloc[int(unknown[0])]
            raise DataError(
                f"the column '{self.name}' has the value '{value}', which was not there when it was learnt; "
                f"known are {', '.join(self.texts[:10])}"
            )
        if known:  # without, the place of missing ones is all there is
            drawn = random.choice(len(known), size=len(unknown), p=np.array(self.shares) / sum(self.shares))
            index[unknown] = np.array(known, dtype=np.int64)[drawn]
        return np.maximum(index, 0)

    def column(self, values: Ints) -> pd.Series:
        """Return the decoder's places (rows,) as values of the column's type."""
        if self.categories is None:
            return pd.Series(filled(self.values, self.dtype).take(values))
        code = {value: place for place, value in enumerate(self.categories)}
        codes = np.array([-1 if value is None else code[value] for value in self.values])[values]
        kind = pd.CategoricalDtype(filled(self.categories, self.dtype), ordered=self.ordered)
        return pd.Series(pd.Categorical.from_codes(codes, dtype=kind))

    def as_dict(self) -> dict[str, Any]:
        stored = asdict(self)
        return {**stored, "tail": self.tail.as_dict() if self.tail else None}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> CategoryColumn:
        return cls(**{**stored, "tail": NumberMap.from_dict(stored["tail"]) if stored["tail"] else None})


def _inner(series: pd.Series, dtype: str) -> str:
    return str(series.cat.categories.dtype) if isinstance(series.dtype, pd.CategoricalDtype) else dtype


def _stand_ins(series: pd.Series, found: CategoryCounts) -> CategoryCounts:
    """What a column shows of which no value may be shown: nothing, where its type can hold that."""
    rows = int(found.counts.sum())
    if types.is_bool_dtype(series.dtype) and not isinstance(series.dtype, ExtensionDtype):
        return found  # both are in the type
    if types.is_integer_dtype(series.dtype) and not isinstance(series.dtype, ExtensionDtype):
        mean = round(float(np.average(np.array(found.values, dtype=np.float64), weights=found.counts)))
        return CategoryCounts([series.dtype.type(mean)], np.array([rows]), 0)
    return CategoryCounts([], found.counts[:0], found.missing + rows)


def _categories(series: pd.Series, found: CategoryCounts, hidden: set[Any], known: bool) -> list[Any] | None:
    """The type's categories in their order, without those whose few holders would be told by them.

    Of ``known`` counts there are theirs alone: that a category is in the type tells that a row holds it.
    """
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return None
    if known:
        own = [value for value in series.cat.categories if value in found.values]
        return [plain(value) for value in dict.fromkeys([*own, *found.values])]
    return [plain(value) for value in series.cat.categories if value not in hidden]


def _note(name: str, every: CategoryCounts, found: CategoryCounts, hidden: set[Any], least: int) -> str:
    if not hidden:
        return ""
    if every is not found:
        instead = f"'{found.values[0]}' in all rows" if found.values else "always missing"
        none = f"none of its values is held by {counted(least, 'row')} (--least)"
        return f"{name}: {none}, none is shown: it is {instead}"
    held = zip(every.values, every.counts.tolist(), strict=True)
    rows = sum(count for value, count in held if value in hidden)
    few = f"{counted(len(hidden), 'value')} held by fewer than {counted(least, 'row')}"
    shown = "is never shown" if len(hidden) == 1 else "are never shown"
    return f"{name}: {few} {shown}; {counted(rows, 'row')} {'takes' if rows == 1 else 'take'} another"
