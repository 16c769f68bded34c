"""What is learnt of real keys: their format, and which keys are none of them. In parts, so of any number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

import pandas as pd
from pandas.api import types

from ganworks.errors import UsageError
from ganworks_tabular.columns.casting import is_decimal
from ganworks_tabular.key_patterns import digits_at_end, free_step, pattern_of
from ganworks_tabular.keys import KeyMaker

EXAMPLES = 10_000
SHOWN = 5  # keys: fewer would be told by what they have in common
ROOM = 100_000  # new keys: a pattern of digits with less is counted on above the highest


def fit_key(name: str, dtype: str, parts: Iterable[pd.Series], *, blind: bool = False) -> KeyMaker:
    """Learn the format of the keys in ``parts``, which are gone through up to four times.

    ``blind``: count from 1, with no look at the keys.

    Raises:
        UsageError: a type that no key has.
    """
    column = next(iter(parts))
    if types.is_bool_dtype(column.dtype) or types.is_datetime64_any_dtype(column.dtype):
        raise UsageError(f"the column '{name}' ({dtype}) cannot be a key: keys are texts or whole numbers")
    numeric = types.is_numeric_dtype(column.dtype) and not is_decimal(dtype)
    if blind:
        return KeyMaker(name, dtype, prefix="" if numeric else f"{name}-")
    if numeric:
        highest = max((int(part.max()) for part in parts if part.notna().any()), default=0)
        return KeyMaker(name, dtype, first=1 + max(0, highest))
    return _of_texts(name, dtype, Texts(parts))


class Texts:
    """The keys of a column as lists of texts; what is known of all of them."""

    def __init__(self, parts: Iterable[pd.Series]) -> None:
        self._parts = parts
        self.examples: list[str] = []
        lengths: set[int] = set()
        ends: list[str] = []
        self.count = 0
        for texts in self:
            self.count += len(texts)
            self.examples += texts[: EXAMPLES - len(self.examples)]
            lengths.update(map(len, texts))
            ends = [min([*ends, *texts]), max([*ends, *texts])]
        self.few = len(set(self.examples)) < SHOWN
        self.alike = len(lengths) <= 1
        self.prefix = _in_common(*ends) if ends else ""

    def __iter__(self) -> Iterator[list[str]]:
        for part in self._parts:
            if texts := part.dropna().astype("str").unique().tolist():
                yield texts


def _of_texts(name: str, dtype: str, texts: Texts) -> KeyMaker:
    if texts.few:
        return _counting(name, dtype, texts, f"{name}-")
    if not texts.alike:
        return _counting(name, dtype, texts, texts.prefix or f"{name}-")
    pattern = pattern_of(texts.examples)
    digits, free = digits_at_end(pattern), free_step(pattern, texts, texts.count)
    if digits and (free is None or math.prod(map(len, pattern)) // free[0] < ROOM):
        return _counting(name, dtype, texts, "".join(pattern[:-digits]), digits)
    if free is None:
        return _counting(name, dtype, texts, f"{name}-")
    return KeyMaker(name, dtype, pattern=pattern, step=free[0], residue=free[1])


def _counting(name: str, dtype: str, texts: Texts, prefix: str, width: int = 0) -> KeyMaker:
    """Count on above the highest real key that is ``prefix`` and a number."""
    counted = re.compile(re.escape(prefix) + "([0-9]+)")
    found = (counted.fullmatch(text) for part in texts for text in part)
    highest = max((int(one[1]) for one in found if one), default=0)
    return KeyMaker(name, dtype, first=highest + 1, prefix=prefix, width=width)


def _in_common(low: str, high: str) -> str:
    """The letters and marks that all texts between these two begin with."""
    same = next(
        (i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high))
    )
    return low[:same].rstrip("0123456789")
