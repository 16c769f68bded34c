"""What every kind of column has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganworks.errors import DataError
from ganworks_tabular.columns.number_map import NumberMap

Part = NDArray[np.float32] | NDArray[np.int32]


class Gate(NamedTuple):
    """The number part ``number`` means something only where the choice part ``choice`` has ``place``."""

    number: int
    choice: int
    place: int


class ColumnCodec(Protocol):
    """One column as parts: numbers in [-1, 1] (width 1) and choices (width k >= 2, given as places)."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def widths(self) -> tuple[int, ...]: ...
    @property
    def maps(self) -> tuple[NumberMap, ...]:
        """One for each number part, in order."""
        ...

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Parts counted within the column."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the fit, one sentence each."""
        ...

    def encode(self, series: pd.Series, random: np.random.Generator) -> list[Part]: ...
    def column(self, values: NDArray[Any]) -> pd.Series: ...
    def as_dict(self) -> Mapping[str, Any]: ...


def refuse_missing(name: str, missing: bool) -> None:
    """Refuse missing values where the fit saw none.

    Raises:
        DataError: there are some.
    """
    if missing:
        raise DataError(f"the column '{name}' had no missing values when it was learnt; fill them in")


def places(values: NDArray[Any]) -> NDArray[np.int32]:
    """Return places of a choice in the type that codes keep."""
    return values.astype(np.int32)
