"""What a domain implements; `ganworks.session.Session` drives it.

The stages of a run: read, fit, sample, evaluate, export, report.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import Tensor

from ganworks import plugin
from ganworks._recipe_choice import chosen_recipe
from ganworks.data import Dataset, SourcedDataset
from ganworks.deploy import Deployable
from ganworks.errors import UsageError
from ganworks.options import RunOptions
from ganworks.registry import Registry
from ganworks.run import Run
from ganworks.training import Budget, Recipe, Sampler, Validation

Options = TypeVar("Options", bound=RunOptions)


@dataclass(frozen=True, kw_only=True)
class SampleRequest:
    """What `gan sample` asks for; a run asks for the domain's default."""

    out: Path
    count: int | None = None  # None: the domain's default
    label: str | None = None  # None: every class in turn
    seed: int = 0
    truncation: float = 1.0  # of `Sampler.sample`; below 1 only where the pipeline `truncates`
    where: tuple[str, ...] = ()  # conditions in the domain's own words; only where it is `conditional`

    def __post_init__(self) -> None:
        if not 0 <= self.truncation <= 1:
            raise UsageError(f"--truncation {self.truncation:g} is out of range: use 0 to 1")


class Pipeline(ABC, Generic[Options]):
    """One instance serves one run.

    Every stage may be called again on the same run folder (resume, `gan evaluate`, `gan report`), so a
    stage reads what it needs from the folder and writes atomically.
    """

    default_minutes = 4.0  # training budget when the user gives none
    truncates = False  # whether `sample` heeds the truncation that it is asked for
    conditional = False  # whether it heeds conditions

    def __init__(self, options: Options, run: Run, registry: Registry) -> None:
        self.options = options
        self.run = run
        self.registry = registry

    @abstractmethod
    def read(self) -> Dataset:
        """Read, validate, split and cache the data; return the training part.

        A second call, also in a later process, reads the cache and gives the same rows.
        """

    @abstractmethod
    def default_recipe(self, data: Dataset) -> str:
        """Name of the recipe that suits the data, for ``recipe = "auto"``."""

    @abstractmethod
    def validate(self, sampler: Sampler) -> Validation:
        """Score a generator on the validation split, while it trains; lower is better."""

    def settle(self, sampler: Sampler) -> None:
        """The last touch on a generator before it is validated and saved; by default none.

        For what is fitted to a trained generator, such as the marginals of a table: set buffers of
        ``sampler.generator``, nothing else.
        """
        return

    @abstractmethod
    def sample(self, sampler: Sampler, request: SampleRequest) -> Path:
        """Write domain-native files, each marked as synthetic, and a manifest; return the folder."""

    @abstractmethod
    def evaluate(self, sampler: Sampler) -> dict[str, Any]:
        """Numbers against held-out data and simple rivals, as ``metrics.json`` holds them."""

    @abstractmethod
    def deployable(self, sampler: Sampler, view: str) -> Deployable:
        """The generator as an embedding program wants it: outputs in final units, with its card.

        Every domain has the view ``app``; see `ganworks.views.generator_view` for the others.

        Raises:
            UsageError: there is no such view.
        """

    @abstractmethod
    def report(self, sampler: Sampler, metrics: dict[str, Any]) -> Path:
        """Write ``report.html``; return its path."""

    def facts(self) -> dict[str, Any]:
        """What ``run.toml`` should say of the data: fingerprint, counts, classes."""
        return {}

    def budget(self) -> Budget:
        """The training budget of the options."""
        if self.options.steps is not None:
            return Budget(steps=self.options.steps)
        return Budget(seconds=60 * (self.options.minutes or self.default_minutes))

    def conclude(self, metrics: dict[str, Any]) -> None:
        """Judge the finished run; raise `RunError` where the options demand more than it reached."""
        return

    def build_recipe(self, name: str, data: Dataset) -> Recipe:
        """The recipe of that name with the options' arguments and techniques, sized for the data.

        Raises:
            UsageError: the recipe, one of its options or a technique is unknown or does not fit.
        """
        source = data.source_space if isinstance(data, SourcedDataset) else None
        return chosen_recipe(self.registry, self.options, name, data.space, source)

    def extra_metrics(self, real: Tensor, synthetic: Tensor) -> dict[str, Any]:
        """Metrics that plugins add, by name. Both tensors are (rows, *sample shape) in [-1, 1].

        A metric that fails is named in a warning and left out.
        """
        found = {}
        for metric in self.registry.all(plugin.Metric):
            try:
                found[metric.name] = _as_numbers(self.registry.load(metric)(real, synthetic))
            except Exception as error:
                text = f"metric '{metric.name}' failed and was left out: {type(error).__name__}: {error}"
                self.run.warn("metric-failed", text)
        return found


def _as_numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): float(item) for key, item in value.items()}
    return float(value)
