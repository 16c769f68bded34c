"""What can be done with a trained table: commands and code to copy."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from ganworks_tabular.report import Usage
from ganworks_tabular.schema import Schema


def usage_of(schema: Schema, folder: Path) -> list[Usage]:
    """The blocks of the report of the run in ``folder``."""
    where = quote(f"{schema.target}={schema.positive}")
    rare = f"gan sample {quote(str(folder))} -n 10000 --where {where} --out more"
    python = (
        "from ganworks_exports.runtime import load  # of a copy of the folder: from runtime import load\n\n"
        f"model = load({str(folder / 'model' / 'generator.onnx')!r})\n"
        f"rows = model.sample(1_000, label={schema.positive!r})  # a dict of arrays"
    )
    script, label = quote(str(folder / "model" / "sample.py")), quote(str(schema.positive))
    alone = f"python {script} --count 1000 --label {label} --out rows.npz"
    return [
        Usage("More rows of the rare class", rare, "sh"),
        Usage("As a file of arrays, with numpy and onnxruntime alone", alone, "sh"),
        Usage(
            "In another program: it needs numpy, onnxruntime and the folder ganworks_exports/runtime, which "
            "may be copied into it",
            python,
            "python",
        ),
    ]
