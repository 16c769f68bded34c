"""`gan plugins`: what is installed, what it adds, and why something could not be used."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from ganworks.errors import UsageError, nearest
from ganworks.plugin import Declaration
from ganworks.registry import PluginInfo
from ganworks_cli.output import Output
from ganworks_cli.state import state_of

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document instead of text.", show_default=False)
]

app = typer.Typer(no_args_is_help=True, help="List plugins and what they add.")


@app.command(name="list")
def list_plugins(context: typer.Context, as_json: AsJson = False) -> None:
    """List every plugin: its state, and the domains, recipes, metrics, exporters and commands it adds."""
    state = state_of(context)
    found = state.registry.plugins
    if as_json:
        state.output.document([as_record(info) for info in found])
        return
    rows = [[info.name, info.version, info.status, _adds(info)] for info in found]
    state.output.table(["PLUGIN", "VERSION", "STATUS", "ADDS"], rows)
    for info in state.registry.failed:
        state.output.note(f"{info.name} failed: {info.error} (traceback: gan plugins show {info.name})")


@app.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name in `gan plugins list`.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Show one plugin: where it comes from, each thing it adds, and the traceback if it failed."""
    state = state_of(context)
    found = [info for info in state.registry.plugins if info.name == name]
    if not found:
        known = [info.name for info in state.registry.plugins]
        raise UsageError(
            f"no plugin named '{name}'{nearest(name, known)}; `gan plugins list` shows what there is"
        )
    if as_json:
        records = [as_record(info) for info in found]
        state.output.document(records[0] if len(records) == 1 else records)
        return
    for info in found:  # two distributions may fight for one name
        _describe(info, state.output)


def as_record(info: PluginInfo) -> dict[str, Any]:
    """Return a plugin as JSON values."""
    about = {
        "name": info.name,
        "distribution": info.distribution,
        "version": info.version,
        "status": info.status,
        "error": info.error,
        "traceback": info.traceback,
    }
    return {**about, "declarations": [declaration_record(made) for made in info.declarations]}


def declaration_record(made: Declaration) -> dict[str, Any]:
    return {"kind": made.kind, **asdict(made)}


def _adds(info: PluginInfo) -> str:
    """Return `domain medical-augment; recipe dcgan, wgan-gp`."""
    kinds = dict.fromkeys(made.kind for made in info.declarations)
    return "; ".join(
        f"{kind} {', '.join(made.name for made in info.declarations if made.kind == kind)}" for kind in kinds
    )


def _describe(info: PluginInfo, output: Output) -> None:
    output.line(f"{info.name}: {info.distribution} {info.version}, {info.status}".rstrip())
    for made in info.declarations:
        output.line(f"  {made.kind} {made.name}: {made.summary}")
    if info.error:
        output.line(f"  {info.error}\n\n{info.traceback}".rstrip())
