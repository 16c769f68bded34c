"""The registry: plugins as they were found, and what the loaded ones declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from traceback import format_exception
from typing import Any, Literal, TypeVar, overload

import pluggy

from ganworks.errors import GanworksError, PluginError, UsageError, nearest
from ganworks.plugin import PROJECT, RECIPE_DATA, Declaration, Domain, Hooks, Recipe, resolve
from ganworks.registry._checks import (
    check_declaration,
    check_implementations,
    check_marked,
    check_returned,
    one_line,
)
from ganworks.registry._relay import Relay

Declared = TypeVar("Declared", bound=Declaration)


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginInfo:
    """One plugin as it was found. ``error`` is one line; ``traceback`` is for the plugin's author."""

    name: str  # of the entry point
    distribution: str
    version: str
    status: Literal["loaded", "disabled", "failed"]
    error: str = ""
    traceback: str = ""
    declarations: tuple[Declaration, ...] = ()


class Registry:
    """Every plugin that was found, loaded or not, and everything the loaded ones declare.

    Made by `discover` or `from_modules`. ``hook`` calls the listeners of a run.
    """

    def __init__(self) -> None:
        self.plugins: list[PluginInfo] = []
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(Hooks)
        self.hook = Relay(self._manager)

    @property
    def failed(self) -> list[PluginInfo]:
        return [info for info in self.plugins if info.status == "failed"]

    @overload
    def all(self, kind: type[Declared]) -> list[Declared]: ...
    @overload
    def all(self, kind: str) -> list[Any]: ...
    def all(self, kind: type[Declared] | str) -> list[Any]:
        """Return everything declared of one kind, by name: ``plugin.Domain`` or just "domain"."""
        wanted = kind if isinstance(kind, str) else kind.kind
        found = (made for info in self.plugins for made in info.declarations if made.kind == wanted)
        return sorted(found, key=lambda made: made.name)

    @overload
    def find(self, kind: type[Declared], name: str) -> Declared: ...
    @overload
    def find(self, kind: str, name: str) -> Any: ...
    def find(self, kind: type[Declared] | str, name: str) -> Any:
        """Return the declaration of that kind and name.

        Raises:
            UsageError: there is none; the message names the nearest.
            PluginError: there is none, and a plugin that failed to load may have provided it.
        """
        known = {made.name: made for made in self.all(kind)}
        if name not in known:
            raise self._unknown(kind if isinstance(kind, str) else kind.kind, name, known)
        return known[name]

    def recipe(self, name: str, data: Sequence[str] = ("images",)) -> Recipe:
        """Return the recipe of that name for some kinds of data, of those in `ganworks.plugin.RECIPE_DATA`.

        Raises:
            UsageError: there is none, or it trains on another kind; the message names domains that use it.
            PluginError: as `find`.
        """
        found = self.find(Recipe, name)
        if found.data in data:
            return found
        domains = [made.name for made in self.all(Domain) if found.data in made.recipes]
        where = ", ".join(f"`gan run {domain}`" for domain in domains) or "a domain for that kind of data"
        here = " or ".join(RECIPE_DATA[kind] for kind in data)
        raise UsageError(
            f"{name} trains on {RECIPE_DATA[found.data]}, and this domain has {here}: "
            f"use it with {where}, or choose another (`gan architectures`)"
        )

    def provider(self, declaration: Declaration) -> PluginInfo:
        """Return the plugin that made ``declaration``."""
        return next(info for info in self.plugins if declaration in info.declarations)

    def load(self, declaration: Declaration, attribute: str = "target") -> Any:
        """Import what a declaration points to: its ``target``, or a domain's ``options`` or ``pipeline``.

        Raises:
            PluginError: it cannot be imported. A `GanworksError` of the plugin's own passes through.
        """
        target = getattr(declaration, attribute)
        try:
            return resolve(target)
        except GanworksError:
            raise
        except Exception as error:
            raise PluginError(
                f"{declaration.kind} '{declaration.name}' of plugin '{self.provider(declaration).name}' "
                f"cannot be loaded from {target}: {one_line(error)}"
            ) from error

    def _unknown(self, kind: str, name: str, known: Iterable[str]) -> GanworksError:
        text = f"no {kind} named '{name}'{nearest(name, known)}"
        disabled = [info.name for info in self.plugins if info.status == "disabled"]
        if disabled:
            text += f"; disabled plugins: {', '.join(disabled)}"
        if self.failed:
            names = ", ".join(info.name for info in self.failed)
            return PluginError(
                f"{text}; a plugin that failed to load may provide it ({names}): see `gan plugins show NAME`"
            )
        return UsageError(f"{text}; `gan plugins list` shows what there is")

    # how discovery fills it
    def skip(self, name: str, distribution: str, version: str) -> None:
        """Note a plugin that was left out by wish."""
        self.plugins.append(
            PluginInfo(name=name, distribution=distribution, version=version, status="disabled")
        )

    def add(self, name: str, distribution: str, version: str, load: Callable[[], object]) -> PluginInfo:
        """Load, register and question one plugin; whatever it raises stays with it."""
        try:
            declarations = self._register(name, load())
        except (Exception, SystemExit) as error:  # a module that calls sys.exit() must not end us
            info = PluginInfo(
                name=name,
                distribution=distribution,
                version=version,
                status="failed",
                error=one_line(error),
                traceback="".join(format_exception(error)),
            )
        else:
            info = PluginInfo(
                name=name,
                distribution=distribution,
                version=version,
                status="loaded",
                declarations=declarations,
            )
        self.plugins.append(info)
        return info

    def _register(self, name: str, plugin: object) -> tuple[Declaration, ...]:
        for info in self.plugins:
            if info.name == name and info.status == "loaded":
                raise PluginError(f"the plugin name '{name}' is already taken by {info.distribution}")
        check_marked(plugin)
        try:
            self._manager.register(plugin, name)
            for caller in self._manager.get_hookcallers(plugin) or []:
                check_implementations(caller, name)
            declarations = tuple(self._declared_by(name))
            self._check_names(declarations)
        except BaseException:
            self._manager.unregister(name=name)
            raise
        return declarations

    def _declared_by(self, name: str) -> Iterator[Declaration]:
        for listener in self._manager.hook.ganworks_declare.get_hookimpls():
            if listener.plugin_name == name:
                made: Any = listener.function()
                check_returned(made)
                yield from made or ()

    def _check_names(self, declarations: Iterable[Declaration]) -> None:
        taken = {(made.kind, made.name): info for info in self.plugins for made in info.declarations}
        own: set[tuple[str, str]] = set()
        for made in declarations:
            check_declaration(made)
            key = made.kind, made.name
            if key in taken:
                by = f"plugin '{taken[key].name}' of {taken[key].distribution}"
                raise PluginError(f"{made.kind} '{made.name}' is already provided by {by}")
            if key in own:
                raise PluginError(f"{made.kind} '{made.name}' is declared twice")
            own.add(key)
