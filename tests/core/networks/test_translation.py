"""Translation networks at odd sizes, the terms that tie them to their sources, and the pool of past fakes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ganworks.data import PairedDataset, UnpairedDataset
from ganworks.deploy import Deployable, Port
from ganworks.networks import (
    MultiscaleDiscriminator,
    PairDiscriminator,
    PatchDiscriminator,
    ResidualTranslator,
    SpadeGenerator,
    UNetGenerator,
)
from ganworks.networks.few_places import Doubling, Halving
from ganworks.networks.translation import ImageNorm, ToImage
from ganworks.networks.unet import DoublingToImage
from ganworks.recipes.cut import cut
from ganworks.recipes.cyclegan import cyclegan
from ganworks.recipes.pix2pix import pix2pix
from ganworks.recipes.pix2pixhd import pix2pixhd
from ganworks.recipes.spade import spade
from ganworks.space import SampleSpace
from ganworks.training import (
    Batch,
    Budget,
    EngineSettings,
    ImagePool,
    Step,
    TorchEngine,
    TrainingState,
    cycle,
    fit,
    identity,
    no_augmentation,
    paired_l1,
)

TRANSLATORS = [UNetGenerator, ResidualTranslator, SpadeGenerator]
SIZES = [(8, 8), (9, 14), (20, 28), (33, 17), (64, 40)]


def images(channels: int, size: tuple[int, ...]) -> SampleSpace:
    return SampleSpace(channels=channels, size=size)


def some(space: SampleSpace, rows: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.rand(rows, *space.shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("network", TRANSLATORS)
def test_a_translator_keeps_any_size_and_changes_the_channels(network, size):
    source, target = images(1, size), images(3, size)
    torch.manual_seed(0)
    made = network(source, target, width=4)(torch.zeros(2, 1), some(source))
    assert made.shape == (2, 3, *size)
    assert made.abs().max() <= 1


@pytest.mark.parametrize("network", TRANSLATORS)
def test_a_translation_depends_on_its_own_source_alone(network):
    space = images(2, (20, 28))
    torch.manual_seed(0)
    translate = network(space, space, width=4).eval()
    x = some(space, rows=4)
    together = translate(torch.zeros(4, 1), x)
    torch.testing.assert_close(together[2:3], translate(torch.ones(1, 1), x[2:3]), atol=1e-6, rtol=0)
    assert not together[0].equal(together[1])


@pytest.mark.parametrize("network", TRANSLATORS)
@pytest.mark.parametrize("times", [(1, 3), (4, 2), (5, 5)], ids=str)
def test_a_translator_takes_any_size_of_its_multiple_whatever_it_was_trained_with(network, times):
    torch.manual_seed(0)
    space = images(2, (32, 40))
    translate = network(space, images(3, space.size), width=4).eval()
    size = tuple(max(factor * translate.multiple, 8) for factor in times)
    made = translate(torch.zeros(2, 1), some(images(2, size)))
    assert translate.scale == 1
    assert made.shape == (2, 3, *size)
    assert made.isfinite().all()


class Translates(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, source):
        return self.network(source.new_zeros(source.shape[0], 1), source)


@pytest.mark.slow  # every recipe exports at the size of its training in the contract tests
@pytest.mark.parametrize("network", TRANSLATORS)
def test_a_translator_exports_with_free_height_and_width(network, tmp_path):
    from ganworks_exports.onnx import export

    torch.manual_seed(0)
    space = images(2, (32, 40))
    translate = network(space, space, width=4)
    sides = ("batch", 2, "height", "width")
    multiples = {"height": translate.multiple, "width": translate.multiple}
    given = Port(name="image", dtype="float32", shape=sides, meaning="i", low=-1, high=1, multiples=multiples)
    made = Port(name="result", dtype="float32", shape=sides, meaning="i", low=-1, high=1)
    exported = export(
        Deployable(module=Translates(translate), inputs=(given,), outputs=(made,)), tmp_path / "model.onnx"
    )
    assert exported.max_abs_diff < 1e-4


def test_dropout_is_live_in_training_only():
    torch.manual_seed(0)
    space = images(1, (32, 32))
    translate, x, z = UNetGenerator(space, space, width=8, dropout=0.5), some(space), torch.zeros(2, 1)
    assert not translate(z, x).equal(translate(z, x))
    translate.eval()
    assert translate(z, x).equal(translate(z, x))
    without = UNetGenerator(space, space, width=8, dropout=0.0)
    assert without(z, x).equal(without(z, x))


def test_the_u_net_of_the_paper_has_its_size():
    space = images(3, (256, 256))
    with torch.device("meta"):
        net = UNetGenerator(space, space, width=64, levels=8)
    assert net.multiple == 256
    # 54.41 M with BatchNorm, whose scales and shifts and the bias of the last layer are counted there
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(54.4e6, rel=1e-3)


def test_spade_tells_labels_apart_at_one_place_only():
    torch.manual_seed(0)
    source = images(3, (32, 32))
    paint = SpadeGenerator(source, images(1, source.size), width=4, hidden=4).eval()
    labels = -torch.ones(1, 3, 32, 32)
    labels[:, 0] = 1
    changed = labels.clone()
    changed[:, :2, 16, 16] = torch.tensor([-1.0, 1.0])
    difference = (paint(torch.zeros(1, 1), labels) - paint(torch.zeros(1, 1), changed)).abs()
    assert difference[0, 0, 16, 16] > 0
    assert difference[0, 0, 16, 16] > difference[0, 0, :4].max()


@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_critics_of_several_scales_judge_pairs_of_any_size_row_by_row(size, spectral):
    source, target = images(2, size), images(1, size)
    torch.manual_seed(0)
    critic = MultiscaleDiscriminator(source, target, width=4, scales=3, spectral_norm=spectral).eval()
    assert len(critic.critics) == (3 if min(size) >= 32 else 2 if min(size) >= 16 else 1)
    x, y = some(target, rows=3), some(source, rows=3)
    whole = critic(x, y)
    torch.testing.assert_close(critic(x[1:2], y[1:2]).logits, whole.logits[1:2], atol=1e-5, rtol=0)
    assert {name.split("/")[0] for name in whole.features} == {str(s) for s in range(len(critic.critics))}
    assert not whole.logits.allclose(critic(x, y.flip(0)).logits)


@pytest.mark.parametrize(
    ("layer", "times"), [(ToImage(5, 3), 1), (DoublingToImage(5, 3), 2)], ids=["7x7", "4x4"]
)
@pytest.mark.parametrize("size", [(6, 8), (10, 4), (7, 9)], ids=str)
def test_the_last_layer_is_the_same_function_in_training(layer, times, size):
    x = some(images(5, size)).double().requires_grad_()
    layer = layer.double()
    found = []
    for training in (True, False):
        y = layer.train(training)(x)
        assert y.shape == (2, 3, times * size[0], times * size[1])
        found.append((y, *torch.autograd.grad(y.square().sum(), (x, layer.weight, layer.bias))))
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("layer", [Halving(64, 5), Halving(64, 5, bias=False), Doubling(64, 5)], ids=str)
@pytest.mark.parametrize("size", [(2, 2), (4, 4), (3, 2), (8, 12)], ids=str)
def test_a_map_of_few_places_is_the_same_function_in_training(layer, size):
    x = some(images(64, size)).double().requires_grad_()
    layer = layer.double()
    found = []
    for training in (True, False):
        y = layer.train(training)(x)
        found.append((y, *torch.autograd.grad(y.square().sum(), (x, *layer.parameters()))))
    torch.testing.assert_close(*found)


def test_normalisation_is_the_same_function_in_training():
    norm, x = ImageNorm(3), (some(images(3, (6, 8))) * 5 + 2).double()
    torch.testing.assert_close(norm.train()(x), norm.eval()(x))


def test_every_level_of_the_u_net_is_reached_by_a_gradient():
    space = images(1, (20, 28))
    net = UNetGenerator(space, space, width=4)
    net(torch.zeros(2, 1), some(space)).square().mean().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_patch_of_the_discriminator_sees_seventy_pixels():
    net = PatchDiscriminator(1, (128, 128), width=2)
    # normalisation reads whole images: without it a logit depends on its patch alone
    net.norms = nn.ModuleList(nn.Identity() for _ in net.norms)
    x = torch.randn(1, 1, 128, 128, requires_grad=True)
    logits = net(x, x).logits.view(1, 16, 16)
    (slope,) = torch.autograd.grad(logits[0, 8, 8], x)
    rows = slope[0, 0].abs().sum(1).nonzero()
    assert rows.max() - rows.min() + 1 == 70


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_pair_is_judged_by_its_source_and_row_by_row(size):
    source, target = images(2, size), images(1, size)
    torch.manual_seed(0)
    critic = PairDiscriminator(source, target, width=4)
    x, y = some(target, rows=3), some(source, rows=3)
    logits = critic(x, y).logits
    assert not logits.allclose(critic(x, y.flip(0)).logits)
    torch.testing.assert_close(critic(x[1:2], y[1:2]).logits, logits[1:2], atol=1e-5, rtol=0)


@pytest.mark.parametrize("recipe", [pix2pix, pix2pixhd, spade, cyclegan, cut])
@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (images(1, (16, 16)), images(1, (16, 24)), "differ"),
        (images(1, (4, 16)), images(1, (4, 16)), "too small"),
        (SampleSpace(channels=1, size=(16,)), images(1, (16, 16)), "made for images"),
    ],
)
def test_what_cannot_be_translated_is_refused_with_the_reason(recipe, source, target, reason):
    with pytest.raises(ValueError, match=reason):
        recipe(target, source=source)


class Scale(nn.Module):
    """A translator whose answers are known: the source times a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, latent, source):
        return source * self.factor


