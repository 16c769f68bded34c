"""What the web exporter refuses, and that a folder holds a whole page or what it held before."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from ganworks import plugin
from ganworks.deploy import Deployable, Port
from ganworks.errors import RunError, UsageError
from ganworks.registry import discover
from ganworks_exports import web
from ganworks_exports.web import _folder, _ort

NODE = Path(__file__).parents[3] / "examples" / "embed" / "node"
SEED = Port(name="seed", dtype="int64", shape=("batch",), meaning="a seed", low=0, high=2**40, default=0)
PICTURE = Port(
    name="image", dtype="uint8", shape=("batch", 4, 4, 1), meaning="grey", low=0, high=255,
)  # fmt: skip


class Stripes(nn.Module):
    """A grey that the seed chooses; ``noise`` is added anew at every call."""

    def __init__(self, noise: float = 0) -> None:
        super().__init__()
        self.noise = noise
        self.weight = nn.Parameter(torch.linspace(0, 1, 16))

    def forward(self, seed: Tensor) -> Tensor:
        grey = (seed % 200)[:, None].float() * self.weight
        grey = (grey + self.noise * torch.rand_like(grey)) if self.noise else grey
        return grey.round().to(torch.uint8).view(-1, 4, 4, 1)


def stripes(noise: float = 0, inputs=(SEED,), outputs=(PICTURE,)) -> Deployable:
    return Deployable(module=Stripes(noise), inputs=inputs, outputs=outputs, card={"title": "Stripes"})


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def here(monkeypatch):
    """Stand where onnxruntime-web is installed."""
    if not (NODE / "node_modules").exists():
        pytest.skip("onnxruntime-web is not installed in examples/embed/node")
    monkeypatch.chdir(NODE)


def earlier_page(folder: Path) -> dict[str, bytes]:
    for name, data in web.page_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "model.onnx").write_bytes(b"an older model")
    return contents(folder)


def test_it_is_declared_with_its_profiles():
    found = discover().find(plugin.Exporter, "web")
    assert discover().load(found) is web.export
    assert found.profiles[0] == "w16"
    assert set(found.profiles) == set(discover().find(plugin.Exporter, "onnx").profiles)


def test_a_page_takes_the_place_of_an_earlier_one(here, tmp_path):
    earlier_page(tmp_path / "page")
    exported = web.export(stripes(), tmp_path / "page")
    assert exported.file == tmp_path / "page"
    found = contents(tmp_path / "page")
    assert set(found) == web.names()
    assert [path.name for path in tmp_path.iterdir()] == ["page"]
    session = onnxruntime.InferenceSession(found["model.onnx"], providers=["CPUExecutionProvider"])
    drawn = session.run(None, {"seed": np.array([0, 100])})[0]
    assert drawn[:, -1, -1, 0].tolist() == [0, 100]
    card = json.loads(session.get_modelmeta().custom_metadata_map["card"])
    assert card["profile"] == exported.details["profile"] == "w16"
    assert exported.details["bytes"] == sum(map(len, found.values()))
    assert exported.details["model_bytes"] == len(found["model.onnx"])
    assert str(exported.file) in exported.details["next"][0]
    assert not any(
        os.fsencode(str(tmp_path)) in data or b"/site-packages/" in data for data in found.values()
    )


def test_a_network_that_the_gate_refuses_leaves_everything_as_it_was(here, tmp_path):
    before = earlier_page(tmp_path / "page")
    with pytest.raises(RunError, match="export refused"):
        web.export(stripes(noise=20), tmp_path / "page", "fp32")
    assert contents(tmp_path) == {f"page/{name}": data for name, data in before.items()}


def test_an_unknown_profile_writes_nothing(here, tmp_path):
    with pytest.raises(UsageError, match="did you mean 'w16'"):
        web.export(stripes(), tmp_path / "page", "w61")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fails_leaves_the_earlier_page(tmp_path):
    before = earlier_page(tmp_path / "page")
    unwritable = {**web.page_files(), "app.js/inside": b""}  # app.js is a file: no folder can be made there
    with pytest.raises(OSError, match=r"app\.js"):
        _folder.write(tmp_path / "page", unwritable)
    assert contents(tmp_path) == {f"page/{name}": data for name, data in before.items()}


@pytest.mark.parametrize("kind", ["file", "other files", "foreign page", "page and more", "here", "above"])
def test_what_is_in_the_way_is_kept(tmp_path, monkeypatch, kind):
    folder = tmp_path / "page"
    if kind == "file":
        folder.write_bytes(b"kept")
    elif kind == "other files":
        folder.mkdir()
        (folder / "thesis.tex").write_bytes(b"kept")
    elif kind == "foreign page":
        folder.mkdir()
        (folder / "index.html").write_bytes(b"<!doctype html>kept")
    elif kind == "page and more":
        earlier_page(folder)
        (folder / "ort" / "mine.txt").write_bytes(b"kept")
    else:
        (folder / "inside").mkdir(parents=True)
        monkeypatch.chdir(folder if kind == "here" else folder / "inside")
    before = contents(tmp_path)
    expected = {
        "file": "is a file",
        "other files": "holds no earlier page",
        "foreign page": "holds no earlier page",
        "page and more": r"holds ort/mine\.txt, which would be lost",
    }.get(kind, "is where you are")
    with pytest.raises(UsageError, match=expected):
        web.export(stripes(), folder)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        (
            (Port(name="source", dtype="uint8", shape=("batch", "height", "width", 3), meaning="a picture"),),
            (PICTURE,),
            r"takes source \(batch, height, width, 3\): export it with --format onnx",
        ),
        (
            (
                source := Port(
                    name="image",
                    dtype="uint8",
                    shape=("batch", "height", "width", 2),
                    meaning="a picture",
                    low=0,
                    high=255,
                ),
            ),
            (replace(source, name="result"),),
            r"of 1 or 3 channels from another; this model takes image \(batch, height, width, 2\)",
        ),
        (
            (Port(name="latent", dtype="float32", shape=("batch", 8), meaning="noise"),),
            (PICTURE,),
            r"from seeds \(--view app .* takes latent \(batch, 8\)",
        ),
        (
            (SEED, Port(name="age", dtype="float32", shape=("batch",), meaning="years")),
            (PICTURE,),
            r"takes seed \(batch\), age \(batch\)",
        ),
        (
            (SEED,),
            (Port(name="series", dtype="float32", shape=("batch", 24, 2), meaning="hours"),),
            r"gives series \(batch, 24, 2\)",
        ),
        (
            (SEED,),
            (Port(name="volume", dtype="uint8", shape=("batch", 8, 8, 8, 1), meaning="voxels"),),
            r"gives volume \(batch, 8, 8, 8, 1\)",
        ),
    ],
    ids=["another size", "two channels", "latent", "another input", "series", "volume"],
)
def test_models_without_controls_on_the_page_are_refused(tmp_path, inputs, outputs, expected):
    with pytest.raises(UsageError, match=expected):
        web.export(stripes(inputs=inputs, outputs=outputs), tmp_path / "page")
    assert list(tmp_path.iterdir()) == []


def program(folder: Path, text: str) -> None:
    """Make ``npm`` in ``folder``, a shell script."""
    folder.mkdir()
    (folder / "npm").write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / "npm").chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="npm is a shell script here")
@pytest.mark.parametrize(
    ("npm", "expected"),
    [
        (None, "there is no npm to fetch it with"),
        ("echo 'npm error code E404' >&2; echo 'npm error 404 Not Found' >&2; exit 1", r"\(404 Not Found\)"),
        ("exit 0", "npm could not fetch it"),
        ('while [ "$1" != --pack-destination ]; do shift; done; echo changed > "$2/ort.tgz"', "another file"),
    ],
    ids=["no npm", "npm fails", "npm writes nothing", "another package"],
)
def test_without_the_runtime_it_says_what_to_type(tmp_path, monkeypatch, npm, expected):
    if npm is not None:
        program(tmp_path / "bin", npm)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(UsageError, match=f"{expected}.*; type: npm install onnxruntime-web@1.30.0$"):
        web.export(stripes(), tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_the_runtime_is_found_in_a_folder_above(here, tmp_path):
    nested = tmp_path / "a" / "b"
    nested.mkdir(parents=True)
    (tmp_path / "node_modules").symlink_to(NODE / "node_modules")
    found = _ort.files(nested)
    assert {name: len(data) for name, data in found.items()} == {
        "ort.wasm.min.mjs": 50126,
        "ort-wasm-simd-threaded.mjs": 24381,
        "ort-wasm-simd-threaded.wasm": 14239897,
    }


def test_a_changed_runtime_is_passed_over(here, tmp_path, monkeypatch):
    dist = tmp_path / "node_modules" / "onnxruntime-web" / "dist"
    dist.mkdir(parents=True)
    for name in _ort.SHA256:
        (dist / name).write_bytes((NODE / "node_modules" / "onnxruntime-web" / "dist" / name).read_bytes())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert set(_ort.files(tmp_path)) == set(_ort.SHA256)
    with (dist / "ort.wasm.min.mjs").open("ab") as changed:
        changed.write(b" ")
    with pytest.raises(UsageError, match="npm install"):
        _ort.files(tmp_path)


@pytest.mark.slow
def test_npm_fetches_the_runtime(tmp_path):
    if subprocess.run(["npm", "ping"], capture_output=True, check=False).returncode:
        pytest.skip("npm does not reach its registry")
    assert set(_ort.files(tmp_path)) == set(_ort.SHA256)


def test_both_pins_name_one_version():
    package = json.loads((NODE / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((NODE / "package-lock.json").read_text(encoding="utf-8"))
    assert package["dependencies"] == {_ort.NAME: _ort.VERSION}
    assert lock["packages"][f"node_modules/{_ort.NAME}"]["integrity"] == _ort.INTEGRITY


def test_the_page_has_no_inline_code():
    page = web.page_files()["index.html"].decode()
    assert page.count("<script") == 1
    assert 'src="app.js"></script>' in page
    assert "style=" not in page
