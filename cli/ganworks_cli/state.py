"""What one invocation of `gan` shares: its output, and the plugins, discovered when first needed."""

from __future__ import annotations

from functools import cached_property

import typer

from ganworks.registry import Registry, discover
from ganworks_cli.output import Output


class State:
    """Hangs on the root context; every command takes it from there."""

    def __init__(self, *, third_party: bool = True) -> None:
        self.third_party = third_party
        self.output = Output()

    @cached_property
    def registry(self) -> Registry:
        registry = discover(third_party=self.third_party)
        registry.hook.report = self.output.warning
        return registry

    def warn_of_failed_plugins(self) -> None:
        """Name every plugin that could not be used; the command goes on without it."""
        for info in self.registry.failed:
            self.output.warning(
                f"plugin '{info.name}' ({info.distribution}) is left out: {info.error}; "
                f"see `gan plugins show {info.name}`"
            )


def state_of(context: typer.Context) -> State:
    """Return the state of this invocation.

    `--help` and completion ask for it before the root callback has run, so it is made on first use.
    """
    root = context.find_root()
    if not isinstance(root.obj, State):
        root.obj = State(third_party=not root.params.get("no_plugins", False))
    state: State = root.obj
    return state