def known_step(there: float, back: float) -> tuple[Step, np.ndarray, np.ndarray]:
    space = images(1, (3, 5))
    x, y = some(space, seed=1), some(space, seed=2)
    batch = Batch(torch.zeros(2, dtype=torch.int64), torch.zeros(2, 1), lambda: y, lambda: x)
    step = Step(
        {"generator": Scale(there), "generator_back": Scale(back)},
        batch,
        moving=("generator", "generator_back"),
        augment=no_augmentation,
        autocast=lambda network: torch.autocast("cpu", enabled=False),
    )
    return step, x.numpy(), y.numpy()


def test_the_ties_have_their_closed_form():
    there, back = 0.5, 0.7
    step, x, y = known_step(there, back)

    def rows(value: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.abs(value).mean((1, 2, 3)))

    both_ways = abs(there * back - 1)
    torch.testing.assert_close(cycle(step), both_ways * (rows(x) + rows(y)))
    torch.testing.assert_close(identity(step), (1 - there) * rows(y) + (1 - back) * rows(x))
    torch.testing.assert_close(paired_l1(step), rows(there * x - y))


def test_the_cycle_vanishes_where_the_translators_undo_each_other():
    step, _, _ = known_step(0.5, 2.0)
    assert cycle(step).max() < 1e-6


