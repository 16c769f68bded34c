"""Run hooks: every listener is called on its own, and none can stop a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pluggy

from ganworks.errors import nearest
from ganworks.registry._checks import HOOK_NAMES, one_line


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


class Relay:
    """Calls the listeners of a run hook one by one: ``relay.ganworks_run_started(folder=...)``.

    A listener that raises is reported once, under its plugin's name, and changes nothing else.
    ``report`` receives that line; unless it is set, it becomes a `RuntimeWarning`.
    """

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self.report: Callable[[str], None] = _warn
        self._manager = manager
        self._reported: set[tuple[str, str]] = set()

    def __getattr__(self, hook: str) -> Callable[..., None]:
        if hook not in HOOK_NAMES:
            raise AttributeError(f"no hook named '{hook}'{nearest(hook, HOOK_NAMES)}")

        def call(**arguments: Any) -> None:
            for listener in getattr(self._manager.hook, hook).get_hookimpls():
                self._call(hook, listener, arguments)

        return call

    def _call(self, hook: str, listener: pluggy.HookImpl, arguments: dict[str, Any]) -> None:
        try:
            listener.function(*(arguments[name] for name in listener.argnames))
        except Exception as error:
            self._report_once(hook, listener.plugin_name, one_line(error))

    def _report_once(self, hook: str, plugin: str, reason: str) -> None:
        if (hook, plugin) not in self._reported:
            self._reported.add((hook, plugin))
            self.report(f"plugin '{plugin}' failed in {hook} ({reason}); the run goes on")
