"""What a plugin author imports: declarations that cost nothing to list, and hooks to listen to a run.

A plugin is a distribution with an entry point in the group ``ganworks`` that names a module. The module
declares what it adds; the code behind a declaration is a string ``"package.module:attribute"`` which is
resolved only when it is used, so that listing plugins imports neither torch nor the plugin's libraries::

    from ganworks import plugin

    @plugin.hookimpl
    def ganworks_declare():
        yield plugin.Domain(
            name="my-domain", summary="One line for the list.",
            options="my_package.options:Options",      # a subclass of ganworks.options.RunOptions
            pipeline="my_package.pipeline:MyPipeline",  # a subclass of ganworks.pipeline.Pipeline
        )
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pluggy

from ganworks.errors import PluginError

PROJECT = "ganworks"  # pluggy's project name and the entry-point group
HOOK_API = 1  # raised when a hook or a declaration changes so that older plugins break

# what a recipe trains on, and how a person says it
RECIPE_DATA = {
    "images": "single images",
    "pairs": "pairs of images",
    "unpaired": "two sets of images that are no pairs",
    "restored": "images with worse versions of themselves, of the same size or smaller",
    "sequences": "sequences",
    "volumes": "volumes",
    "rows": "points",
    "tables": "rows of a table",
}

_TARGET = re.compile(r"\w+(\.\w+)*:\w+")
_TARGETS = ("target", "options", "pipeline", "instant")  # fields that name code

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """Something a plugin adds: a name, one line about it, and the hook API it was written for.

    Raises:
        PluginError: the summary is no single line, a target does not read ``package.module:attribute``, or a
            suffix does not begin with a dot.
    """

    kind: ClassVar[str] = ""
    name: str
    summary: str
    api: int = HOOK_API

    def __post_init__(self) -> None:
        label = f"{self.kind} '{self.name}'"
        if not isinstance(self.summary, str) or not self.summary.strip() or "\n" in self.summary:
            raise PluginError(f"{label}: summary is one line of text, got {self.summary!r}")
        for field in _TARGETS:
            target = getattr(self, field, None)
            # found now, not when somebody first uses it
            if target and not (isinstance(target, str) and _TARGET.fullmatch(target)):
                raise PluginError(f"{label}: {field} reads package.module:attribute, got {target!r}")
        suffix = getattr(self, "suffix", "")
        if suffix and not suffix.startswith("."):
            raise PluginError(f"{label}: suffix begins with a dot, such as .onnx, got {suffix!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain(Declaration):
    """A domain for `gan run NAME`.

    ``options`` names a subclass of `ganworks.options.RunOptions`; ``pipeline`` a subclass of
    `ganworks.pipeline.Pipeline`. Importing the options must not import torch. ``recipes`` are the kinds of
    data of the recipes it trains with, of those in `RECIPE_DATA`.

    ``instant`` names a function ``(files, options, out, force, tell) -> None`` for `gan run NAME FILE...`:
    it uses a model on the user's files at once, and starts no run. ``out`` is a file or folder, or None;
    ``force`` allows to overwrite; ``tell`` is called with events like those of a run (stage, progress,
    warning), and with a ``result`` for each file: source, target and text.

    ``then`` is the command that a finished run suggests; ``{run}`` in it stands for the run folder.

    ``manifest`` is the file beside the domain's samples by which `gan sample` knows a folder that it may
    replace with ``--force``.
    """

    kind: ClassVar[str] = "domain"
    options: str
    pipeline: str
    recipes: tuple[str, ...] = ("images",)
    instant: str = ""
    then: str = "gan sample {run} -n 100"
    manifest: str = "manifest.csv"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe(Declaration):
    """A training recipe: ``target(space, **options) -> ganworks.training.Recipe``.

    ``data`` says what it trains on: ``images``, ``sequences``, ``volumes`` or ``rows`` by the rank of a
    sample; ``pairs``, ``unpaired`` or ``restored`` where the target also takes ``source``, the space of what
    is translated or restored; ``tables``, where ``source`` is the space of the values that are given
    (`ganworks.space.space_of_givens`).
    Every recipe takes the options ``batch`` and ``width``, so that `gan architectures` and tests can size it.
    """

    kind: ClassVar[str] = "recipe"
    target: str
    paper: str = ""
    use: str = ""  # what it is for, in a few words
    data: str = "images"
    labels: bool = True  # samples depend on the label, where there are any


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric(Declaration):
    """An extra metric: ``target(real, synthetic) -> float | dict[str, float]``.

    Both arguments are float tensors of shape (rows, *sample shape) in [-1, 1]; the result lands in
    ``metrics.json`` under ``extra.NAME``.
    """

    kind: ClassVar[str] = "metric"
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Exporter(Declaration):
    """A model format: ``target(deployable, path) -> ganworks.deploy.Exported``.

    With ``profiles``, the first of them the default, it is ``target(deployable, path, profile)``.
    """

    kind: ClassVar[str] = "exporter"
    target: str
    suffix: str  # of the file; empty for a format that writes a folder
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Command(Declaration):
    """A further top-level command: ``target`` names a `typer.Typer`. Built-in names cannot be taken."""

    kind: ClassVar[str] = "command"
    target: str


def resolve(target: str) -> Any:
    """Import ``"package.module:attribute"``.

    Raises:
        ImportError: the module is absent or broken.
        AttributeError: the module has no such attribute.
    """
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


class Hooks:
    """Every hook of ganworks. Implementations may take fewer arguments than listed."""

    @hookspec
    def ganworks_declare(self) -> Iterable[Declaration]:  # type: ignore[empty-body]
        """Yield the declarations this plugin adds. Called once, when plugins are discovered."""

    @hookspec
    def ganworks_run_started(self, folder: Path, domain: str, options: Mapping[str, Any]) -> None:
        """Listen: a run begins or resumes in ``folder``."""

    @hookspec
    def ganworks_run_event(self, folder: Path, event: Mapping[str, Any]) -> None:
        """Listen: one line of ``log.jsonl`` (key ``event`` names its kind) has just been written."""

    @hookspec
    def ganworks_checkpoint_saved(self, folder: Path, step: int, path: Path) -> None:
        """Listen: a checkpoint is complete on disk."""

    @hookspec
    def ganworks_run_finished(self, folder: Path, outcome: str) -> None:
        """Listen: the run ended; ``outcome`` is ``done``, ``failed`` or ``interrupted``."""
