"""Restoration recipes: what their terms are, what they learn, and the way between pixels and textures."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from ganworks.data import PairedDataset
from ganworks.networks import FrozenPyramid
from ganworks.recipes.esrgan import esrgan
from ganworks.recipes.restore import restore
from ganworks.recipes.srgan import srgan
from ganworks.space import SampleSpace
from ganworks.training import (
    RELATIVISTIC_AVERAGE,
    Batch,
    Budget,
    EngineSettings,
    Step,
    TorchEngine,
    TrainingState,
    charbonnier,
    fit,
    interpolated,
    no_augmentation,
    perceptual,
)

SMALL, LARGE = (SampleSpace(channels=3, size=(side, side)) for side in (16, 32))


def train(recipe, data, steps: int, seed: int = 0) -> TrainingState:
    return fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=steps), seed=seed)


def photo_patches() -> PairedDataset:
    """Patches of a photo, 32 x 32, and the same shrunk to half."""
    photo = torch.from_numpy(skimage.data.astronaut().copy()).permute(2, 0, 1).float()
    patches = photo.unfold(1, 32, 32).unfold(2, 32, 32).permute(1, 2, 0, 3, 4).reshape(-1, 3, 32, 32)
    halves = F.interpolate(patches, scale_factor=0.5, mode="bicubic", antialias=True).clamp(0, 255).round()
    return PairedDataset(patches.byte().numpy(), halves.byte().numpy())


class Halves(nn.Module):
    """A feature network whose maps are known: the values themselves, and means of 2 x 2."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def pyramid(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [self.weight * x, F.avg_pool2d(self.weight * x, 2)]


def known_step(networks: dict[str, nn.Module], real: torch.Tensor, fake: torch.Tensor) -> Step:
    step = Step(
        networks,
        Batch(torch.zeros(len(real), dtype=torch.int64), torch.zeros(len(real), 1), lambda: real),
        moving=("generator",),
        augment=no_augmentation,
        autocast=lambda network: torch.autocast("cpu", enabled=False),
    )
    step._memo["fake"] = fake
    return step


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    real, fake = (torch.rand(3, 1, 8, 8, generator=draw) * 2 - 1 for _ in range(2))
    return real, fake


def test_charbonnier_has_its_closed_form_and_tends_to_the_absolute_distance():
    real, fake = pair()
    step = known_step({}, real, fake)
    expected = np.sqrt((fake - real).numpy() ** 2 + 0.5**2).mean((1, 2, 3))
    torch.testing.assert_close(charbonnier(step, epsilon=0.5), torch.from_numpy(expected))
    torch.testing.assert_close(charbonnier(step, epsilon=1e-6), (fake - real).abs().mean((1, 2, 3)))


def test_the_perceptual_term_is_a_share_of_the_features_and_reaches_the_generator():
    real, fake = pair()
    fake.requires_grad_()
    step = known_step({"features": FrozenPyramid(Halves())}, real, fake)
    value = perceptual(step)
    maps = [(real, fake), (F.avg_pool2d(real, 2), F.avg_pool2d(fake, 2))]
    expected = sum((b - a).abs().mean((1, 2, 3)) / a.abs().mean() for a, b in maps) / 2
    torch.testing.assert_close(value, expected)
    (slope,) = torch.autograd.grad(value.sum(), fake)
    assert slope.abs().min() > 0


def test_the_perceptual_term_asks_for_its_network():
    recipe = srgan(LARGE, source=SMALL)
    lacking = {name: net for name, net in recipe.networks.items() if name != "features"}
    with pytest.raises(ValueError, match="network named 'features'"):
        replace(recipe, networks=lacking)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-4, 4), min_size=4, max_size=12), st.floats(-3, 3))
