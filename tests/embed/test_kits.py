"""The kits for Python, Node.js and C draw what the exported file holds, as other programs would run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SEEDS = [0, 1, 12, 2**31, 2**53 - 1]
# what a program that embeds a model does not have
ABSENT = ("torch", "ganworks", "ganworks_exports", "ganworks_image", "onnx", "onnxscript", "PIL", "scipy")


def run(*words: str | Path, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def python(script: Path, *words: str | Path, folder: Path) -> str:
    """Run a script in a Python in which none of `ABSENT` can be imported."""
    code = (
        f"import runpy, sys; sys.modules.update(dict.fromkeys({ABSENT})); "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    return run(sys.executable, "-c", code, script, *words, folder=folder)


def read_picture(file: Path) -> np.ndarray:
    """(height, width, channels) of a PGM or PPM with one line of comment."""
    kind, comment, sides, most, values = file.read_bytes().split(b"\n", 4)
    width, height = map(int, sides.split())
    assert (comment, most) == (b"# synthetic", b"255")
    return np.frombuffer(values, np.uint8).reshape(height, width, 3 if kind == b"P6" else 1)


def pictures(folder: Path) -> np.ndarray:
    return np.stack([read_picture(folder / f"{seed}.ppm") for seed in SEEDS])


def test_the_model_draws_different_pictures(model):
    """Else the comparisons below would say nothing."""
    drawn = model.draw(SEEDS)
    assert len(np.unique(drawn, axis=0)) == len(SEEDS)
    assert (drawn != model.draw(SEEDS, label=1)).any()
    assert drawn.std() > 5


def test_python_without_torch(model, kits, tmp_path):
    words = [str(seed) for seed in SEEDS]
    said = python(
        kits / "python" / "draw.py", model.file, tmp_path / "p.npy", *words, "label=2", folder=tmp_path
    )
    assert "5 synthetic pictures" in said
    assert np.array_equal(np.load(tmp_path / "p.npy"), model.draw(SEEDS, label=2))


def test_the_lines_of_the_python_readme(model, kits, tmp_path):
    text = (kits / "python" / "README.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    (tmp_path / "readme.py").write_text(f"{code}\nnp.save('pictures.npy', pictures)", encoding="utf-8")
    shutil.copy(model.file, tmp_path / "generator.onnx")
    python(tmp_path / "readme.py", folder=tmp_path)
    assert np.array_equal(np.load(tmp_path / "pictures.npy"), model.draw(list(range(16))))


def test_node(model, kits, require, tmp_path):
    require("node", kits / "node" / "node_modules")
    words = [str(seed) for seed in SEEDS]
    said = run("node", kits / "node" / "draw.mjs", model.file, tmp_path, *words, "label=1", folder=tmp_path)
    assert "Shapes <i>drawn</i> by a test. Machine-generated shapes." in said  # read from the card
    apart = np.abs(pictures(tmp_path).astype(int) - model.draw(SEEDS, label=1))
    assert apart.max() <= 1
    assert (apart > 0).mean() < 1e-3


def test_both_readers_of_the_card_are_one(kits):
    page = kits.parents[1] / "exports" / "ganworks_exports" / "web" / "page" / "card.js"
    assert (kits / "node" / "card.js").read_bytes() == page.read_bytes()


@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_the_reader_of_the_card_refuses_what_is_no_model(model, kits, require, tmp_path, damage):
    require("node")
    whole = model.file.read_bytes()
    broken = {"cut": whole[: len(whole) // 2], "noise": b"\xff" * 64, "empty": b""}[damage]
    (tmp_path / "broken.onnx").write_bytes(broken)
    (tmp_path / "read.mjs").write_text(
        f"import {{ readCard }} from {(kits / 'node' / 'card.js').as_uri()!r};\n"
        "import { readFileSync } from 'node:fs';\n"
        "try { readCard(readFileSync('broken.onnx')); console.log('read'); }\n"
        "catch (error) { console.log('refused:', error.message); }\n",
        encoding="utf-8",
    )
    said = run("node", "read.mjs", folder=tmp_path)
    assert said.startswith("refused: this")
    assert ("has no card" in said) == (damage == "empty")


@pytest.fixture(scope="module")
def c_kit(kits, require, tmp_path_factory) -> Path:
    require("make", "cc")
    folder = tmp_path_factory.mktemp("c")
    for name in ("draw.c", "Makefile"):
        (folder / name).write_bytes((kits / "c" / name).read_bytes())
    run("make", f"PYTHON={sys.executable}", folder=folder)
    return folder


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kit links with a .so")
def test_c(model, c_kit, tmp_path):
    words = [str(seed) for seed in SEEDS]
    said = run(c_kit / "draw", model.file, tmp_path, "2", *words, folder=tmp_path)
    assert "licence of the model: Apache-2.0" in said
    assert np.array_equal(pictures(tmp_path), model.draw(SEEDS, label=2))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kit links with a .so")
def test_c_says_what_is_wrong(model, c_kit, tmp_path):
    cases = {
        (tmp_path / "none.onnx", tmp_path, "0", "1"): "none.onnx",
        (model.file, tmp_path / "none", "0", "1"): "the folder is not there",
        (model.file, tmp_path, "9", "1"): "out of data bounds",
        (model.file,): "usage: draw MODEL FOLDER LABEL SEED...",
    }
    for words, expected in cases.items():
        done = subprocess.run([c_kit / "draw", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert expected in done.stderr
