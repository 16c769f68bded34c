"""The commands of `gan`, and the order in which its help shows them."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from ganworks import plugin
from ganworks.errors import PluginError
from ganworks_cli import doctor, plugins
from ganworks_cli.architectures import architectures
from ganworks_cli.domains import DomainGroup
from ganworks_cli.reading import evaluate, explore, export, report, sample
from ganworks_cli.running import resume as resume_run
from ganworks_cli.state import state_of

_PLUGIN_PANEL = "Commands of plugins"
BUILT_IN = (  # in this order
    *("run", "resume", "sample", "evaluate", "export", "report", "explore"),
    *("architectures", "plugins", "doctor"),
)


class RootGroup(TyperGroup):
    """The built-in commands and those that plugins declare."""

    def list_commands(self, ctx: Any) -> list[str]:
        self._add_stubs(ctx)
        return [*BUILT_IN, *(name for name in super().list_commands(ctx) if name not in BUILT_IN)]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        domains = [domain.name for domain in state_of(ctx).registry.all(plugin.Domain)]
        first = domains[0] if domains else "DOMAIN"
        self.epilog = f"First steps:\n  gan doctor\n  gan run --help\n  gan run {first}"
        super().format_help(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            self._add_stubs(ctx)  # only now: a built-in command needs no plugin to be found
        name, command, rest = super().resolve_command(ctx, args)
        registry = state_of(ctx).registry if name not in BUILT_IN else None
        if name is None or registry is None:
            return name, command, rest
        declared = registry.find(plugin.Command, name)
        target = registry.load(declared)
        if not isinstance(target, typer.Typer):
            raise PluginError(f"command '{name}': {declared.target} is no typer.Typer")
        return name, get_command(target), rest

    def _add_stubs(self, ctx: Any) -> None:
        for command in state_of(ctx).registry.all(plugin.Command):
            if command.name not in self.commands:
                self.add_command(
                    TyperCommand(command.name, help=escape(command.summary), rich_help_panel=_PLUGIN_PANEL)
                )


app = typer.Typer(
    cls=RootGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Train a GAN on your own data and get data, numbers, a report and an ONNX model you can use.",
)
runs = typer.Typer(
    cls=DomainGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    subcommand_metavar="DOMAIN [OPTIONS]",
    help="Train, sample, evaluate, export and report, in one go. Options: gan run DOMAIN --help",
)
app.add_typer(runs, name="run")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gan {version('ganworks')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
    no_plugins: Annotated[
        bool, typer.Option("--no-plugins", help="Leave out plugins of third parties.")
    ] = False,
) -> None:
    state_of(context)


@app.command()
def resume(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)],
    as_json: Annotated[
        bool, typer.Option("--json", help="Events as JSON lines; the last is the outcome.")
    ] = False,
) -> None:
    """Continue a run that was interrupted, from its last checkpoint."""
    state = state_of(context)
    state.output.as_json = as_json
    state.warn_of_failed_plugins()
    resume_run(state, run)


app.command()(sample)
app.command()(evaluate)
app.command()(export)
app.command()(report)
app.command()(explore)
app.command()(architectures)
app.add_typer(plugins.app, name="plugins")
app.command(name="doctor")(doctor.doctor)
