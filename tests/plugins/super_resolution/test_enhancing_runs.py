"""`--from RUN`: a run trained here, exported when it is first used, and mixed with another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data

from ganworks.errors import UsageError
from ganworks_cli.main import main
from ganworks_image.applying import read_picture
from ganworks_super_resolution.choosing import chosen_network
from ganworks_super_resolution.enhancing import enhance
from ganworks_super_resolution.options import Options

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of one network from different seeds."""
    root = tmp_path_factory.mktemp("runs")
    (root / "photos").mkdir()
    for row in range(8):
        Image.fromarray(data.chelsea()[32 * row : 32 * row + 48, :64]).save(root / "photos" / f"{row}.png")
    small = [f"recipe_options.{name}" for name in ("width=8", "depth=1", "batch=4")]
    for seed in (0, 1):
        words = [word for text in small for word in ("--set", text)]
        words += ["--steps", "2", "--crop", "16", "--threads", "1", "--seed", str(seed)]
        out = str(root / f"run{seed}")
        assert main(["run", "super-resolution", "--train", str(root / "photos"), "--out", out, *words]) == 0
    return root / "run0", root / "run1"


def made_by(options: Options) -> Any:
    """What a model makes of a picture of 16 bits, as numbers."""
    pixels = data.chelsea()[:20, :30].astype(np.uint16) * 257
    with chosen_network(options, lambda event: None) as network:
        return network(pixels).astype(np.float64)


def test_a_run_is_exported_once_and_again_when_its_weights_change(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    Image.fromarray(data.chelsea()[:20, :30]).save(tmp_path / "a.png")
    exported = runs[0] / "model" / "generator-float.onnx"
    exported.unlink(missing_ok=True)
    enhance([tmp_path / "a.png"], Options(from_run=runs[0]))
    assert read_picture(tmp_path / "a-x2.png").pixels.shape == (40, 60, 3)
    first = exported.stat().st_mtime_ns
    enhance([tmp_path / "a.png"], Options(from_run=runs[0]), force=True)
    assert exported.stat().st_mtime_ns == first
    later = first + 10**9
    os.utime(runs[0] / "checkpoints" / "best.safetensors", ns=(later, later))
    enhance([tmp_path / "a.png"], Options(from_run=runs[0]), force=True)
    assert exported.stat().st_mtime_ns != first


def test_two_runs_mixed_lie_between_them(runs: tuple[Path, Path]) -> None:
    ends = [made_by(Options(from_run=run)) for run in runs]
    shares = {
        share: made_by(Options(from_run=runs[0], pixel_run=runs[1], blend=share)) for share in (0.0, 0.5, 1.0)
    }
    assert np.abs(shares[1.0] - ends[0]).max() <= 1
    assert np.abs(shares[0.0] - ends[1]).max() <= 1
    assert np.abs(ends[0] - ends[1]).max() > 10
    assert np.abs(shares[0.5] - shares[0.0]).mean() < np.abs(ends[0] - ends[1]).mean()


def test_options_that_contradict_the_run_are_refused(runs: tuple[Path, Path], tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.new("RGB", (5, 4)).save(picture)
    for options, word in [
        (Options(from_run=runs[0], scale=4), "enlarges 2 times"),
        (Options(from_run=runs[0], task="denoise"), "was trained for task upscale"),
        (Options(from_run=tmp_path), "not a run folder"),
    ]:
        with pytest.raises(UsageError, match=word):
            enhance([picture], options)
    (tmp_path / "run.toml").write_text('domain = "image"\n')
    with pytest.raises(UsageError, match="run of domain 'image'"):
        enhance([picture], Options(from_run=tmp_path))
