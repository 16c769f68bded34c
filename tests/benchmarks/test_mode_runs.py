"""The command that compares methods: what is done is not done again, and the table says what was measured."""

from __future__ import annotations

from collections.abc import Iterator

import modes
import pytest
import torch
from _mode_report import Line, read, table

RING = ["--only", "non-saturating", "--mixtures", "ring", "--steps", "2"]


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_finished_run_is_not_run_again_and_a_new_seed_is_added(tmp_path):
    modes.main(["--out", str(tmp_path), *RING, "--seeds", "1"])
    first = read(tmp_path)
    assert [(line.method, line.seed, line.steps) for line in first] == [("non-saturating", 0, 2)]
    assert (tmp_path / "ring.png").exists()
    modes.main(["--out", str(tmp_path), *RING, "--seeds", "2"])
    assert [line.seed for line in read(tmp_path)] == [0, 1]
    assert read(tmp_path)[0] == first[0]


def line(mixture: str, seed: int, modes: int, recipe: str = "a") -> Line:
    return Line(mixture, "hinge", seed, 100, recipe, modes, 0.5, 0.25, 10.0)


def test_the_table_holds_mean_and_standard_error_of_the_recipe_run_last():
    lines = [line("ring", 0, 1, recipe="old"), line("ring", 0, 7), line("ring", 1, 8), line("grid", 0, 25)]
    row = table(lines).splitlines()[-1]
    assert row == "| hinge | 1 | 100 | 7.5 ± 0.5 | 50.0 ± 0.0 | 0.250 ± 0.000 | 25.0 | 50.0 | 0.250 | 10 |"
