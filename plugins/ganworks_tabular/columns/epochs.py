"""Points in time as whole numbers since 1970-01-01, in the unit of their column, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ganworks_tabular.columns.casting import Ints, typed

MISSING = np.iinfo(np.int64).min  # NaT, as numpy stores it
PER_DAY = {"D": 1, "m": 1_440, "s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
TYPED = re.compile(r"(?:datetime64|timestamp)\[(s|ms|us|ns)(?:, (?:tz=)?([^\]]+))?\](\[pyarrow\])?")
ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.(?:\d{3}|\d{6}))?)?)?Z?")
FORM = "YYYY-MM-DDThh:mm:ss.ffffff"
UNITS = {
    "D": "days",
    "m": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
}
UNIT_OF_LENGTH = {10: "D", 16: "m", 19: "s", 23: "ms", 26: "us"}


@dataclass(frozen=True)
class Clock:
    """How a column writes time: its type, unit (a key of ``PER_DAY``), time zone and text form."""

    dtype: str
    unit: str
    zone: str | None = None
    form: str | None = None

    @classmethod
    def of(cls, dtype: str, form: str | None) -> Clock:
        """``dtype`` as in ``Column``; ``form`` for texts."""
        if form is not None:
            return cls(dtype, UNIT_OF_LENGTH[len(form.removesuffix("Z"))], None, form)
        found = TYPED.fullmatch(dtype)
        return cls(dtype, found[1], found[2]) if found else cls(dtype, "D")

    @property
    def per_day(self) -> int:
        return PER_DAY[self.unit]

    def read(self, series: pd.Series) -> tuple[Ints, int]:
        """Return the epochs (rows,), in UTC where there is a zone, and the usual offset of local time."""
        if self.zone is None:
            return self._epochs(series), 0
        zoned = typed(series, f"datetime64[{self.unit}, {self.zone}]")
        epochs = self._epochs(zoned.dt.tz_convert("UTC").dt.tz_localize(None))
        offsets = (self._epochs(zoned.dt.tz_localize(None)) - epochs)[epochs != MISSING]
        return epochs, int(np.median(offsets)) if len(offsets) else 0

    def _epochs(self, series: pd.Series) -> Ints:
        if self.form is not None:
            series = pd.to_datetime(typed(series, "str").str.removesuffix("Z"), format="ISO8601")
        elif self.unit == "D":
            series = pd.to_datetime(series)
        elif series.dtype == object:
            series = typed(series, self.dtype)
        unit = "s" if self.unit in ("D", "m") else self.unit
        found = series.to_numpy(dtype=f"datetime64[{unit}]", na_value=np.datetime64("NaT"))
        return found.astype(f"datetime64[{self.unit}]").astype(np.int64)

    def write(self, epochs: Ints) -> pd.Series:
        """Return epochs (rows,) as the column has them; the inverse of ``read``."""
        if self.form is not None:
            return self._texts(epochs)
        if self.unit == "D":
            days = epochs.view("datetime64[D]")
            if self.dtype == "date":
                return pd.Series(days.astype(object), dtype="object")
            return typed(pd.Series(days.astype("datetime64[s]")), self.dtype)
        series = pd.Series(epochs.view(f"datetime64[{self.unit}]"))
        if self.zone is not None:
            series = series.dt.tz_localize("UTC").dt.tz_convert(self.zone)
        return typed(series, self.dtype)

    def _texts(self, epochs: Ints) -> pd.Series:
        assert self.form is not None
        cells = np.datetime_as_string(epochs.view(f"datetime64[{self.unit}]"))
        series = pd.Series(cells, dtype="str")
        if " " in self.form:
            series = series.str.replace("T", " ", regex=False)
        if self.form.endswith("Z"):
            series = series + "Z"
        return typed(series.mask(epochs == MISSING), self.dtype)


def iso_form(series: pd.Series) -> str | None:
    """Return the form that all texts of ``series`` have, such as YYYY-MM-DD hh:mm, or None."""
    cells = series.dropna()
    if not len(cells) or not cells.head(100).str.fullmatch(ISO.pattern).all():
        return None
    lengths = cells.str.len()
    if lengths.min() != lengths.max() or not cells.str.fullmatch(ISO.pattern).all():
        return None
    form = str(cells.iloc[0])
    for part in ("T", "Z", " "):
        if (cells.str.contains(part, regex=False) != (part in form)).any():
            return None
    if pd.to_datetime(cells.str.removesuffix("Z"), format="ISO8601", errors="coerce").isna().any():
        return None  # a 13th month
    body = FORM[: len(form.removesuffix("Z"))].replace("T", " " if " " in form else "T")
    return body + ("Z" if form.endswith("Z") else "")
