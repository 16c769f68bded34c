"""kill -9 at random moments: the run resumes every time and ends with the weights it would have had."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganworks.training import read_tensors

STEPS = 60


def make_folder(folder: Path) -> Path:
    """60 small pictures of two kinds."""
    draw = np.random.default_rng(0)
    for label, angle in (("stripes", 0), ("bars", 1)):
        (folder / label).mkdir(parents=True)
        for i in range(30):
            wave = np.sin(np.arange(16) * draw.uniform(0.6, 1.2) + draw.uniform(0, 6))
            picture = np.tile(wave, (16, 1)) if angle else np.tile(wave, (16, 1)).T
            pixels = (127 + 90 * picture + draw.normal(0, 8, (16, 16))).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{i:03d}.png")
    return folder


def gan(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ganworks_cli.main", *arguments]


def run_command(data: Path, out: Path) -> list[str]:
    options = ["--steps", str(STEPS), "--threads", "1", "--seeds", "2", "--images-per-class", "12"]
    recipe = ["--recipe", "sngan", "--set", "recipe_options={batch=16, width=8}"]
    return gan("run", "medical-augment", "--data", str(data), "--out", str(out), *options, *recipe)


def finish(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def kill_at_random(data: Path, out: Path, kills: int, longest_seconds: float) -> int:
    """Start, kill, resume, kill, ... and let the last resume finish; return the kills that hit."""
    random.seed(kills)
    hits = 0
    for _ in range(kills):
        started = (out / "run.toml").exists()
        command = gan("resume", str(out)) if started else [*run_command(data, out), "--force"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.5, longest_seconds))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            hits += 1
        process.wait()
    finish(gan("resume", str(out)) if (out / "run.toml").exists() else run_command(data, out))
    return hits


def check(tmp_path: Path, kills: int) -> None:
    data = make_folder(tmp_path / "data")
    started = time.perf_counter()
    finish(run_command(data, tmp_path / "whole"))
    longest = time.perf_counter() - started
    hits = kill_at_random(data, tmp_path / "killed", kills, longest)
    assert hits >= kills // 2

    for name in (f"step-{STEPS:09d}.safetensors", "best.safetensors"):
        whole, scalars = read_tensors(tmp_path / "whole" / "checkpoints" / name)
        killed, others = read_tensors(tmp_path / "killed" / "checkpoints" / name)
        assert whole.keys() == killed.keys()
        assert [key for key in whole if not whole[key].equal(killed[key])] == []
        assert scalars["step"] == others["step"]
    left_over = [p for p in (tmp_path / "killed").rglob("*.part") if p.is_file()]
    for name in ("metrics.json", "report.html", "samples/manifest.csv", "model/generator.onnx"):
        assert (tmp_path / "killed" / name).exists()
    assert all(p.name.startswith(".") for p in left_over)  # hidden scratch, never taken for whole


@pytest.mark.timeout(280)
def test_two_kills(tmp_path):
    check(tmp_path, kills=2)


@pytest.mark.slow
def test_twenty_kills(tmp_path):
    check(tmp_path, kills=20)
