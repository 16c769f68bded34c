"""A session drives one run of a domain through its stages, and continues it after any interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ganworks import plugin
from ganworks._best import best_sampler, require_generator
from ganworks._exporting import export_generator
from ganworks._fitting import fit_run, from_start
from ganworks._provenance import peak_bytes, versions, write_provenance
from ganworks._recipe_choice import check_recipe, with_absolute_paths
from ganworks._stages import play_stage
from ganworks.data import Dataset, SourcedDataset
from ganworks.deploy import Exported
from ganworks.errors import RunError, UsageError, nearest
from ganworks.options import RunOptions
from ganworks.pipeline import Pipeline, SampleRequest
from ganworks.registry import Registry
from ganworks.run import Event, Run, sweep_leftovers
from ganworks.training import (
    Checkpoints,
    Recipe,
    Sampler,
    find_device,
    read_scalars,
)


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
        self._recipe: Recipe | None = None
        sweep_leftovers(run.folder)
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
        """Start a run in ``folder``; writes ``run.toml``.

        Raises:
            UsageError: options that fit no data; nothing has been written.
        """
        find_device(options.device)
        registry.find(plugin.Exporter, options.exporter)
        check_recipe(registry, domain, options)
        if options.start_from is not None:
            from_start(options.start_from, read_scalars)  # the tensors are read when they are needed
        options = with_absolute_paths(registry, options)  # a resume may come from another directory
        run = Run(folder, listeners)
        session = cls(domain, options, run, registry)
        run.save_settings(
            {"domain": domain.name, "options": options.model_dump(mode="json"), "versions": versions()}
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
            self.pipeline.conclude(self.run_folder.metrics())
            outcome = "done"
        except KeyboardInterrupt:
            outcome = "interrupted"
            raise
        finally:
            self.run_folder.emit("finished", outcome=outcome, folder=str(folder))
            hook.ganworks_run_finished(folder=folder, outcome=outcome)
        return self.run_folder.metrics()

    def sample(
        self,
        count: int | None,
        label: str | None,
        seed: int,
        out: Path,
        *,
        truncation: float = 1.0,
        where: Sequence[str] = (),
    ) -> Path:
        """Draw ``count`` samples into ``out``; of one class, or of every class as the domain has them.

        ``truncation`` in [0, 1] trades variety for quality: at 0 all samples of a class are equal.
        ``where`` are conditions in the words of the domain, such as ``Amount=100`` for a table.

        Raises:
            UsageError: ``truncation`` is out of range; the domain does not truncate, or takes no conditions.
        """
        request = SampleRequest(
            count=count, label=label, seed=seed, out=out, truncation=truncation, where=tuple(where)
        )
        if where and not self.pipeline.conditional:
            raise UsageError(f"--where: domain '{self.domain.name}' takes no conditions but --label")
        if truncation != 1 and not self.pipeline.truncates:
            raise UsageError(f"--truncation {truncation:g}: domain '{self.domain.name}' does not truncate")
        return self.pipeline.sample(self.sampler(), request)

    def evaluate(self) -> dict[str, Any]:
        """Compute the numbers of the best generator; updates ``metrics.json``."""
        return self.run_folder.merge_metrics(self.pipeline.evaluate(self.sampler()))

    def export(
        self,
        exporter: str | None = None,
        out: Path | None = None,
        *,
        view: str = "app",
        profile: str | None = None,
    ) -> Exported:
        """Write the generator in a format (default: the options'), by default into ``model/``.

        Args:
            exporter: name of a format.
            out: file to write, or folder for a format that writes one.
            view: ``app`` takes a seed and gives final products; domains may have further ones, such as
                ``latent`` for interpolation.
            profile: one of the format's, such as ``w16``; default: its first.

        Raises:
            UsageError: the format has no such profile, or the generator no such view.
        """
        found = self.registry.find(plugin.Exporter, exporter or self.options.exporter)
        return export_generator(
            self.registry,
            self.run_folder,
            lambda: self.pipeline.deployable(self.sampler(), view),
            found,
            out,
            main=found.name == self.options.exporter,
            view=view,
            profile=profile,
        )

    def report(self) -> Path:
        """Write ``report.html`` from what the run folder holds."""
        return self.pipeline.report(self.sampler(), self.run_folder.metrics())

    def explore(self, out: Path, label: str | None, seed: int, target: Path | None) -> dict[str, Path]:
        """Write sheets of what the generator has learned into ``out``; see `ganworks.exploration.explore`.

        Raises:
            UsageError: the generator translates, the samples are not images, or the label is unknown.
        """
        from ganworks.exploration import explore  # imports what draws pictures

        if isinstance(self.data(), SourcedDataset):
            raise UsageError("the generator translates: it has no latent space to explore")
        space = self.recipe().space
        if label is not None and label not in space.classes:
            known = ", ".join(space.classes) or "none"
            hint = nearest(label, space.classes)
            raise UsageError(f"--label: no class '{label}'{hint}; the classes are {known}")
        number = space.classes.index(label) if label is not None else 0
        return explore(self.sampler(), space, out, label=number, seed=seed, target=target)

    def sampler(self) -> Sampler:
        """Draws from the generator that scored best on the validation split.

        Raises:
            RunError: no generator has been saved yet.
        """
        require_generator(self.run_folder, self.checkpoints)
        return best_sampler(self.run_folder, self.checkpoints, self.recipe(), self.options.device)

    def data(self) -> Dataset:
        """The training part of the data; read once a session.

        Raises:
            RunError: the data are no longer those that the run was trained on.
        """
        if self._data is None:
            data, facts = self.pipeline.read(), self.pipeline.facts()
            settings = self.run_folder.settings()
            known = settings.setdefault("data", facts).get("fingerprint")
            if known != facts.get("fingerprint"):
                raise RunError(
                    f"the data changed since {self.run_folder.folder} was started: its split and copy test "
                    "would no longer hold. Restore the data or the cache folder, or start a new run"
                )
            self.run_folder.save_settings(settings)
            self._data = data
        return self._data

    def recipe(self) -> Recipe:
        """The recipe of this run: chosen once, by the options or the data, and written down."""
        if self._recipe is None:
            settings, data = self.run_folder.settings(), self.data()
            asked = self.options.recipe
            chosen = self.pipeline.default_recipe(data) if asked == "auto" else asked
            name = settings.setdefault("recipe", {}).setdefault("name", chosen)
            self._recipe = self.pipeline.build_recipe(name, data)
            self.run_folder.save_settings(settings)
        return self._recipe

    # inside
    def _run_stages(self) -> None:
        stages: dict[str, Callable[[], object]] = {
            "read": self.data,
            "fit": self._fit,
            "sample": lambda: self.pipeline.sample(
                self.sampler(), SampleRequest(out=self.run_folder.samples, seed=self.options.seed)
            ),
            "evaluate": self.evaluate,
        }
        for name, stage in stages.items():
            if name == "read" or name not in self.run_folder.stages():  # reading again is cheap: it is cached
                play_stage(self.run_folder, name, stage)
        try:
            play_stage(self.run_folder, "export", self.export)
        finally:  # a format that fails must not cost the report
            play_stage(self.run_folder, "report", self._report)

    def _fit(self) -> None:
        recipe = self.recipe()
        state = fit_run(self.pipeline, self.data(), recipe, self.checkpoints)
        times = {**self.run_folder.metrics().get("time", {}), "train_s": round(state.seconds, 3)}
        self.run_folder.merge_metrics(
            {"time": times, "training": {"steps": state.step, "latent": recipe.draw.latent}}
        )

    def _report(self) -> None:
        metrics = self.run_folder.metrics()
        total = sum(self.run_folder.stages().values())  # over all sessions, the report itself left out
        peak = max(peak_bytes(), metrics.get("memory", {}).get("peak_bytes", 0))
        times = {**metrics.get("time", {}), "total_s": round(total, 3)}
        self.run_folder.merge_metrics({"time": times, "memory": {"peak_bytes": peak}})
        self.report()
        write_provenance(self.run_folder, self.options.seed, self.checkpoints.best)

    def _tell_plugins(self, event: Event) -> None:
        folder, hook = self.run_folder.folder, self.registry.hook
        if event["event"] == "progress":
            return
        hook.ganworks_run_event(folder=folder, event=event)
        if event["event"] == "checkpoint":
            path = folder / event["path"]
            hook.ganworks_checkpoint_saved(folder=folder, step=event["step"], path=path)