def test_the_relativistic_average_is_esrgan_s_and_blind_to_a_common_shift(values, shift):
    logits = torch.tensor(values, dtype=torch.float64)
    real, fake = logits[: len(logits) // 2].view(-1, 1), logits[len(logits) // 2 :].view(-1, 1)
    fake = fake[: len(real)]
    above = torch.sigmoid(real - fake.mean())  # D_Ra(real, fake) of Wang et al. 2018, eq. 1
    below = torch.sigmoid(fake - real.mean())
    expected = -(above.log().mean() + (1 - below).log().mean()) / 2
    loss = RELATIVISTIC_AVERAGE
    torch.testing.assert_close(loss.discriminator(real, fake).mean(), expected)
    torch.testing.assert_close(
        loss.generator(fake, real).mean(), -((1 - above).log().mean() + below.log().mean()) / 2
    )
    torch.testing.assert_close(
        loss.discriminator(real + shift, fake + shift), loss.discriminator(real, fake), atol=1e-8, rtol=1e-6
    )


def test_restore_takes_away_a_third_of_the_error_that_it_begins_with():
    data = photo_patches()
    recipe = restore(data.space, source=data.source_space, width=16, depth=2, lr=4e-3, decay_images=150 * 16)
    net = train(recipe, data, 150).generator()
    every = torch.arange(len(data))
    with torch.no_grad():
        made = net(torch.zeros(len(data), 1), data.sources(every)).clamp(-1, 1)
    repeated = F.interpolate(data.sources(every), scale_factor=2, mode="nearest")
    error, start = ((x - data.rows(every)).square().mean() for x in (made, repeated))
    assert error < 2 / 3 * start


@pytest.mark.parametrize("recipe", [srgan, esrgan])
def test_the_game_begins_after_the_pixels(recipe):
    data = photo_patches()
    small = partial(recipe, data.space, source=data.source_space, batch=4, width=8, depth=1, critic_width=4)
    state = train(small(warm_images=8), data, 2)
    fresh = TrainingState(small(warm_images=8), TorchEngine(EngineSettings()))
    untouched = state.networks["discriminator"].state_dict()
    assert all(
        value.equal(untouched[key]) for key, value in fresh.networks["discriminator"].state_dict().items()
    )
    later = train(small(warm_images=8), data, 3).networks["discriminator"].state_dict()
    assert any(not value.equal(untouched[key]) for key, value in later.items())


@pytest.mark.parametrize("recipe", [srgan, esrgan])
def test_the_frozen_features_are_in_no_checkpoint(recipe):
    small = recipe(LARGE, source=SMALL, batch=4, width=8, depth=1)
    state = TrainingState(small, TorchEngine(EngineSettings()))
    assert [key for key in state.tensors() if "features" in key] == []
    again = TrainingState(small, TorchEngine(EngineSettings()), seed=1)
    again.load(state.tensors(), state.scalars())
    assert all(value.equal(again.tensors()[key]) for key, value in state.tensors().items())
    assert again.networks["features"].features.conv_stem.weight.abs().sum() > 0


def test_without_features_no_pretrained_network_is_part_of_it():
    tiny, source = (SampleSpace(channels=1, size=(side, side)) for side in (12, 6))
    recipe = srgan(tiny, source=source, features=0.0)
    assert set(recipe.networks) == {"generator", "discriminator"}
    with pytest.raises(ValueError, match="12 x 12 are too small to compare their features"):
        srgan(tiny, source=source)


@pytest.mark.parametrize("recipe", [restore, srgan, esrgan])
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"network": "rdb"}, "did you mean 'rrdb'"),
        ({"width": 0}, "width must be at least 1"),
        ({"depth": -1}, "depth must be at least 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(recipe, options, reason):
    with pytest.raises(ValueError, match=reason):
        recipe(LARGE, source=SMALL, **options)


def test_the_rate_falls_as_asked():
    by_images = {
        decay: restore(LARGE, source=SMALL, lr=1.0, decay_images=1_000, decay=decay).phases()[0].optimizer.lr
        for decay in ("cosine", "linear")
    }
    assert [round(by_images["linear"](n), 3) for n in (0, 250, 1_000, 9_000)] == [1.0, 0.755, 0.02, 0.02]
    assert by_images["cosine"](250) > by_images["linear"](250)
    assert restore(LARGE, source=SMALL, lr=0.5, decay_images=0).phases()[0].optimizer.lr == 0.5
    with pytest.raises(ValueError, match="cosine or linear"):
        restore(LARGE, source=SMALL, decay="steps")


def states() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    draw = torch.Generator().manual_seed(0)
    a, b = ({"w": torch.randn(3, 2, generator=draw), "b": torch.randn(2, generator=draw)} for _ in range(2))
    return {**a, "n": torch.tensor(3)}, {**b, "n": torch.tensor(8)}


@given(st.floats(0, 1))
def test_interpolation_is_a_straight_line(share):
    pixel, gan = states()
    between = interpolated(pixel, gan, share)
    for name in ("w", "b"):
        torch.testing.assert_close(between[name], (1 - share) * pixel[name] + share * gan[name])
    assert between["n"] == (3 if share < 0.5 else 8)


def test_the_ends_of_an_interpolation_are_the_networks_themselves():
    pixel, gan = states()
    assert all(value.equal(pixel[name]) for name, value in interpolated(pixel, gan, 0.0).items())
    assert all(value.equal(gan[name]) for name, value in interpolated(pixel, gan, 1.0).items())
    interpolated(pixel, gan, 0.0)["w"].zero_()
    assert pixel["w"].any()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"w": torch.zeros(2, 3)}, r"'w' is \(3, 2\) of float32 and \(2, 3\) of float32"),
        ({"w": torch.zeros(3, 2).half()}, "float16"),
        ({"extra": torch.zeros(1)}, "as 'extra'"),
    ],
)
def test_networks_of_other_architectures_are_not_interpolated(change, reason):
    pixel, gan = states()
    with pytest.raises(ValueError, match=reason):
        interpolated(pixel, {**gan, **change}, 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        interpolated(pixel, gan, 1.5)
