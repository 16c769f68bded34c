"""A session drives one run of a domain through its stages, and continues it after any interruption."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from pydantic import ValidationError

from ganworks import plugin
from ganworks.data import Dataset
from ganworks.deploy import Exported
from ganworks.errors import RunError, UsageError
from ganworks.options import RunOptions
from ganworks.pipeline import Pipeline, SampleRequest
from ganworks.registry import Registry
from ganworks.run import METRICS, PROVENANCE, Event, Run, write_json
from ganworks.training import (
    Checkpoints,
    CheckpointWatch,
    EngineSettings,
    ProgressWatch,
    Recipe,
    Sampler,
    TorchEngine,
    ValidationWatch,
    calibrate_for,
    find_device,
    fit,
    held_interrupts,
    read_tensors,
    weights_sha256,
)

STAGES = "stages.json"  # which stages of a run are done


class Session:
    """One run folder, its domain and its options.

    Use `create` for a new run and `open` for one that exists.
    """

    def __init__(self, domain: plugin.Domain, options: RunOptions, run: Run, registry: Registry) -> None:
        self.domain = domain
        self.options = options
        self.run_folder = run
        self.registry = registry
        self.pipeline: Pipeline[Any] = registry.load(domain, "pipeline")(options, run, registry)
        self.checkpoints = Checkpoints(run.checkpoints)
        self._data: Dataset | None = None
        run.listeners.append(self._tell_plugins)

    @classmethod
    def create(
        cls,
        domain: plugin.Domain,
        options: RunOptions,
        folder: Path,
        registry: Registry,
        listeners: Iterable[Callable[[Event], None]] = (),
    ) -> Session:
        """Start a run in ``folder``; writes ``run.toml``."""
        find_device(options.device)  # a device that is not there is said before anything is written
        run = Run(folder, listeners)
        session = cls(domain, options, run, registry)
        run.save_settings(
            {"domain": domain.name, "options": options.model_dump(mode="json"), "versions": _versions()}
        )
        return session

    @classmethod
    def open(
        cls, folder: Path, registry: Registry, listeners: Iterable[Callable[[Event], None]] = ()
    ) -> Session:
        """Open an existing run.

        Raises:
            UsageError: ``folder`` is not a run, or its options do not fit this version.
            PluginError: the plugin of its domain is missing or broken.
        """
        run = Run(folder, listeners)
        settings = run.settings()
        domain = registry.find(plugin.Domain, str(settings.get("domain", "")))
        try:
            options = registry.load(domain, "options")(**settings.get("options", {}))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UsageError(f"{folder}/run.toml: option '{where}': {first['msg']}") from None
        return cls(domain, options, run, registry)

    # stages
    def run(self) -> dict[str, Any]:
        """Run every stage that is not done yet; return the content of ``metrics.json``."""
        hook, folder = self.registry.hook, self.run_folder.folder
        hook.ganworks_run_started(
            folder=folder, domain=self.domain.name, options=self.options.model_dump(mode="json")
        )
        outcome = "failed"
        try:
            self._run_stages()
            outcome = "done"
        except KeyboardInterrupt:
            outcome = "interrupted"
            raise
        finally:
            self.run_folder.emit("finished", outcome=outcome, folder=str(folder))
            hook.ganworks_run_finished(folder=folder, outcome=outcome)
        return self.run_folder.metrics()

    def sample(self, count: int | None, label: str | None, seed: int, out: Path) -> Path:
        """Draw ``count`` samples into ``out``; of one class, or of every class in turn."""
        request = SampleRequest(count=count, label=label, seed=seed, out=out)
        return self.pipeline.sample(self.sampler(), request)

    def evaluate(self) -> dict[str, Any]:
        """Compute the numbers of the best generator; updates ``metrics.json``."""
        return self._merge(self.pipeline.evaluate(self.sampler()))

    def export(self, exporter: str = "onnx", out: Path | None = None) -> Exported:
        """Write the generator in the format of ``exporter``; by default to ``model/generator.*``."""
        found = self.registry.find(plugin.Exporter, exporter)
        path = out or self.run_folder.model / f"generator{found.suffix}"
        exported = self.registry.load(found)(self.pipeline.deployable(self.sampler()), path)
        assert isinstance(exported, Exported)
        if out is None:
            self._merge({"export": _export_entry(exported, self.run_folder.folder)})
        return exported

    def report(self) -> Path:
        """Write ``report.html`` from what the run folder holds."""
        return self.pipeline.report(self.sampler(), self.run_folder.metrics())

    def sampler(self) -> Sampler:
        """Draws from the generator that scored best on the validation split.

        Raises:
            RunError: no generator has been saved yet.
        """
        if not self.checkpoints.best.exists():
            raise RunError(
                f"{self.run_folder.folder} has no trained generator yet: "
                f"continue it with `gan resume {self.run_folder.folder}`"
            )
        self._use_threads()
        recipe = self.pipeline.recipe(self.data())
        tensors, _ = read_tensors(self.checkpoints.best)
        generator = recipe.networks["generator"]()
        generator.load_state_dict(tensors)
        device = find_device(self.options.device)
        return Sampler(generator.to(device), recipe.draw.latent, max(len(recipe.space.classes), 1), device)

    def data(self) -> Dataset:
        """The training part of the data; read once a session."""
        if self._data is None:
            self._data = self.pipeline.read()
        return self._data

    # inside
    def _run_stages(self) -> None:
        stages: dict[str, Callable[[], object]] = {
            "read": self.data,
            "fit": self._fit,
            "sample": lambda: self.pipeline.sample(
                self.sampler(), SampleRequest(out=self.run_folder.samples, seed=self.options.seed)
            ),
            "evaluate": self.evaluate,
            "export": self.export,
            "report": self._report,
        }
        done = self._done()
        for name, stage in stages.items():
            if name not in done or name == "read":  # reading again is cheap: the data is cached
                self._stage(name, stage)

    def _stage(self, name: str, stage: Callable[[], object]) -> None:
        self.run_folder.emit("stage", stage=name, status="started")
        started = perf_counter()
        stage()
        seconds = round(perf_counter() - started, 3)
        write_json(self.run_folder.folder / STAGES, {**self._done(), name: seconds})
        self.run_folder.emit("stage", stage=name, status="finished", seconds=seconds)

    def _done(self) -> dict[str, float]:
        return self.run_folder.read_json(STAGES)

    def _fit(self) -> None:
        data = self.data()
        recipe = self.pipeline.recipe(data)
        settings = self._engine_settings(recipe, data)
        budget = self.pipeline.budget()
        run, checkpoints = self.run_folder, self.checkpoints
        progress = ProgressWatch(run, budget, checkpoints)
        validation = ValidationWatch(run, checkpoints, self.pipeline.validate)
        with held_interrupts() as interrupted:
            every = self.options.checkpoint_seconds
            saving = CheckpointWatch(run, checkpoints, progress.check, every, interrupted)
            state = fit(
                recipe,
                data,
                TorchEngine(settings),
                budget,
                seed=self.options.seed,
                watches=(progress, validation, saving),
            )
        self._merge(
            {
                "time": {"train_s": round(state.seconds, 3)},
                "training": {"steps": state.step, "latent": recipe.draw.latent},
            }
        )

    def _engine_settings(self, recipe: Recipe, data: Dataset) -> EngineSettings:
        """Settings of the run so far, or measured now and written down: they decide the bits."""
        settings = self.run_folder.settings()
        if "engine" in settings and settings.get("recipe", {}).get("sha256") == recipe.fingerprint():
            return EngineSettings(**settings["engine"])
        chosen = calibrate_for(recipe, data, find_device(self.options.device), self.options.threads)
        self.run_folder.save_settings(
            {
                **settings,
                "engine": chosen.as_dict(),
                "recipe": {"name": recipe.name, "sha256": recipe.fingerprint()},
                "data": self.pipeline.facts(),
            }
        )
        self.run_folder.emit("engine", **chosen.as_dict(), recipe=recipe.name)
        return chosen

    def _use_threads(self) -> None:
        """Evaluate with the threads that were faster in training; the others can be many times slower."""
        engine = self.run_folder.settings().get("engine", {})
        if engine.get("device") == "cpu":
            torch.set_num_threads(engine["threads"])

    def _report(self) -> None:
        times = self.run_folder.metrics().get("time", {})
        total = sum(self._done().values())  # over all sessions of this run, the report itself left out
        self._merge({"time": {**times, "total_s": round(total, 3)}, "memory": _peak_memory()})
        self.report()
        self._write_provenance()

    def _write_provenance(self) -> None:
        settings, metrics = self.run_folder.settings(), self.run_folder.metrics()
        write_json(
            self.run_folder.folder / PROVENANCE,
            {
                "synthetic": True,
                "domain": self.domain.name,
                "seed": self.options.seed,
                "recipe": settings.get("recipe", {}),
                "data": settings.get("data", {}),
                "engine": settings.get("engine", {}),
                "generator_sha256": weights_sha256(self.checkpoints.best),
                "model_sha256": metrics.get("export", {}).get("sha256"),
                "versions": _versions(),
            },
        )

    def _merge(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Update ``metrics.json``, key by key at the top level."""
        metrics = {**self.run_folder.metrics(), **found}
        write_json(self.run_folder.folder / METRICS, metrics)
        return metrics

    def _tell_plugins(self, event: Event) -> None:
        folder, hook = self.run_folder.folder, self.registry.hook
        if event["event"] == "progress":
            return
        hook.ganworks_run_event(folder=folder, event=event)
        if event["event"] == "checkpoint":
            path = folder / event["path"]
            hook.ganworks_checkpoint_saved(folder=folder, step=event["step"], path=path)


def _export_entry(exported: Exported, folder: Path) -> dict[str, Any]:
    return {
        "file": str(exported.file.relative_to(folder)),
        "max_abs_diff": exported.max_abs_diff,
        "sha256": exported.sha256,
        **exported.details,
    }


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{p: version(p) for p in ("ganworks", "torch", "numpy")}}


def _peak_memory() -> dict[str, int]:
    """Peak resident memory of this process in bytes."""
    if sys.platform == "win32":
        return {}
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak_bytes": peak if sys.platform == "darwin" else peak * 1024}
