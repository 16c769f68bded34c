"""The command of one domain: its flags come from its options model, the rest is the same for all."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperCommand
from typer.main import get_command

from ganworks import plugin
from ganworks.errors import PluginError
from ganworks.options import RunOptions
from ganworks_cli.flags import file_only, parameters
from ganworks_cli.running import start
from ganworks_cli.settings import gather, hidden_assignments
from ganworks_cli.state import State

_PANEL = "Configuration and output"


def domain_command(state: State, domain: plugin.Domain) -> TyperCommand:
    """Build ``gan run NAME`` from the domain's options model.

    Raises:
        PluginError: the options cannot be imported, or are no options model.
    """
    model = state.registry.load(domain, "options")
    if not (isinstance(model, type) and issubclass(model, RunOptions)):
        raise PluginError(
            f"domain '{domain.name}': {domain.options} is no subclass of ganworks.options.RunOptions"
        )
    single = typer.Typer(add_completion=False, rich_markup_mode="rich")
    single.command(domain.name, help=escape(domain.summary), epilog=_epilog(domain.name, model))(
        _callback(state, domain, model)
    )
    command = get_command(single)
    assert isinstance(command, TyperCommand)
    return command


def _callback(state: State, domain: plugin.Domain, model: type[RunOptions]) -> Callable[..., None]:
    def command(
        ctx: typer.Context,
        out: Path | None,
        config: Path | None,
        assignments: list[str] | None,
        force: bool,
        as_json: bool,
        **given: Any,
    ) -> None:
        state.output.as_json = as_json
        state.warn_of_failed_plugins()
        environment = {name: value for name, value in given.items() if _from_environment(ctx, name)}
        flags = {name: value for name, value in given.items() if name not in environment}
        for key in hidden_assignments(assignments or (), environment):
            state.output.warning(
                f"--set {key} has no effect: the environment variable GAN_{key.upper()} goes before it"
            )
        options = gather(model, flags, environment, assignments or (), config)
        start(state, domain, options, out, force=force)

    every = [*_context(), *parameters(model, domain.name), *_own_parameters()]
    command.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
    return command


def _from_environment(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "ENVIRONMENT"


def _context() -> Iterator[inspect.Parameter]:
    yield inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


def _own_parameters() -> Iterator[inspect.Parameter]:
    """Yield what every `gan run DOMAIN` takes beside the fields of its options."""
    yield _own("out", Path | None, None, "--out", help="Run folder; default: runs/DOMAIN-DATE-TIME.")
    yield _own("config", Path | None, None, "--config", help="TOML file of options; a run.toml serves too.")
    yield _own(
        "assignments",
        list[str] | None,
        None,
        "--set",
        metavar="KEY=VALUE",
        help="One option as in the file, and before it; may be given again.",
    )
    yield _own("force", bool, False, "--force", help="Replace the run in --out.", show_default=False)
    yield _own(
        "as_json",
        bool,
        False,
        "--json",
        help="Events as JSON lines; the last is the outcome.",
        show_default=False,
    )


def _own(name: str, kind: Any, default: Any, flag: str, **option: Any) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Option(flag, rich_help_panel=_PANEL, **option)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _epilog(domain: str, model: type[RunOptions]) -> str:
    """Examples, and what the panels cannot show."""
    lines = [
        "Examples:",
        f"  gan run {domain}",
        f"  gan run {domain} --data MY_DATA --minutes 30 --out runs/mine",
        f"  gan run {domain} --config options.toml --set seed=3",
        "",
        "A flag is also a key of --config and --set, and an environment variable:",
        "  --recipe R    recipe = 'R'    GAN_RECIPE=R",
    ]
    rest = file_only(model)
    if rest:
        lines += ["", f"Only in --config and --set: {', '.join(rest)}."]
    return escape("\n".join(lines))
