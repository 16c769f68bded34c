"""Datetime columns: the day as a number, the weekday as a choice, the time of day as a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ganworks_tabular.columns.casting import Floats, Ints
from ganworks_tabular.columns.epochs import MISSING, Clock
from ganworks_tabular.columns.number import hidden_note
from ganworks_tabular.columns.number_map import NumberMap, find_rounding
from ganworks_tabular.columns.number_parts import NumberParts
from ganworks_tabular.columns.parts import Gate, Part, places, refuse_missing
from ganworks_tabular.columns.statistics import NumberCounts, count_numbers

WEEKDAY_OF_EPOCH = 3  # 1970-01-01 was a Thursday; Monday is 0
WEEKS = 2  # fewer, and the day says what weekday it is


@dataclass(frozen=True)
class DatetimeColumn:
    """Parts: day (with missing), then the weekday where several occur, then the time where it is not fixed.

    Times are local: UTC plus ``offset`` (the usual one of the column's zone), in units of ``clock``.
    ``weekdays``: those that occur, Monday is 0. ``fixed_time``: the time of day when all rows share it.
    """

    name: str
    clock: Clock
    offset: int
    day: NumberParts
    weekdays: tuple[int, ...]
    time: NumberParts | None
    fixed_time: int
    usual: tuple[float, float]  # day and time that stand in for those of missing rows
    low: int  # first and last day that may be shown
    high: int
    note: str = ""
    kind: str = field(default="datetime", init=False)

    @classmethod
    def fit(cls, series: pd.Series, dtype: str, form: str | None, least: int) -> DatetimeColumn:
        clock = Clock.of(dtype, form)
        epochs, offset = clock.read(series)
        day, time = split(epochs, offset, clock.per_day)
        days = count_numbers(day)
        parts = NumberParts.fit(days, find_rounding(days.values), least, frequent=False)
        inner = days.trimmed(least - 1).values if parts.map else parts.values
        seen = np.unique((days.values.astype(np.int64) + WEEKDAY_OF_EPOCH) % 7)
        wide = parts.map is not None and inner[-1] - inner[0] >= 7 * WEEKS
        shown = inner if len(inner) else np.zeros(1)  # nobody sees it: the column is always missing
        times = count_numbers(time) if len(inner) else NumberCounts(np.zeros(1), np.ones(1, np.int64), 0)
        return cls(
            name=str(series.name),
            clock=clock,
            offset=offset,
            day=parts,
            weekdays=tuple(seen.tolist()) if wide and len(seen) > 1 else (),
            time=_time_parts(time, least) if len(times.values) > 1 else None,
            fixed_time=int(times.values[0]),
            usual=(float(np.median(shown)), float(times.values[times.counts.argmax()])),
            low=int(shown[0]),
            high=int(shown[-1]),
            note=hidden_note(str(series.name), parts, days, least),
        )

    @property
    def widths(self) -> tuple[int, ...]:
        weekday = (len(self.weekdays),) if self.weekdays else ()
        return (*self.day.widths, *weekday, *(self.time.widths if self.time else ()))

    @property
    def maps(self) -> tuple[NumberMap, ...]:
        return (*self.day.maps, *(self.time.maps if self.time else ()))

    @property
    def gates(self) -> tuple[Gate, ...]:
        skipped = len(self.day.widths) + bool(self.weekdays)
        later = self.time.gates if self.time else ()
        return (*self.day.gates, *(Gate(g.number + skipped, g.choice + skipped, g.place) for g in later))

    @property
    def notes(self) -> tuple[str, ...]:
        return (self.note,) if self.note else ()

    def encode(self, series: pd.Series, random: np.random.Generator) -> list[Part]:
        """Return one array (rows,) a part.

        Raises:
            DataError: a missing value where none was missing in the rows of the fit.
        """
        day, time = split(self.clock.read(series)[0], self.offset, self.clock.per_day)
        blank = np.isnan(day)
        refuse_missing(self.name, bool(blank.any()) and not self.day.missing)
        parts = self.day.encode(day, random)
        usual_day, usual_time = self.usual
        if self.weekdays:
            weekday = (np.where(blank, usual_day, day).astype(np.int64) + WEEKDAY_OF_EPOCH) % 7
            parts.append(places(self._known_weekday(weekday)))
        if self.time:
            parts += self.time.encode(np.where(blank, usual_time, time), random)
        return parts

    def _known_weekday(self, weekday: Ints) -> Ints:
        """A weekday that the fit did not see becomes the next one that it did."""
        return np.searchsorted(np.array(self.weekdays), weekday) % len(self.weekdays)

    def column(self, values: Ints) -> pd.Series:
        """Return the decoder's epochs (rows,) in the column's type."""
        return self.clock.write(values)

    def as_dict(self) -> dict[str, Any]:
        stored = {name: value for name, value in asdict(self).items() if name != "kind"}
        time = self.time.as_dict() if self.time else None
        return {**stored, "day": self.day.as_dict(), "time": time}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> DatetimeColumn:
        usual: tuple[float, float] = tuple(stored["usual"])
        changed = {
            "clock": Clock(**stored["clock"]),
            "day": NumberParts.from_dict(stored["day"]),
            "time": NumberParts.from_dict(stored["time"]) if stored["time"] else None,
            "weekdays": tuple(stored["weekdays"]),
            "usual": usual,
        }
        return cls(**{**stored, **changed})


def split(epochs: Ints, offset: int, per_day: int) -> tuple[Floats, Floats]:
    """Return the local day since 1970-01-01 and the time within it, both NaN where missing."""
    blank = epochs == MISSING
    day, time = np.divmod(np.where(blank, 0, epochs + offset), per_day)
    return np.where(blank, np.nan, day), np.where(blank, np.nan, time)


def _time_parts(time: Floats, least: int) -> NumberParts:
    present = count_numbers(time[~np.isnan(time)])
    return NumberParts.fit(present, find_rounding(present.values), least)
