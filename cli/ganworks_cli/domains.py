"""`gan run DOMAIN`: one command per declared domain, built only when it is used.

Listing and completion see a stub with the name and the summary, so they import no domain's options;
`--help` of one domain imports that domain's options, and neither its pipeline nor torch.
"""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from typer.core import TyperCommand, TyperGroup

from ganworks import plugin
from ganworks_cli.domain_command import domain_command
from ganworks_cli.state import state_of


class DomainGroup(TyperGroup):
    """The commands below `gan run`: what the plugins declare."""

    def list_commands(self, ctx: Any) -> list[str]:
        self._add_stubs(ctx)
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        self._add_stubs(ctx)
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        state = state_of(ctx)
        self._add_stubs(ctx)
        if (
            args
            and args[0] not in self.commands
            and not args[0].startswith("-")
            and not ctx.resilient_parsing
        ):
            state.warn_of_failed_plugins()
            state.registry.find(plugin.Domain, args[0])  # raises, and knows which plugin may be missing
        name, stub, rest = super().resolve_command(ctx, args)
        if name is None or stub is None:
            return name, stub, rest
        return name, domain_command(state, state.registry.find(plugin.Domain, name)), rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        failed = state_of(ctx).registry.failed
        if failed:
            names = ", ".join(info.name for info in failed)
            self.epilog = f"Left out because it failed to load: {escape(names)}. See: gan plugins list"
        super().format_help(ctx, formatter)

    def _add_stubs(self, ctx: Any) -> None:
        for domain in state_of(ctx).registry.all(plugin.Domain):
            if domain.name not in self.commands:
                self.add_command(
                    TyperCommand(domain.name, help=escape(domain.summary), rich_help_panel="Domains")
                )
