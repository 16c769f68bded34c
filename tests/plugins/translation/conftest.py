"""Pictures of shapes, grey and coloured, as the files that a user would have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganworks.registry import discover
from ganworks.session import Session
from ganworks_cli.main import main

HEIGHT, WIDTH = 24, 32
PAIRS = 40
COLOURS = np.array([[30, 40, 60], [220, 60, 40], [60, 200, 80]], np.uint8)  # ground, disc, box
SMALL = ("--set", "recipe_options.width=8", "--set", "recipe_options.batch=2")
QUICK = ("--threads", "1", "--set", "bf16=false", "--images", "4", *SMALL)


def label_map(row: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """(height, width) of 0 (ground), 1 (a disc) and 2 (a box); no two rows alike."""
    draw = np.random.default_rng(row)
    y, x = np.mgrid[:height, :width]
    found = np.zeros((height, width), np.uint8)
    top, left = draw.integers(1, height - 8), draw.integers(1, width - 8)
    found[top : top + draw.integers(4, 8), left : left + draw.integers(4, 8)] = 2
    centre, radius = (draw.integers(4, height - 4), draw.integers(4, width - 4)), draw.uniform(3, 6)
    found[(y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2] = 1
    return found


def colour(row: int, **size: int) -> np.ndarray:
    """(height, width, 3): every shape in its colour, with a little shade."""
    shade = np.random.default_rng(row + 1000).integers(0, 20, (1, 1, 3))
    return (COLOURS[label_map(row, **size)] + shade).astype(np.uint8)


def grey(row: int, **size: int) -> np.ndarray:
    """(height, width): the luma of `colour`."""
    return np.asarray(Image.fromarray(colour(row, **size)).convert("L"))


def write_pairs(root: Path, rows: int = PAIRS, **size: int) -> Path:
    """``a`` grey, ``b`` in colour, paired by name."""
    for letter, picture in (("a", grey), ("b", colour)):
        (root / letter).mkdir(parents=True)
        for row in range(rows):
            Image.fromarray(picture(row, **size)).save(root / letter / f"shape_{row:03d}.png")
    return root


def write_labels(root: Path, rows: int = PAIRS) -> Path:
    """``a`` palette label maps, ``b`` in colour, paired by name."""
    for letter in "ab":
        (root / letter).mkdir(parents=True)
    for row in range(rows):
        image = Image.fromarray(label_map(row))
        image.putpalette(COLOURS[::-1].tobytes())
        image.save(root / "a" / f"{row:03d}.png")
        Image.fromarray(colour(row)).save(root / "b" / f"{row:03d}.png")
    return root


@pytest.fixture(scope="session")
def run() -> Callable[..., Session]:
    """``run(out, *words)`` runs `gan run translate`, which must return ``code``, and opens its session."""

    def start(out: Path, *words: Any, code: int = 0) -> Session:
        asked = ["run", "translate", "--out", out, *QUICK, *words]
        assert main([str(word) for word in asked]) == code
        return Session.open(out, discover(third_party=False))

    return start


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("translation") / "pairs")


@pytest.fixture(scope="session")
def label_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Label maps in ``a``, what they stand for in ``b``."""
    return write_labels(tmp_path_factory.mktemp("translation") / "labels")


@pytest.fixture(scope="session")
def paired_words(pairs: Path) -> tuple[Any, ...]:
    """What the run `paired` was asked for."""
    return ("--pairs", pairs, "--recipe", "pix2pix", "--steps", 24)


@pytest.fixture(scope="session")
def paired(
    paired_words: tuple[Any, ...], run: Callable[..., Session], tmp_path_factory: pytest.TempPathFactory
) -> Session:
    """A finished run from grey to colour."""
    return run(tmp_path_factory.mktemp("translation") / "paired", *paired_words)
