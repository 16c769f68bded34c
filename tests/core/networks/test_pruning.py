"""Channels that are cut out: the right ones, everywhere they go, and nothing where it cannot be done."""

import sys

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ganworks import plugin
from ganworks.errors import MissingExtraError
from ganworks.networks.pruning import pruned
from ganworks.registry import discover
from ganworks.space import SampleSpace

pytest.importorskip("torch_pruning", reason="needs ganworks[prune]")

SPACE = SampleSpace(channels=2, size=(20, 28), classes=("a", "b"))
CUT = ["dcgan", "sngan", "projected", "sagan", "biggan", "infogan", "vae"]
WHOLE = ["stylegan2", "progressive", "vanilla", "r3gan"]  # layers of their own, or none that feed another


def generator(name: str):
    registry = discover(third_party=False)
    recipe = registry.load(registry.find(plugin.Recipe, name))(SPACE, width=8)
    example = torch.randn(3, recipe.draw.latent), torch.tensor([0, 1, 1])
    return recipe.networks["generator"]().eval(), example


def count(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("name", CUT)
def test_generators_of_plain_layers_lose_channels_and_still_learn(name):
    whole, example = generator(name)
    before = {key: value.clone() for key, value in whole.state_dict().items()}
    small = pruned(whole, example, 0.5)
    assert count(small) < count(whole)
    assert all(value.equal(before[key]) for key, value in whole.state_dict().items())
    made = small(*example)
    assert made.shape == (3, *SPACE.shape)
    made.square().mean().backward()
    assert all(weight.grad is not None for weight in small.parameters())
    again = pruned(whole, example, 0.5).state_dict()
    assert all(value.equal(again[key]) for key, value in small.state_dict().items())


@pytest.mark.parametrize("name", WHOLE)
def test_others_are_refused(name):
    whole, example = generator(name)
    with pytest.raises(ValueError, match="has no channels that can be cut out"):
        pruned(whole, example, 0.5)


def test_the_weakest_filters_go_with_what_reads_them():
    net = nn.Sequential(
        spectral_norm(nn.Conv2d(1, 8, 3)), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 3)
    ).eval()
    with torch.no_grad():
        net[0].parametrizations.weight.original.mul_(torch.arange(1, 9)[:, None, None, None])
        net[1].weight.copy_(torch.arange(8.0))
    strength = net[0].weight.abs().sum((1, 2, 3))
    kept = strength.argsort()[2:].sort().values
    small = pruned(net, [torch.randn(1, 1, 9, 9)], 0.75)
    assert small[1].weight.tolist() == kept.tolist()
    assert small[3].weight.equal(net[3].weight[:, kept])
    assert small[3].out_channels == 2


def test_all_channels_may_stay_but_none_may_not():
    whole, example = generator("dcgan")
    with pytest.raises(ValueError, match="no channels"):
        pruned(whole, example, 1.0)
    for keep in (0.0, 1.5):
        with pytest.raises(ValueError, match="between 0 and 1"):
            pruned(whole, example, keep)


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_pruning", None)
    whole, example = generator("dcgan")
    with pytest.raises(MissingExtraError, match=r"pip install 'ganworks\[prune\]'"):
        pruned(whole, example, 0.5)
