"""What can be done with a trained table: commands and code to copy."""

from __future__ import annotations

from pathlib import Path

from ganworks_tabular.report import Usage
from ganworks_tabular.schema import Schema


def usage_of(schema: Schema, folder: Path) -> list[Usage]:
    """The blocks of the report of the run in ``folder``."""
    rare = f"gan sample {folder} -n 10000 --where {schema.target}={schema.positive} --out more"
    python = (
        "from ganworks_exports.runtime import load  # of a copy of the folder: from runtime import load\n\n"
        f'model = load("{folder / "model" / "generator.onnx"}")\n'
        f"rows = model.sample(1_000, label={schema.positive!r})  # a dict of arrays"
    )
    alone = f"python {folder / 'model' / 'sample.py'} --count 1000 --label {schema.positive} --out rows.npz"
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
