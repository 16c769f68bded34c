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
    return [sys.executable, "-m", "ganworks_cli", *arguments]


def run_command(data: Path, out: Path) -> list[str]:
    options = ["--steps", str(STEPS), "--threads", "1", "--seeds", "2", "--images-per-class", "12"]
    recipe = ["--recipe", "sngan", "--set", "recipe_options={batch=16, width=8}"]
    recipe += ["--set", "checkpoint_seconds=0.3"]
    return gan("run", "medical-augment", "--data", str(data), "--out", str(out), *options, *recipe)


def finish(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def log_lines(out: Path) -> int:
    log = out / "log.jsonl"
    return len(log.read_bytes().splitlines()) if log.exists() else 0


def kill_at_random(data: Path, out: Path, kills: int, lines: int) -> int:
    """Start, kill, resume, kill, ... and let the last resume finish; return the kills that hit.

    Moments are drawn along the log, not along the clock: a busy machine would shift every one of them.
    """
    draw = random.Random(kills)
    hits = 0
    for left in range(kills, 0, -1):
        started = (out / "run.toml").exists()
        command = gan("resume", str(out)) if started else [*run_command(data, out), "--force"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        target = log_lines(out) + draw.randint(1, max(2, 2 * lines // (left + 1)))
        while process.poll() is None and log_lines(out) < target:
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 0.2))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            hits += 1
        process.wait()
    finish(gan("resume", str(out)) if (out / "run.toml").exists() else run_command(data, out))
    return hits


def check(tmp_path: Path, kills: int) -> None:
    data = make_folder(tmp_path / "data")
    finish(run_command(data, tmp_path / "whole"))
    hits = kill_at_random(data, tmp_path / "killed", kills, log_lines(tmp_path / "whole"))
    assert hits >= kills // 2

    for name in (f"step-{STEPS:09d}.safetensors", "best.safetensors"):
        whole, scalars = read_tensors(tmp_path / "whole" / "checkpoints" / name)
        killed, others = read_tensors(tmp_path / "killed" / "checkpoints" / name)
        assert whole.keys() == killed.keys()
        assert [key for key in whole if not whole[key].equal(killed[key])] == []
        assert scalars["step"] == others["step"]
    for name in ("metrics.json", "report.html", "samples/manifest.csv", "model/generator.onnx"):
        assert (tmp_path / "killed" / name).exists()


@pytest.mark.timeout(280)
def test_two_kills(tmp_path):
    check(tmp_path, kills=2)


@pytest.mark.slow
def test_twenty_kills(tmp_path):
    check(tmp_path, kills=20)
