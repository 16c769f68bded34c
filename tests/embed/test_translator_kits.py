"""The kits that make a picture from a picture, as other programs would run them, at free and odd sizes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from ganworks_exports import runtime
from ganworks_exports.onnx import export
from ganworks_image.image_to_image import image_to_image
from ganworks_image.intensity import IntensityMap

U8 = IntensityMap(low=0, high=255, dtype="uint8")
SIZES = [(1, 1), (13, 30), (64, 45)]


class Enlarger(nn.Module):
    """Sides of a multiple of 4, made twice as long."""

    multiple, scale = 4, 2

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 8, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(8, 8, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(8, 192, 1),
        )

    def forward(self, latent: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        return torch.tanh(5 * F.pixel_shuffle(self.layers(source), 8))


def exported(folder: Path, channels: int, **options) -> Path:
    torch.manual_seed(0)
    generator = Enlarger(options.get("labels", channels))
    made = image_to_image(
        generator, source=U8, target=U8, channels=(channels, 3), size=None, card={}, **options
    )
    return export(made, folder / "model.onnx").file


@pytest.fixture(scope="module")
def coloured(tmp_path_factory) -> Path:
    return exported(tmp_path_factory.mktemp("coloured"), 3)


@pytest.fixture(scope="module")
def of_labels(tmp_path_factory) -> Path:
    return exported(tmp_path_factory.mktemp("labels"), 1, labels=4)


def run(*words: object, folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        list(map(str, words)), cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


def noise(*shape: int, levels: int = 256) -> np.ndarray:
    return np.random.default_rng(0).integers(0, levels, shape, np.uint8)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_python(coloured, kits, tmp_path, size):
    pixels = noise(*size, 3)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    status, said = run(
        sys.executable, kits / "python" / "transform.py", coloured, "in.png", "out.png", folder=tmp_path
    )
    assert status == 0, said
    assert f"became {2 * size[1]} x {2 * size[0]} in out.png" in said
    with Image.open(tmp_path / "out.png") as made:
        np.testing.assert_array_equal(np.array(made), runtime.load(coloured).transform(pixels))


def test_python_with_a_palette_of_labels(of_labels, kits, tmp_path):
    labels = noise(19, 26, levels=4)
    picture = Image.frombytes("P", (26, 19), labels.tobytes())
    picture.putpalette([200, 0, 0, 0, 200, 0, 0, 0, 200, 90, 90, 90])
    picture.save(tmp_path / "in.png")
    script = kits / "python" / "transform.py"
    status, said = run(sys.executable, script, of_labels, "in.png", "out.png", folder=tmp_path)
    assert status == 0, said
    with Image.open(tmp_path / "out.png") as made:
        expected = runtime.load(of_labels).transform(labels[..., None])
        np.testing.assert_array_equal(np.array(made), expected)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_node(coloured, kits, require, tmp_path, size):
    require("node", kits / "node" / "node_modules")
    pixels = noise(*size, 3)
    Image.fromarray(pixels).save(tmp_path / "in.ppm")
    status, said = run(
        "node", kits / "node" / "transform.mjs", coloured, "in.ppm", "out.ppm", folder=tmp_path
    )
    assert status == 0, said
    with Image.open(tmp_path / "out.ppm") as made:
        apart = np.abs(np.array(made).astype(int) - runtime.load(coloured).transform(pixels))
    assert apart.max() <= 1


def test_node_refuses_what_does_not_fit(coloured, kits, require, tmp_path):
    require("node", kits / "node" / "node_modules")
    Image.fromarray(noise(5, 6)).save(tmp_path / "grey.pgm")
    (tmp_path / "cut.ppm").write_bytes(b"P6\n# a comment\n4 4\n255\n123")
    for name, reason in (("grey.pgm", "has 1 channels, the model takes 3"), ("cut.ppm", "is cut short")):
        status, said = run(
            "node", kits / "node" / "transform.mjs", coloured, name, "out.ppm", folder=tmp_path
        )
        assert status == 1
        assert reason in said
        assert not (tmp_path / "out.ppm").exists()
