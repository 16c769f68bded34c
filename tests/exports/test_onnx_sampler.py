"""sample.py in a Python that has no torch, and what importing the plugin costs."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganworks import plugin
from ganworks.deploy import Deployable, Port
from ganworks.errors import UsageError
from ganworks_exports.onnx import export

# found on PYTHONPATH at start-up, before anything else is imported
NO_TORCH = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "onnx", "ganworks", "ganworks_exports"}:
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Absent())
"""


class Conditional(nn.Module):
    """Each class has its own brightness, so that a label shows in the output."""

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        level = (label * 100)[:, None] + torch.tanh(latent) * 20 + 25
        return level.round().to(torch.uint8)[:, None, None]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    deployable = Deployable(
        module=Conditional(),
        inputs=(
            Port(name="latent", dtype="float32", shape=("batch", 4), meaning="noise"),
            Port(name="label", dtype="int64", shape=("batch",), meaning="class", low=0, high=1),
        ),
        outputs=(
            Port(name="image", dtype="uint8", shape=("batch", 1, 1, 4), meaning="grey", low=0, high=255),
        ),
        card={"classes": ["dark", 'bright "x"']},
    )
    return export(deployable, folder / 'my "odd" model.onnx').file


def run_sampler(model, folder, *arguments):
    (folder / "sitecustomize.py").write_text(NO_TORCH, encoding="utf-8")
    return subprocess.run(
        [sys.executable, model.with_name("sample.py"), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_samples_without_torch(model, tmp_path):
    done = run_sampler(model, tmp_path, "--count", "70", "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "70 synthetic samples in samples.npz"
    with np.load(tmp_path / "samples.npz") as drawn:
        assert drawn["image"].shape == (70, 1, 1, 4)
        assert drawn["label"].tolist() == [1, 0] * 35  # in turn by the seed
        assert drawn["classes"].tolist() == ["dark", 'bright "x"']
        expected = np.random.default_rng(3).standard_normal((70, 4)).astype(np.float32)
        np.testing.assert_array_equal(drawn["latent"], expected)
        assert (drawn["image"][::2] > 100).all()


def test_one_class_by_its_name(model, tmp_path):
    done = run_sampler(model, tmp_path, "--count", "3", "--label", "dark", "--out", "dark.npz")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "dark.npz") as drawn:
        assert (drawn["image"] < 50).all()


def test_an_unknown_class_lists_the_known_ones(model, tmp_path):
    done = run_sampler(model, tmp_path, "--label", "grey")
    assert done.returncode == 2
    assert "dark" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "words", [("--count", "0"), ("--seed", "-1"), ("--seed", str(2**63 - 1)), ("--truncation", "nan")]
)
def test_what_cannot_be_drawn_is_one_line(model, tmp_path, words):
    done = run_sampler(model, tmp_path, *words)
    assert done.returncode == 2
    assert "--count from 1, --seed from 0" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("--model", "absent.onnx"), ("--out", "absent/samples.npz")])
def test_a_path_that_is_not_there_is_named(model, tmp_path, words):
    done = run_sampler(model, tmp_path, *words)
    assert done.returncode == 2
    assert "there is no absent" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_it_names_the_file_that_it_wrote(model, tmp_path):
    done = run_sampler(model, tmp_path, "--count", "1", "--out", "drawn")
    assert done.stdout.strip() == "1 synthetic samples in drawn.npz"
    assert (tmp_path / "drawn.npz").exists()


def test_the_blocker_of_this_test_works(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(NO_TORCH, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", "import torch"], env=environment, capture_output=True, text=True, check=False
    )
    assert "torch is not installed here" in done.stderr


def test_the_script_is_short(model):
    code = model.with_name("sample.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in code if line.strip()]) <= 46


def test_the_plugin_is_listed_without_its_libraries():
    program = (
        "import sys, ganworks_exports\n"
        "exporter, *_ = ganworks_exports.ganworks_declare()\n"
        "assert not {'torch', 'onnx', 'onnxruntime', 'onnxscript', 'numpy'} & set(sys.modules)\n"
        "print(exporter.name, exporter.suffix, exporter.target)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["onnx", ".onnx", "ganworks_exports.onnx:export"], done.stderr
    assert plugin.resolve(done.stdout.split()[2]) is export


def test_an_earlier_script_is_replaced_and_nothing_else(tmp_path):
    deployable = Deployable(
        module=nn.Tanh(),
        inputs=(Port(name="latent", dtype="float32", shape=("batch", 4), meaning="noise"),),
        outputs=(Port(name="image", dtype="float32", shape=("batch", 4), meaning="a row"),),
    )
    first = export(deployable, tmp_path / "one.onnx").file
    export(deployable, tmp_path / "two.onnx")
    script = tmp_path / "sample.py"
    assert "one.onnx" in script.read_text(encoding="utf-8")  # it takes --model two.onnx
    first.unlink()
    export(deployable, tmp_path / "two.onnx")
    assert "two.onnx" in script.read_text(encoding="utf-8")

    script.write_bytes(b"\xff print('mine')\n")
    with pytest.raises(UsageError, match=r"sample.py is not a script of an earlier export"):
        export(deployable, tmp_path / "three.onnx")
    assert script.read_bytes() == b"\xff print('mine')\n"
    assert not (tmp_path / "three.onnx").exists()
    script.unlink()
    script.mkdir()
    with pytest.raises(UsageError, match="not a script of an earlier export"):
        export(deployable, tmp_path / "three.onnx")
    with pytest.raises(UsageError, match="name the file to write"):
        export(deployable, tmp_path)
    with pytest.raises(UsageError, match="name it otherwise"):
        export(deployable, tmp_path / "new" / "sample.py")
