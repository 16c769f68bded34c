"""The fit stage of a run: engine settings that are measured once, the loop, and who watches it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError

from ganworks.data import Dataset
from ganworks.errors import UsageError
from ganworks.pipeline import Pipeline
from ganworks.run import Run
from ganworks.training import (
    Checkpoints,
    CheckpointWatch,
    EngineSettings,
    PhaseRecord,
    ProgressWatch,
    Recipe,
    TorchEngine,
    TrainingState,
    ValidationWatch,
    calibrate_for,
    find_device,
    fit,
    held_interrupts,
    read_tensors,
    tune_allocator,
)

Read = TypeVar("Read")


def fit_run(
    pipeline: Pipeline[Any], data: Dataset, recipe: Recipe, checkpoints: Checkpoints
) -> TrainingState:
    """Train, or continue, the run of ``pipeline``.

    Raises:
        KeyboardInterrupt: a signal came; the last whole step is saved.
        RunError: training diverged.
        UsageError: the run to start from cannot be read, or does not fit.
    """
    run, budget = pipeline.run, pipeline.budget()
    if pipeline.options.tune_allocator and not tune_allocator():
        run.warn("allocator", "tune_allocator has no effect: this system's C library is not glibc")
    settings = engine_settings(pipeline, data, recipe)
    progress = ProgressWatch(run, budget, checkpoints)
    validation = ValidationWatch(run, checkpoints, pipeline.validate, progress.check, settle=pipeline.settle)
    with held_interrupts() as interrupted:
        every = pipeline.options.checkpoint_seconds
        saving = CheckpointWatch(run, checkpoints, progress.check, every, interrupted)
        state = fit(
            recipe,
            data,
            TorchEngine(settings),
            budget,
            seed=pipeline.options.seed,
            watches=(progress, validation, saving, StartWatch(run, pipeline.options.start_from)),
        )
        if interrupted():  # in the last moments, when there was no next step to wait for
            raise KeyboardInterrupt
    return state


@dataclass
class StartWatch:
    """Begins with the weights of another run, unless a watch before it has read a checkpoint of this one."""

    run: Run
    folder: Path | None

    def begin(self, state: TrainingState) -> None:
        if self.folder is None or state.step:
            return
        tensors, _ = from_start(self.folder, read_tensors)
        try:
            taken = state.start_from(tensors)
        except ValueError as error:
            raise UsageError(f"--start-from {self.folder}: {error}") from None
        self.run.emit("started-from", folder=str(self.folder), tensors=taken.fitting, of=taken.of)

    def after_step(self, state: TrainingState, records: Sequence[PhaseRecord], fraction: float) -> None:
        pass

    def end(self, state: TrainingState) -> None:
        pass


def from_start(folder: Path, read: Callable[[Path], Read]) -> Read:
    """What ``read`` makes of the newest checkpoint of another run, to begin with.

    Raises:
        UsageError: the folder holds no checkpoint that can be read.
    """
    found = Checkpoints(Run(folder).checkpoints).complete()
    if not found:
        raise UsageError(f"--start-from {folder}: no checkpoint there; name the folder of a finished run")
    try:
        return read(found[-1])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise UsageError(f"--start-from: {found[-1]} cannot be read: {error}") from None


def engine_settings(pipeline: Pipeline[Any], data: Dataset, recipe: Recipe) -> EngineSettings:
    """Settings of the run so far, or measured now and written down: they decide the bits."""
    run, options = pipeline.run, pipeline.options
    settings = run.settings()
    if "engine" in settings:
        find_device(settings["engine"]["device"])
        return EngineSettings(**settings["engine"])
    chosen = calibrate_for(recipe, data, find_device(options.device), options.threads, options.bf16)
    entry = {**settings.get("recipe", {}), "sha256": recipe.fingerprint()}
    run.save_settings({**settings, "engine": chosen.as_dict(), "recipe": entry})
    run.emit("engine", **chosen.as_dict(), recipe=recipe.name)
    return chosen
