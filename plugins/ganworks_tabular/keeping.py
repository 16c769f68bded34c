"""Which generator of a training a synthesizer keeps, and the progress bar beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from ganworks.training import PhaseRecord, Sampler, TrainingState
from ganworks_tabular.training_data import CodedRows
from ganworks_tabular.validation import Judge, calibrate

TIMES = 3  # validations over the budget


class Bar:
    """Moves a progress bar."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.tell = tell

    def begin(self, state: TrainingState) -> None: ...

    def after_step(self, state: TrainingState, records: Sequence[PhaseRecord], fraction: float) -> None:
        self.tell(state.step)

    def end(self, state: TrainingState) -> None: ...


class Best:
    """Keeps the generator that a classifier tells least well from real rows."""

    def __init__(self, train: CodedRows, judge: Judge, steps: int) -> None:
        self.train, self.judge, self.steps = train, judge, steps
        self.lowest = float("inf")
        self.generator: torch.nn.Module = torch.nn.Identity()

    def begin(self, state: TrainingState) -> None: ...

    def after_step(self, state: TrainingState, records: Sequence[PhaseRecord], fraction: float) -> None:
        if state.step * TIMES % self.steps < TIMES and state.step * TIMES >= self.steps:
            with torch.random.fork_rng(devices=[]):
                self._look(Sampler.of(state))

    def end(self, state: TrainingState) -> None: ...

    def _look(self, sampler: Sampler) -> None:
        calibrate(sampler, self.train)
        score = self.judge.score(sampler)
        if score < self.lowest:
            self.lowest, self.generator = score, sampler.module()


class Last:
    """Keeps the last generator, as it is: a private one must not be chosen or put right by real rows."""

    generator: torch.nn.Module = torch.nn.Identity()

    def begin(self, state: TrainingState) -> None: ...

    def after_step(self, state: TrainingState, records: Sequence[PhaseRecord], fraction: float) -> None: ...

    def end(self, state: TrainingState) -> None:
        self.generator = Sampler.of(state).module()
