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
from ganworks_cli.at_once import check_takes_files, use_at_once
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
    single.command(
        domain.name,
        help=escape(domain.summary),
        epilog=_epilog(domain, model),
        context_settings={"allow_extra_args": not domain.instant},  # refused with a better word than click's
    )(_callback(state, domain, model))
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
        given_files: list[Path] | None = None,
        **given: Any,
    ) -> None:
        state.output.as_json = as_json
        state.warn_of_failed_plugins()
        check_takes_files(domain, ctx.args)
        files = given_files or []
        environment = {name: value for name, value in given.items() if _from_environment(ctx, name)}
        flags = {name: value for name, value in given.items() if name not in environment}
        for key in hidden_assignments(assignments or (), environment):
            state.output.warning(
                f"--set {key} has no effect: the environment variable GAN_{key.upper()} goes before it"
            )
        options = gather(model, flags, environment, assignments or (), config)
        if files:
            use_at_once(state, domain, files, options, out, force=force)
        else:
            start(state, domain, options, out, force=force)

    every = [*_context(), *_files(domain), *parameters(model, domain.name), *_own_parameters(domain)]
    command.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
    return command


def _from_environment(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "ENVIRONMENT"


def _context() -> Iterator[inspect.Parameter]:
    yield inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


def _files(domain: plugin.Domain) -> Iterator[inspect.Parameter]:
    """Yield the files to use a model on at once, where the domain can."""
    if domain.instant:
        text = "Files or folders to use a model on at once; without any, a run is started."
        kind = typer.Argument(metavar="FILES", help=text, show_default=False)
        annotation = Annotated[list[Path] | None, kind]
        yield inspect.Parameter(
            "given_files", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
        )


def _own_parameters(domain: plugin.Domain) -> Iterator[inspect.Parameter]:
    """Yield what every `gan run DOMAIN` takes beside the fields of its options."""
    out = "Run folder; default: runs/DOMAIN-DATE-TIME."
    force = "Replace the run in --out."
    if domain.instant:
        out += " With FILES: file or folder of the results; default: beside them."
        force += " With FILES: replace files that exist."
    yield _own("out", Path | None, None, "--out", help=out)
    yield _own("config", Path | None, None, "--config", help="TOML file of options; a run.toml serves too.")
    yield _own(
        "assignments",
        list[str] | None,
        None,
        "--set",
        metavar="KEY=VALUE",
        help="One option as in the file, and before it; may be given again.",
    )
    yield _own("force", bool, False, "--force", help=force, show_default=False)
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


def _epilog(domain: plugin.Domain, model: type[RunOptions]) -> str:
    """Examples, and what the panels cannot show."""
    command = f"  gan run {domain.name}"
    lines = [
        "Examples:",
        *([f"{command} FILE", f"{command} FOLDER --out results"] if domain.instant else []),
        command,
        f"{command} --data MY_DATA --minutes 30 --out runs/mine",
        f"{command} --config options.toml --set seed=3",
        "",
        "A flag is also a key of --config and --set, and an environment variable:",
        "  --recipe R    recipe = 'R'    GAN_RECIPE=R",
    ]
    rest = file_only(model)
    if rest:
        lines += ["", f"Only in --config and --set: {', '.join(rest)}."]
    return escape("\n".join(lines))
