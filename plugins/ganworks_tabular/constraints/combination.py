"""Columns of which only the combinations in the data occur: one joint category."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks.errors import DataError, UsageError
from ganworks_tabular.columns.casting import Ints, dtype_name, filled, plain, texts
from ganworks_tabular.constraints.joint import joint_texts
from ganworks_tabular.constraints.rules import Choice, Rule

BLOCK = 1_024  # rare combinations compared at once


@dataclass(frozen=True, kw_only=True)
class Combination(Rule):
    """Joint values of ``columns``, each shared by at least ``least`` training rows, most frequent first.

    A joint value is the JSON text of the list of its parts. A rarer combination would show single records: it
    is replaced by the most frequent one among those that share most parts with it.
    """

    kind: ClassVar[str] = "combination"
    remedy: ClassVar[str] = "each is taken as the most similar combination that is frequent enough"
    drops: ClassVar[bool] = False
    columns: tuple[str, ...]
    dtypes: tuple[str, ...]
    categories: tuple[tuple[tuple[Any, ...], bool] | None, ...]  # of category columns: values, ordered
    known: tuple[str, ...]
    counts: tuple[int, ...]
    least: int

    @property
    def label(self) -> str:
        return f"{', '.join(self.columns)}: a combination of at least {self.least} rows"

    @property
    def joint(self) -> str:
        """The name of the joint column."""
        return " & ".join(self.columns)

    @property
    def uses(self) -> tuple[str, ...]:
        return ()

    @property
    def replaces(self) -> Mapping[str, tuple[str, ...]]:
        first, *others = self.columns
        return {first: (self.joint,), **dict.fromkeys(others, ())}

    @property
    def added(self) -> Mapping[str, str]:
        return {self.joint: "category"}

    def broken(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Return which rows hold a combination that is not known."""
        places, found = joint_texts(frame, self.columns)
        return np.array([text not in self._place for text in found], dtype=bool)[places]

    def forward(self, frame: pd.DataFrame) -> pd.Series:
        """Return the joint column; rare combinations are replaced."""
        places, found = joint_texts(frame, self.columns)
        known = np.array([self._place.get(text, -1) for text in found], dtype=np.int64)
        rare = np.flatnonzero(known < 0)
        known[rare] = self._most_similar([json.loads(found[place]) for place in rare])
        return pd.Series(np.array(self.known, dtype=object)[known[places]], index=frame.index, dtype="str")

    def inverse(self, joint: pd.Series) -> dict[str, pd.Series]:
        """Return the columns of the joint values. Raises DataError for a value that is none."""
        places, found = pd.factorize(joint.astype("str"), use_na_sentinel=True)
        if (places < 0).any():
            raise DataError(f"column '{self.joint}': a row has no value; give one of the known combinations")
        split = self.split([str(text) for text in found])
        return {
            name: pd.Series(self._array(number, split[name]).take(places), index=joint.index)
            for number, name in enumerate(self.columns)
        }

    def split(self, joint: Sequence[str]) -> dict[str, list[Any]]:
        """Return for each column the value of each joint text, missing as None. Raises DataError."""
        strange = next((text for text in joint if text not in self._place), None)
        if strange is not None:
            raise DataError(f"column '{self.joint}': {strange} is no known combination")
        parts = [json.loads(text) for text in joint]
        return {name: [part[number] for part in parts] for number, name in enumerate(self.columns)}

    def agreeing(self, where: Mapping[str, object]) -> Choice:
        """Return the joint values that hold these values. Raises UsageError if there is none."""
        wanted = texts(list(where.values()))
        columns = [self._texts[self.columns.index(name)] for name in where]
        agree = np.logical_and.reduce([own == text for own, text in zip(columns, wanted, strict=True)])
        rows = np.flatnonzero(agree)
        if not len(rows):
            asked = ", ".join(f"{name}={text}" for name, text in zip(where, wanted, strict=True))
            raise UsageError(f"no row has {asked} ({self.label}); give other values, or fewer of them")
        counts = np.array(self.counts)[rows]
        return Choice(tuple(self.known[row] for row in rows), tuple((counts / counts.sum()).tolist()))

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "columns": list(self.columns),
            "dtypes": list(self.dtypes),
            "categories": [None if one is None else [list(one[0]), one[1]] for one in self.categories],
            "known": list(self.known),
            "counts": list(self.counts),
            "least": self.least,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Combination:
        """Read what `as_dict` returned."""
        lists = {name: tuple(raw[name]) for name in ("columns", "dtypes", "known", "counts")}
        categories = tuple(None if one is None else (tuple(one[0]), one[1]) for one in raw["categories"])
        return cls(categories=categories, least=raw["least"], **lists)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {text: place for place, text in enumerate(self.known)}

    @cached_property
    def _texts(self) -> list[NDArray[np.object_]]:
        """The parts of the known combinations as texts, column by column."""
        parts = zip(*map(json.loads, self.known), strict=True)
        return [np.array(texts(part), dtype=object) for part in parts]

    def _most_similar(self, rare: list[list[Any]]) -> Ints:
        found = [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(rare), BLOCK):
            block = [np.array(texts(p), dtype=object) for p in zip(*rare[start : start + BLOCK], strict=True)]
            alike = [np.equal.outer(mine, own) for mine, own in zip(block, self._texts, strict=True)]
            found.append(np.sum(alike, axis=0).argmax(axis=1))  # the first of equals is the most frequent
        return np.concatenate(found)

    def _array(self, number: int, values: list[Any]) -> Any:
        own = self.categories[number]
        if own is None:
            return filled(values, self.dtypes[number])
        return pd.Categorical(values, categories=list(own[0]), ordered=own[1])


def learn_combination(frame: pd.DataFrame, columns: tuple[str, ...], least: int) -> Combination:
    """Learn the combinations of at least ``least`` rows. Raises DataError where there is none."""
    places, found = joint_texts(frame, columns)
    counts = np.bincount(places, minlength=len(found))
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] >= least]
    if not len(order):
        raise DataError(
            f"no combination of {', '.join(columns)} occurs in {least} rows or more; drop the rule"
        )
    known = tuple(str(found[place]) for place in order)
    parts = list(zip(*map(json.loads, known), strict=True))
    return Combination(
        columns=columns,
        dtypes=tuple(dtype_name(frame[name]) for name in columns),
        categories=tuple(
            _categories(frame[name], set(part)) for name, part in zip(columns, parts, strict=True)
        ),
        known=known,
        counts=tuple(counts[order].tolist()),
        least=least,
    )


def _categories(series: pd.Series, kept: set[Any]) -> tuple[tuple[Any, ...], bool] | None:
    """Return the order of a category column; categories that occur in no known combination are left out."""
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return None
    own = [plain(value) for value in series.dtype.categories]
    return tuple(value for value in own if value in kept), bool(series.dtype.ordered)