def train(recipe, data, steps: int) -> TrainingState:
    return fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=steps))


def uniform_array(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def test_identity_is_asked_for_only_where_it_has_a_meaning():
    alike, other = images(1, (16, 16)), images(3, (16, 16))
    with_it = [term.name for term in cyclegan(alike, source=alike).phases()[0].terms]
    without = [term.name for term in cyclegan(alike, source=other).phases()[0].terms]
    assert "identity" in with_it
    assert "identity" not in without


def test_both_critics_of_a_cycle_learn_from_their_pools():
    data = UnpairedDataset(uniform_array((6, 1, 16, 16), 0), uniform_array((9, 3, 16, 16), 1))
    recipe = cyclegan(data.space, source=data.source_space, batch=4, width=4, blocks=1, pool=5)
    state = train(recipe, data, 3)
    assert state.networks["pool"].kept.all()
    assert state.networks["pool_back"].samples.shape == (5, 3, 16, 16)
    assert state.networks["pool_back"].samples.abs().sum((1, 2, 3)).gt(0).all()


def test_pix2pix_learns_a_pair_that_it_has_seen():
    sources = uniform_array((4, 1, 16, 16), 0)
    data = PairedDataset(-sources, sources)
    recipe = pix2pix(data.space, source=data.source_space, width=16, dropout=0.0, lr=2e-3)
    translate = train(recipe, data, 60).generator()
    with torch.no_grad():
        made = translate(torch.zeros(4, 1), torch.from_numpy(sources)).numpy()
    assert np.abs(made + sources).mean() < 0.25  # a constant answer is wrong by 0.5


def test_the_pool_keeps_exactly_as_many_as_it_holds():
    torch.manual_seed(0)
    space = images(1, (2, 2))
    pool = ImagePool(space, size=5)
    given: list[float] = []
    for call in range(8):
        values = [float(3 * call + i) for i in range(3)]
        given += values
        new = torch.tensor(values).view(3, 1, 1, 1).expand(3, 1, 2, 2)
        shown, labels = pool(new, torch.tensor(values).long())
        assert shown.shape == (3, 1, 2, 2)
        assert shown[:, 0, 0, 0].long().equal(labels)  # every sample comes with its own label
        assert pool.kept.sum() == min(3 * (call + 1), 5)
    held = pool.samples[:, 0, 0, 0].tolist()
    assert len(set(held)) == 5
    assert set(held) <= set(given)
    assert pool.labels.equal(pool.samples[:, 0, 0, 0].long())


def test_a_full_pool_shows_old_samples_half_of_the_time():
    torch.manual_seed(0)
    pool = ImagePool(images(1, (1, 1)), size=50)
    zeros = torch.zeros(50, dtype=torch.int64)
    pool(torch.zeros(50, 1, 1, 1), zeros)
    old = [int((pool(torch.full((10, 1, 1, 1), float(i)), zeros[:10])[0] < i).sum()) for i in range(1, 201)]
    assert abs(np.mean(old) / 10 - 0.5) < 3 * 0.5 / np.sqrt(2000)


def test_rows_beyond_the_pool_pass_unchanged():
    pool = ImagePool(images(1, (1, 1)), size=2)
    x = torch.arange(6.0).view(6, 1, 1, 1)
    shown, labels = pool(x, torch.arange(6))
    assert shown.equal(x)
    assert labels.equal(torch.arange(6))
