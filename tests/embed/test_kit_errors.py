"""What the kits say to wrong words: one line, no picture, and never another picture than was asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WRONG = {
    "no-seed": [],
    "no-number": ["abc"],
    "below-zero": ["-1"],
    "label-beyond": ["0", "label=9"],
    "label-below": ["0", "label=-1"],
}


def refused(*words: str | Path, folder: Path) -> list[str]:
    """Run a program that has to fail and to write nothing; return the lines it prints to stderr."""
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.replace("licence of the model: Apache-2.0\n", "") == ""
    assert not list(folder.rglob("*.npy")) + list(folder.rglob("*.p[gp]m"))
    return [line for line in done.stderr.splitlines() if line]


@pytest.mark.parametrize("name", WRONG)
def test_python_shows_how_it_is_called(model, kits, tmp_path, name):
    said = refused(
        sys.executable, kits / "python" / "draw.py", model.file, "p.npy", *WRONG[name], folder=tmp_path
    )
    if name.startswith("label"):
        assert said == [f"{WRONG[name][1]}: the classes are 0 disc, 1 square, 2 stripes & <b>"]
    else:
        assert said[-1].startswith("python draw.py generator.onnx pictures.npy")


@pytest.mark.parametrize("name", sorted(set(WRONG) - {"below-zero"}))
def test_node_says_it_in_one_line(model, kits, require, tmp_path, name):
    require("node", kits / "node" / "node_modules")
    (said,) = refused("node", kits / "node" / "draw.mjs", model.file, "out", *WRONG[name], folder=tmp_path)
    assert said.startswith("draw.mjs: ")
    assert ("the labels are 0 to 2" in said) is name.startswith("label")
    assert len(said) < 200


def test_node_names_a_file_that_is_not_there(kits, require, tmp_path):
    require("node", kits / "node" / "node_modules")
    (said,) = refused("node", kits / "node" / "draw.mjs", "absent.onnx", "out", "0", folder=tmp_path)
    assert "absent.onnx" in said


@pytest.mark.parametrize("words", [["1", "abc"], ["x", "0"], ["0", "-1"], ["0", "12a"]])
def test_c_draws_no_seed_0_for_a_word_that_is_none(model, kits, require, tmp_path, words):
    require("make", "cc")
    for name in ("draw.c", "Makefile"):
        (tmp_path / name).write_bytes((kits / "c" / name).read_bytes())
    subprocess.run(["make", f"PYTHON={sys.executable}"], cwd=tmp_path, check=True, capture_output=True)
    (said,) = refused(tmp_path / "draw", model.file, ".", *words, folder=tmp_path)
    assert said.startswith("draw: labels and seeds are whole numbers from 0")


@pytest.mark.parametrize("script", ["python/transform.py", "node/transform.mjs"])
def test_a_model_that_draws_from_seeds_is_sent_to_the_other_script(model, kits, require, tmp_path, script):
    program = sys.executable
    if script.startswith("node"):
        require("node", kits / "node" / "node_modules")
        program = "node"
    (said,) = refused(program, kits / script, model.file, "in.ppm", "out.ppm", folder=tmp_path)
    assert "draws pictures from seeds: use draw." in said
    lines = refused(program, kits / script, model.file, folder=tmp_path)
    assert any("transform." in line for line in lines)
