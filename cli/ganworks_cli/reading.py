"""Commands on a run that exists: sample, evaluate, export, explore, report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganworks import plugin
from ganworks.errors import GanworksError, RunError, UsageError
from ganworks_cli.ending import number_lines, quoted, verdict_lines
from ganworks_cli.folders import check_replaced, check_samples, count_samples, unless_refused
from ganworks_cli.opened import in_session, missing_stages
from ganworks_cli.state import State, state_of

if TYPE_CHECKING:
    from ganworks.deploy import Exported
    from ganworks.session import Session

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.", show_default=False)]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document instead of text.", show_default=False)
]


def sample(
    context: typer.Context,
    run: RunFolder,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many samples.")] = 100,
    label: Annotated[str | None, typer.Option(help="Class to draw; default: every class in turn.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Same seed, same samples.")] = 0,
    truncation: Annotated[
        float, typer.Option(min=0, max=1, help="Below 1: likelier images, less variety; 0: one a class.")
    ] = 1.0,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Condition on a column of a table, COLUMN=VALUE or COLUMN=LOW..HIGH; may be repeated."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the samples; default: RUN/samples-seed-SEED.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace earlier samples in the folder.", show_default=False)
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draw samples from a trained run, as files of the data's own kind."""
    state = _state(context, as_json)
    manifests = {domain.manifest for domain in state.registry.all(plugin.Domain)}
    if out is not None:
        check_samples(out, manifests)  # the domain looks closer; this one is said before anything is drawn
    truncated = f"-truncation-{truncation:g}" if truncation != 1 else ""
    target = out if out is not None else run / f"samples-seed-{seed}{truncated}"
    if not force:
        check_replaced(target, manifests)
    conditions = where or []
    with unless_refused(target):
        folder = in_session(
            state,
            run,
            lambda session: session.sample(
                count, label, seed, target, truncation=truncation, where=conditions
            ),
        )
    written = count_samples(folder)
    if written is not None and written != count:
        state.output.warning(f"{written} of the {count} samples asked for were written")
    asked = {"asked": count, "label": label, "seed": seed, "truncation": truncation, "where": conditions}
    _tell(state, {"samples": folder, "count": written, **asked}, f"Samples: {folder}")


def evaluate(context: typer.Context, run: RunFolder, as_json: AsJson = False) -> None:
    """Compute the numbers of a run again: fidelity, privacy, gain on a real task."""
    state = _state(context, as_json)
    metrics = in_session(state, run, lambda session: session.evaluate())
    _tell(state, metrics, *number_lines(metrics), *verdict_lines(metrics))


def export(
    context: typer.Context,
    run: RunFolder,
    kind: Annotated[
        str | None, typer.Option("--format", help="A model format; `gan plugins list` shows them.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="Of ONNX: fp32, w16 (half the bytes, same speed), w8 (a quarter), int8 (faster)."),
    ] = None,
    view: Annotated[
        str, typer.Option(help="app: seed in, final product out; latent, style: for interpolation.")
    ] = "app",
    out: Annotated[Path | None, typer.Option(help="File; default: in RUN/model.")] = None,
    web: Annotated[
        Path | None, typer.Option(help="Write a web page with the model into this folder instead.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the trained generator as a model that other programs embed."""
    state = _state(context, as_json)
    if web is not None:
        if kind is not None or out is not None:
            raise UsageError("--web DIR is --format web --out DIR: leave out --format and --out")
        kind, out = "web", web
    exported = in_session(state, run, lambda session: session.export(kind, out, view=view, profile=profile))
    record = {"file": exported.file, "max_abs_diff": exported.max_abs_diff, "sha256": exported.sha256}
    _tell(state, {**record, **exported.details}, f"Model: {exported.file}", *_export_lines(exported))


def _export_lines(exported: Exported) -> list[str]:
    """What to know of an export: its size, its distance to torch, what its profile cost."""
    lines = [f"Largest difference to torch: {exported.max_abs_diff:.3g} (units of the output)"]
    if "bytes" in exported.details:
        lines.insert(0, f"Size: {exported.details['bytes'] / 1e6:.2f} MB")
    for name, loss in exported.details.get("loss", {}).items():
        said = ", ".join(f"{key} {value:.4g}" for key, value in loss.items() if isinstance(value, float))
        lines.append(f"Cost of {exported.details['profile']} in '{name}': {said}")
    return lines + [str(line) for line in exported.details.get("next", ())]


def explore(
    context: typer.Context,
    run: RunFolder,
    label: Annotated[str | None, typer.Option(help="Class to show; default: the first.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="First of the seeds shown.")] = 0,
    project: Annotated[
        Path | None, typer.Option(help="A picture to look for in the latent space.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; default: RUN/explore.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the generator has learned: truncation, interpolation, directions, style mixing."""
    state = _state(context, as_json)
    target = out or run / "explore"
    files = in_session(state, run, lambda session: session.explore(target, label, seed, project))
    _tell(state, files, *(f"{name}: {path}" for name, path in files.items()))


def report(context: typer.Context, run: RunFolder, as_json: AsJson = False) -> None:
    """Write the report page of a run again."""
    state = _state(context, as_json)
    page = in_session(state, run, lambda session: _report(session, run))
    _tell(state, {"report": page}, f"Report: {page}")


def _state(context: typer.Context, as_json: bool) -> State:
    state = state_of(context)
    state.output.as_json = as_json
    state.warn_of_failed_plugins()
    return state


def _report(session: Session, folder: Path) -> Path:
    """Write the report; some domains can tell of a run that is not evaluated yet, others cannot.

    Raises:
        RunError: it cannot be written, and the run has stages to go.
    """
    try:
        return session.report()
    except GanworksError:
        raise
    except Exception as error:
        missing = missing_stages(folder)
        if not missing:
            raise
        raise RunError(
            f"{folder} is not finished ({', '.join(missing)} missing) and has no report yet "
            f"({type(error).__name__}: {error}): continue it with `gan resume {quoted(folder)}`"
        ) from error


def _tell(state: State, document: Mapping[str, Any], *lines: str) -> None:
    if state.output.as_json:
        state.output.document(document)
    else:
        for line in lines:
            state.output.line(line)
