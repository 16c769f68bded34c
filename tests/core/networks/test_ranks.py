"""Every recipe on samples of every rank: it makes them, or says at once that it is not made for them."""

from __future__ import annotations

import pytest
import torch

from ganworks import plugin
from ganworks.networks.blocks import require_rank
from ganworks.registry import discover
from ganworks.space import SampleSpace

REGISTRY = discover(third_party=False)
TAUGHT = ("distilled",)  # needs a trained teacher of each shape: test_recipes_contract.py has some
RECIPES = {
    d.name: d
    for d in REGISTRY.all(plugin.Recipe)
    if d.data not in ("pairs", "unpaired", "restored", "tables") and d.name not in TAUGHT
}
SIZES = [(), (16,), (32, 32), (8, 8, 8)]
IMAGES = ("sngan", "sagan", "biggan", "progressive", "stylegan", "stylegan2", "r3gan", "projected")
RANKS = {"vanilla": [0, 1, 2, 3], "rbm": [0, 1, 2, 3], "recurrent": [1], "gan3d": [3]}
RANKS |= {name: [2] for name in IMAGES}
CASES = [(name, size, len(size) in RANKS.get(name, [1, 2, 3])) for name in RECIPES for size in SIZES]
TAKEN = [(name, size) for name, size, fits in CASES if fits]
REFUSED = [(name, size) for name, size, fits in CASES if not fits]


def a_space(size: tuple[int, ...]) -> SampleSpace:
    return SampleSpace(channels=2, size=size, classes=("a", "b"))


@pytest.mark.parametrize(("name", "size"), TAKEN, ids=str)
def test_a_recipe_makes_samples_of_the_ranks_it_is_made_for(name, size):
    recipe = REGISTRY.load(RECIPES[name])(a_space(size), batch=4, width=8)
    generator = recipe.networks["generator"]().eval()
    made = generator(torch.randn(4, recipe.draw.latent), torch.arange(4) % 2)
    assert made.shape == (4, 2, *size)


@pytest.mark.parametrize(("name", "size"), REFUSED, ids=str)
def test_a_recipe_refuses_samples_of_other_ranks(name, size):
    with pytest.raises(ValueError, match=f"{len(size)} axes .* this recipe is made for"):
        REGISTRY.load(RECIPES[name])(a_space(size), batch=4, width=8)


def test_a_refusal_says_what_a_recipe_is_made_for():
    volume = a_space((8, 8, 8))
    require_rank(volume, 2, 3)
    with pytest.raises(ValueError, match=r"3 axes .* made for sequences or images \(of 1 or 2\)"):
        require_rank(volume, 1, 2)
