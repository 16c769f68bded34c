"""The commands of a report can be pasted into a shell, whatever the folder and the classes are called."""

import ast
import shlex
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ganworks_tabular.report_usage import usage_of
from ganworks_tabular.schema import Column, Schema

NAMES = st.text("ab '\"$&=(é", min_size=1, max_size=8).filter(str.strip)


@given(folder=NAMES, target=NAMES, positive=NAMES)
def test_a_shell_and_python_read_the_very_names(folder, target, positive):
    schema = Schema((Column(target, "category", "str"),), target, positive)
    rare, alone, program = (one.code for one in usage_of(schema, Path(folder)))
    assert shlex.split(rare)[2] == str(Path(folder))
    assert f"{target}={positive}" in shlex.split(rare)
    assert shlex.split(alone)[1] == str(Path(folder) / "model" / "sample.py")
    assert positive in shlex.split(alone)
    texts = {one.value for one in ast.walk(ast.parse(program)) if isinstance(one, ast.Constant)}
    assert {str(Path(folder) / "model" / "generator.onnx"), positive} <= texts
