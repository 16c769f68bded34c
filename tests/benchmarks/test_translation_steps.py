"""The benchmark of translation: both sides train the same function, and the command prints its table."""

from __future__ import annotations

import pytest
import torch
import translation
from translation import CASES, build, our_step


@pytest.fixture(autouse=True)
def threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["pix2pix-4", "cyclegan-6"])
def test_ours_and_plain_have_equal_losses_step_by_step(name):
    case = CASES[name].small()
    plain, ours = build(case, "plain"), our_step(case)
    for _ in range(4):  # updated in between: equal losses later mean equal gradients before
        assert ours() == pytest.approx(plain(), rel=2e-4)


def test_the_u_net_of_the_benchmark_is_the_paper_s():
    with torch.device("meta"):
        network = translation.recipe_of(CASES["pix2pix-1"]).networks["generator"]()
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(54.4e6, rel=1e-3)


@pytest.mark.slow  # its two processes import torch
def test_the_command_prints_a_ratio_a_variant(capsys):
    translation.main(["--small", "--only", "pix2pix-1", "--variants", "float32", "--repeats", "2"])
    *_, heads, _, cells = capsys.readouterr().out.splitlines()
    assert heads == "| step | plain, ms | float32 |"
    name, plain, ratio = (cell.strip() for cell in cells.strip("|").split("|"))
    assert name == "pix2pix-1"
    assert float(plain) > 0
    assert float(ratio) > 0
