"""`gan translate`: a trained run on files or folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ganworks.errors import DataError

app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

_EXAMPLES = """Examples:

gan translate runs/maps satellite.png map.png

gan translate runs/facades sketches/ facades/

gan translate runs/facades photo.jpg out.png --resize none

gan translate runs/t1-to-t2 head_t1.nii.gz head_t2.nii.gz
"""


@app.command(name="translate", epilog=_EXAMPLES)
def translate(
    context: typer.Context,
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a `gan run translate`.", show_default=False)
    ],
    given: Annotated[
        Path,
        typer.Argument(
            metavar="IN",
            help="Picture, folder of pictures, or NIfTI volume; label maps where the run has them.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="File to write, or folder; folders in IN are kept.", show_default=False
        ),
    ],
    resize: Annotated[
        Literal["auto", "none", "fit"],
        typer.Option(
            help="What the network sees: auto shrinks a picture as the training pictures were shrunk, none "
            "leaves it as it is, fit brings it to the training size. The result has the size of the picture."
        ),
    ] = "auto",
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that are there already.", show_default=False)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document instead of text.", show_default=False)
    ] = False,
) -> None:
    """Translate pictures of any size in the direction of the run.

    A picture is not cut into tiles while it fits in memory: most translators depend on all of it.

    Transparency is kept. Where a picture cannot be used the others are written, and the exit code is 2.
    """
    from ganworks_translation.applying import Application

    application = Application(given, out, force=force)  # whatever is wrong with names is said first
    from ganworks.registry import discover

    registry = discover(third_party=not context.find_root().params.get("no_plugins", False))
    done, failed = application.run(run, registry, resize, _bar)
    _tell(done, failed, as_json)


def _bar(jobs: list[Any]) -> Any:
    """A bar on standard error, on a terminal and for several pictures only."""
    stream = typer.get_text_stream("stderr")
    return typer.progressbar(
        jobs, label="translating", file=stream, hidden=len(jobs) < 2 or not stream.isatty()
    )


def _tell(done: list[dict[str, Any]], failed: list[str], as_json: bool) -> None:
    if as_json:
        record = {"synthetic": True, "files": done, "failed": failed}
        typer.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        for one in done:
            notes = "".join(f"; {note}" for note in one["notes"])
            typer.echo(f"{one['file']} ({' x '.join(map(str, reversed(one['shape'])))}{notes})")
    if failed:
        for other in failed[1:]:
            typer.echo(f"not translated: {other}", err=True)
        total = len(done) + len(failed)
        several = f"{len(failed)} of {total} files were not translated: " if total > 1 else ""
        raise DataError(f"{several}{failed[0]}")
