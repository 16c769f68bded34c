"""What the commands of `gan table` do with a finished run: rows under a scenario, more positives."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ganworks.errors import UsageError, nearest
from ganworks.registry import Registry
from ganworks.session import Session
from ganworks_tabular.columns.casting import texts
from ganworks_tabular.constraints.total import Total
from ganworks_tabular.drawing import BLOCKS_A_FRAME, Drawer
from ganworks_tabular.evaluation import TableFacts
from ganworks_tabular.keys import KeyMaker
from ganworks_tabular.model import BLOCK
from ganworks_tabular.pipeline import TablePipeline
from ganworks_tabular.scenarios import Marginals, Scenario, oversample, read_scenario
from ganworks_tabular.schema import Schema
from ganworks_tabular.study import Part

FRAME_ROWS = BLOCK * BLOCKS_A_FRAME  # rows of a file are written so many at a time
CONDITION_ROWS = 16 * FRAME_ROWS  # rows whose conditions are made together: the counts are exact in each lot


@dataclass(frozen=True)
class TableRun:
    """A finished run: the parts of its table as they were read, and what draws from its generator."""

    schema: Schema
    parts: Mapping[Part, pd.DataFrame]
    drawer: Drawer

    @classmethod
    def open(cls, folder: Path, registry: Registry) -> TableRun:
        """Open the folder of a `gan run tabular-fraud`.

        Raises:
            UsageError: no run, or one of another domain.
            RunError: nothing has been trained yet.
        """
        session = Session.open(folder, registry)
        pipeline = session.pipeline
        if not isinstance(pipeline, TablePipeline):
            raise UsageError(
                f"{folder} is a run of {session.domain.name}: give the folder of a `gan run tabular-fraud`"
            )
        study = pipeline.study
        return cls(study.schema, study.parts, pipeline.drawer(session.sampler(), pipeline.further))

    @property
    def train(self) -> pd.DataFrame:
        """The part that the generator has learned from."""
        return self.parts["train"]

    @property
    def positive(self) -> Any:
        """The positive class as the cells of the training part hold it."""
        known = self.train[self.schema.target].unique().tolist()
        return known[texts(known).index(str(self.schema.positive))]

    def count_positives(self, frame: pd.DataFrame) -> int:
        """Return how many rows are of the positive class."""
        return int(frame[self.schema.target].eq(self.positive).sum())

    def counting(self, frames: Iterator[pd.DataFrame], positives: list[int]) -> Iterator[pd.DataFrame]:
        """Yield the frames; adds to ``positives`` how many rows of each are of the positive class."""
        for frame in frames:
            positives.append(self.count_positives(frame))
            yield frame

    def marginals(self) -> Marginals:
        """What scenarios know of the training part; dates have no knobs.

        Raises:
            UsageError: the run is private, and its budget does not cover exact quantiles.
        """
        if self.drawer.preparation.private:
            raise UsageError(
                "a scenario reads quantiles of the training rows, which the run's --epsilon does not cover: "
                "use `gan sample` with --where instead"
            )
        columns = self.schema.modelled
        facts = TableFacts(
            target=self.schema.target,
            positive=self.positive,
            numeric=tuple(one.name for one in columns if one.kind == "number"),
            discrete=self.schema.discrete,
        )
        return Marginals.of(self.train, facts)

    def scenario(self, path: Path, marginals: Marginals) -> Scenario:
        """Read a scenario in TOML.

        Raises:
            UsageError: it cannot be read, or does not fit the table.
        """
        raw = _read_toml(path)
        for knob in ("mix", "scale", "tail"):
            for name in raw[knob] if isinstance(raw.get(knob), dict) else ():
                self._check_knob(name, f"{path}: {knob}")
        try:
            return read_scenario(raw, marginals)
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None

    def _check_knob(self, name: str, where: str) -> None:
        """Names the kinds of column that no scenario turns; `read_scenario` looks at the others."""
        names = [column.name for column in self.schema.columns]
        if name not in names:
            raise UsageError(f"{where}: no column '{name}'{nearest(name, names)}")
        kind = self.schema[name].kind
        if kind not in ("number", "category"):
            raise UsageError(f"{where}: '{name}' is a {kind}; scenarios turn numbers and categories")
        for rule in self.drawer.preparation.constraints.rules:
            if isinstance(rule, Total) and name == rule.total:
                parts = " and ".join(f"'{part}'" for part in rule.parts)
                raise UsageError(f"{where}: '{name}' is added up ({rule.label}); turn {parts} instead")

    def scenario_frames(
        self, scenario: Scenario, marginals: Marginals, count: int, seed: int
    ) -> Iterator[pd.DataFrame]:
        """Yield ``count`` rows under the scenario, at most 65,536 at a time.

        The class counts are exact up to rounding in every 1,048,576 rows.

        Raises:
            UsageError: the scenario asks for rows that break a rule of the table.
        """
        try:
            yield from self._scenario_frames(scenario, marginals, count, seed)
        except UsageError as error:
            raise UsageError(f"{error} (a scenario turns its columns independently of each other)") from None

    def _scenario_frames(
        self, scenario: Scenario, marginals: Marginals, count: int, seed: int
    ) -> Iterator[pd.DataFrame]:
        for start in range(0, count, CONDITION_ROWS):
            rows = min(CONDITION_ROWS, count - start)
            given = scenario.conditions(rows, seed + (start << 32), marginals)
            for first in range(0, rows, FRAME_ROWS):
                part = given.iloc[first : first + FRAME_ROWS]
                yield self.drawer.complete(part, seed=seed, start=start + first)

    def oversampled(self, ratio: float, seed: int, flag: str) -> pd.DataFrame:
        """Return the training part and synthetic positives behind it; see `scenarios.oversample`.

        No synthetic row has a key that a real one has.
        """

        def draw(count: int, label: object, seed: int) -> pd.DataFrame:
            made = self.drawer.frame(count, seed=seed, where={self.schema.target: label})
            return made.assign(**{name: self._new_keys(name, count, seed) for name in self._keys})

        return oversample(self.train, draw, self.schema.target, self.positive, ratio, seed, flag=flag)

    @property
    def _keys(self) -> Mapping[str, KeyMaker]:
        return self.drawer.preparation.codec.keys

    def _new_keys(self, name: str, count: int, seed: int) -> pd.Series:
        taken = pd.concat([part[name] for part in self.parts.values()])
        first = self.drawer.stream.taken
        made = self._keys[name].make(count + len(taken), seed, first)  # no more than all of them are taken
        return made[~made.isin(taken)].head(count).reset_index(drop=True)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); give a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
