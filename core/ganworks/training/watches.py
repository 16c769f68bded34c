"""What looks at a training: progress and health, checkpoints, validation. The loop knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import torch

from ganworks.run import Run
from ganworks.training.checkpoint import Checkpoints, read_tensors
from ganworks.training.fit import Budget, PhaseRecord
from ganworks.training.health import Health, Warned, collapse
from ganworks.training.sampler import Sampler
from ganworks.training.state import TrainingState


@dataclass(frozen=True)
class Validation:
    """What a domain says of the generator on its validation split."""

    score: float  # lower is better; from features that the training does not use
    diversity_ratio: float | None = None  # spread of generated samples / spread of real ones
    values: dict[str, float] = field(default_factory=dict)  # anything else worth a line in the log
    measure: str = "score"  # what the score is, in words


@dataclass
class ProgressWatch:
    """Emits ``step`` events and judges the health of the training, every ``seconds``."""

    run: Run
    budget: Budget
    checkpoints: Checkpoints
    seconds: float = 2.0
    health: Health = field(default_factory=Health)

    def begin(self, state: TrainingState) -> None:
        self._time = perf_counter()
        self._steps = 0  # since the last report; a checkpoint watch may still move ``state`` on

    def after_step(self, state: TrainingState, records: Sequence[PhaseRecord], fraction: float) -> None:
        self.health.add(state.step - 1, records)
        self._steps += 1
        if perf_counter() - self._time >= self.seconds or fraction >= 1:
            self._report(state, fraction)

    def end(self, state: TrainingState) -> None:
        pass

    def _report(self, state: TrainingState, fraction: float) -> None:
        losses, warnings = self.health.close(_newest(self.checkpoints))
        now = perf_counter()
        speed = self._steps * state.recipe.images_per_step / max(now - self._time, 1e-9)
        self._time, self._steps = now, 0
        left = state.seconds / fraction - state.seconds if fraction > 0 else None
        self.run.emit(
            "step",
            step=state.step,
            images=state.images,
            losses=losses,
            augment_strengths=state.strengths,
            images_per_second=speed,
            fraction=fraction,
            seconds=state.seconds,
            seconds_left=left,
        )
        _warn(self.run, warnings)

    def check(self) -> None:
        """Judge what has not been judged yet, so that nothing unhealthy is ever saved."""
        _, warnings = self.health.close(_newest(self.checkpoints))
        _warn(self.run, warnings)


@dataclass
class CheckpointWatch:
    """Fills the state from the newest checkpoint; saves every ``seconds``, at an interrupt and at the end."""

    run: Run
    checkpoints: Checkpoints
    check: Callable[[], None]  # raises when the training is not worth saving
    seconds: float = 20.0
    interrupted: Callable[[], bool] = lambda: False  # asked after every step

    def begin(self, state: TrainingState) -> None:
        path = self.checkpoints.load_latest(state)
        for damaged in self.checkpoints.skipped:
            self.run.warn("checkpoint", f"{damaged} is damaged and was passed over")
        if path is not None:
            self.run.emit("resumed", step=state.step, checkpoint=path.name)
        self._last = perf_counter()

    def after_step(self, state: TrainingState, records: Sequence[PhaseRecord], fraction: float) -> None:
        stop = self.interrupted()
        if stop or perf_counter() - self._last >= self.seconds:
            self.save(state)
        if stop:
            raise KeyboardInterrupt

    def end(self, state: TrainingState) -> None:
        self.save(state)

    def save(self, state: TrainingState) -> None:
        self.check()
        path = self.checkpoints.save(state)
        self.run.emit("checkpoint", step=state.step, path=str(path.relative_to(self.run.folder)))
        self._last = perf_counter()


@dataclass
class ValidationWatch:
    """Scores the averaged generator ``times`` times over the budget and keeps the best one.

    ``settle`` has the last touch before a generator is scored or saved: it may set buffers of the average,
    which follow those of the training generator again at the next step.
    """

    run: Run
    checkpoints: Checkpoints
    validate: Callable[[Sampler], Validation]
    check: Callable[[], None] = lambda: None  # raises when the training is not worth validating
    times: int = 8
    settle: Callable[[Sampler], None] = lambda _sampler: None

    def begin(self, state: TrainingState) -> None:
        self.state = state

    def after_step(self, state: TrainingState, records: Sequence[PhaseRecord], fraction: float) -> None:
        due = int(fraction * self.times + 1e-9)
        if due <= state.notes.get("validations", 0):
            return
        started = perf_counter()
        self._validate(state, fraction)
        state.notes["validations"] = due
        state.seconds += perf_counter() - started  # validating is part of the budget

    def end(self, state: TrainingState) -> None:
        if not self.checkpoints.best.exists():
            self._validate(state, 1.0)
        if not self.checkpoints.best.exists():  # no score is a number: the last generator is all there is
            self.checkpoints.save_best(state, float("nan"))

    def _validate(self, state: TrainingState, fraction: float) -> None:
        self.check()
        device = next(state.networks["generator"].parameters()).device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            sampler = Sampler.of(state)
            self.settle(sampler)
            found = self.validate(sampler)
        best = found.score < self._best_score(state)
        if best:
            state.notes["best_score"] = found.score
            self.checkpoints.save_best(state, found.score)
        self.run.emit(
            "validation",
            step=state.step,
            score=found.score,
            measure=found.measure,
            diversity_ratio=found.diversity_ratio,
            best=best,
            **found.values,
        )
        started = fraction >= 0.25  # a young generator has no variety yet, and that says nothing
        if found.diversity_ratio is not None and started and not state.notes.get("collapse_said"):
            warnings = collapse(found.diversity_ratio)
            state.notes["collapse_said"] = bool(warnings)
            _warn(self.run, warnings)

    def _best_score(self, state: TrainingState) -> float:
        """The best score on the way to this state: a timeline lost to a crash does not count."""
        return float(state.notes.get("best_score", float("inf")))


def best_score(checkpoints: Checkpoints) -> dict[str, float]:
    """Step and score of the best generator, for reports."""
    _, scalars = read_tensors(checkpoints.best)
    return {"step": scalars["step"], "score": scalars["score"]}


def _newest(checkpoints: Checkpoints) -> str:
    complete = checkpoints.complete()
    return str(complete[-1]) if complete else "none yet"


def _warn(run: Run, warnings: Sequence[Warned]) -> None:
    for warned in warnings:
        run.warn(warned.kind, warned.text)


__all__ = ["CheckpointWatch", "ProgressWatch", "Validation", "ValidationWatch", "best_score"]
