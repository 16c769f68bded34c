"""Hostile models in a process with limits, and the folder copied into a program without ganworks."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from ganworks_exports import runtime

if sys.platform != "linux":
    pytest.skip("the memory of a process is limited on Linux", allow_module_level=True)

PORTS = [("seed", "int64", ["batch"])], [("total", "float32", [])]


def test_a_harmless_model_gives_what_it_gives_without_limits(models, saved):
    path = saved(models.generator())
    inputs = {"seed": [3, 4], "label": [0, 1]}
    limited = runtime.run_limited(path, inputs, memory_mb=2000)
    assert list(limited) == ["image"]
    np.testing.assert_array_equal(limited["image"], runtime.load(path).run(**inputs))


def test_a_memory_bomb_is_stopped(models, saved):
    nodes = [
        models.node("ConstantOfShape", "shape", "big"),
        models.node("ReduceSum", "big", "total", keepdims=0),
    ]
    path = saved(models.build(nodes, {"shape": np.array([24_000, 24_000])}, *PORTS))
    assert path.stat().st_size < 1000
    with pytest.raises(runtime.ModelRefused, match=r"model.onnx: needs more than 1500 MB of memory$"):
        runtime.run_limited(path, {"seed": [1]})


def test_an_endless_model_is_stopped(models, saved):
    body = helper.make_graph(
        [models.node("Identity", "go", "on"), models.node("Identity", "x", "y")],
        "body",
        [helper.make_tensor_value_info(n, t, []) for n, t in (("i", 7), ("go", 9), ("x", 1))],
        [helper.make_tensor_value_info(n, t, []) for n, t in (("on", 9), ("y", 1))],
    )
    nodes = [helper.make_node("Loop", ["trips", "yes", "start"], ["total"], body=body)]
    weights = {"trips": np.int64(2**60), "yes": np.bool_(True), "start": np.float32(0)}
    path = saved(models.build(nodes, weights, *PORTS))
    began = time.monotonic()
    with pytest.raises(runtime.ModelRefused, match=r"stopped after 1\.5 seconds"):
        runtime.run_limited(path, {"seed": [1]}, seconds=1.5)
    assert time.monotonic() - began < 10


def test_what_load_refuses_is_refused_in_the_same_words(models, saved):
    model = models.generator()
    del model.metadata_props[:]
    path = saved(model)
    with pytest.raises(runtime.ModelRefused, match=f"^{path}: no card: not exported by ganworks$"):
        runtime.run_limited(path, {"seed": [1]})
    path = saved(models.generator())
    with pytest.raises(runtime.ModelRefused, match="the input 'label' is missing"):
        runtime.run_limited(path, {"seed": [1]})
    with pytest.raises(runtime.ModelRefused, match="No such file"):
        runtime.run_limited(path.with_name("absent.onnx"), {})


# found on PYTHONPATH at start-up, before anything else is imported
ONLY_NUMPY_AND_ONNXRUNTIME = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "onnx", "ganworks", "ganworks_exports", "scipy", "typer"}:
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Absent())
"""

PROGRAM = """
print("begins")  # once: the limited run must not start this program again
import sys
from vendored import runtime
model = runtime.load("model.onnx")
print(model.sample(2, label="bright").ravel().tolist())
limited = runtime.run_limited("model.onnx", {"seed": [0, 1], "label": [1, 1]})
print(limited["image"].ravel().tolist())
try:
    import torch
except ImportError as error:
    print(error)
print(sorted({"ganworks", "ganworks_exports", "onnx"} & set(sys.modules)))
"""


def test_the_folder_alone_is_enough(models, saved, tmp_path):
    saved(models.generator())
    package = tmp_path / "vendored"
    shutil.copytree(Path(runtime.__file__).parent, package / "runtime")
    (package / "__init__.py").write_text("")
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "sitecustomize.py").write_text(ONLY_NUMPY_AND_ONNXRUNTIME)
    done = subprocess.run(
        [sys.executable, "-W", "error", "program.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    values = "[10, 20, 30, 40, 11, 21, 32, 43]"
    assert done.stdout.splitlines() == ["begins", values, values, "torch is not installed here", "[]"]


def test_reading_needs_no_onnxruntime(models, saved):
    path = saved(models.generator())
    program = (
        "import sys; from ganworks_exports import runtime; "
        f"print(runtime.read({str(path)!r}).intact, 'onnxruntime' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "False", "False"], done.stderr
