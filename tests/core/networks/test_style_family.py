"""Growing and style-based networks: growth, modulation, mixing, path length."""

from __future__ import annotations

from contextlib import nullcontext
from math import log

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganworks.networks import (
    GrowingDiscriminator,
    ProgressiveGenerator,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
    StyleGANGenerator,
)
from ganworks.networks.modulated import DemodulatedConv2d
from ganworks.networks.progressive import Canvas
from ganworks.space import SampleSpace
from ganworks.training import Batch, Growing, PathLengths, Step, path_length, path_length_weight

SPACE = SampleSpace(channels=2, size=(20, 28), classes=("a", "b"))
SMALL = SampleSpace(channels=1, size=(28, 28))
GENERATORS = [ProgressiveGenerator, StyleGANGenerator, StyleGAN2Generator]
STYLED = [StyleGANGenerator, StyleGAN2Generator]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def some_latents(rows: int = 6) -> tuple[Tensor, Tensor]:
    return torch.randn(rows, 12), torch.arange(rows) % 2


def make(kind: type[nn.Module], space: SampleSpace = SPACE) -> nn.Module:
    return kind(space, 12, width=4, most=16)


def pictures(net: nn.Module, level: float) -> Tensor:
    net.grow_to(level)
    return net.eval()(*some_fixed())


def some_fixed() -> tuple[Tensor, Tensor]:
    return torch.randn(4, 12, generator=torch.Generator().manual_seed(1)), torch.zeros(4, dtype=torch.int64)


@pytest.mark.parametrize("kind", [ProgressiveGenerator, StyleGANGenerator])
def test_a_generator_fades_without_a_jump(kind):
    net = make(kind, SMALL)
    below, at, above = (pictures(net, level) for level in (1 - 1e-5, 1.0, 1 + 1e-5))
    torch.testing.assert_close(below, at, atol=1e-3, rtol=0)
    torch.testing.assert_close(above, at, atol=1e-3, rtol=0)
    assert not torch.allclose(pictures(net, 1.5), at, atol=1e-2)


def test_a_discriminator_fades_without_a_jump():
    net = GrowingDiscriminator(SMALL, width=4, most=16)
    x, labels = torch.randn(4, 1, 28, 28), torch.zeros(4, dtype=torch.int64)

    def judged(level: float) -> Tensor:
        net.grow_to(level)
        return net(x, labels).logits

    below, at, above = (judged(level) for level in (1 - 1e-5, 1.0, 1 + 1e-5))
    torch.testing.assert_close(below, at, atol=1e-3, rtol=0)
    torch.testing.assert_close(above, at, atol=1e-3, rtol=0)
    assert not torch.allclose(judged(1.5), at, atol=1e-3)


@pytest.mark.parametrize("kind", [ProgressiveGenerator, StyleGANGenerator])
def test_the_level_is_saved_with_the_weights(kind):
    grown, fresh = make(kind), make(kind)
    assert isinstance(grown, Growing)
    assert fresh.level == fresh.levels  # whoever does not grow it gets the whole network
    grown.grow_to(1.25)
    state = grown.state_dict()
    assert all(isinstance(value, Tensor) for value in state.values())
    fresh.load_state_dict(state)
    assert fresh.level == 1.25
    fresh.grow_to(99)
    assert fresh.level == fresh.levels


def test_a_level_that_has_not_come_does_not_learn():
    net = make(ProgressiveGenerator)
    net.grow_to(1.0)
    net(*some_latents()).sum().backward()
    assert net.blocks[0].first.weight.grad is not None
    assert net.blocks[1].first.weight.grad is None


@pytest.mark.parametrize("size", [(28, 28), (20, 28), (32, 32)])
@pytest.mark.parametrize("level", [0, 1])
def test_the_canvas_shrinks_what_it_enlarged_to_the_very_map(size, level):
    canvas = Canvas(SampleSpace(channels=1, size=size), 2)
    x = torch.randn(2, 3, *canvas.side(level))
    large = canvas.enlarge(x, level)
    assert large.shape == (2, 3, *size)
    torch.testing.assert_close(canvas.shrink(large, level), x)


@pytest.mark.parametrize("kind", GENERATORS)
def test_evaluation_stays_in_range_and_repeats(kind):
    net = make(kind).eval()
    latent, labels = some_latents()
    x = net(latent, labels)
    assert x.shape == (6, 2, 20, 28)
    assert x.abs().max() <= 1
    assert net(latent, labels).equal(x)
    torch.testing.assert_close(net(latent[2:3], labels[2:3]), x[2:3], atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_generator_exports_with_a_free_batch(kind):
    net = make(kind).eval().requires_grad_(False)
    if isinstance(net, Growing):
        net.grow_to(1.5)  # a run may end within a fade
    free = {0: torch.export.Dim("batch", min=1)}
    program = torch.export.export(net, some_latents(2), dynamic_shapes=(free, free))
    latent, labels = some_latents(5)
    torch.testing.assert_close(program.module()(latent, labels), net(latent, labels), atol=1e-4, rtol=0)


def test_modulation_equals_a_kernel_for_each_row():
    """Karras et al. 2020, eq. 1 and 3 as they are written, one convolution a row."""
    conv = DemodulatedConv2d(5, 7, 3, style=9)
    x, w = torch.randn(4, 5, 8, 6), torch.randn(4, 9)
    s = conv.affine(w)  # (rows, inputs)
    modulated = (conv.weight * conv.scale)[None] * s[:, None, :, None, None]  # (rows, outputs, inputs, 3, 3)
    kernels = modulated * (modulated.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    expected = torch.cat([F.conv2d(x[i : i + 1], kernels[i], padding=1) for i in range(4)])
    torch.testing.assert_close(conv(x, w), expected, atol=1e-5, rtol=1e-5)


def test_demodulated_outputs_have_unit_variance():
    conv = DemodulatedConv2d(32, 64, 3, style=16)
    y = conv(torch.randn(16, 32, 12, 12), 3 * torch.randn(16, 16))[:, :, 1:-1, 1:-1]
    assert y.std().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", STYLED)
def test_noise_and_mixing_are_random_in_training_only(kind):
    net = make(kind)
    latent, labels = some_latents()
    for name, strength in net.named_parameters():
        if name.endswith("noise.strength"):
            nn.init.ones_(strength)
    assert not net(latent, labels).equal(net(latent, labels))
    net.eval()
    assert net(latent, labels).equal(net(latent, labels))


@pytest.mark.parametrize("kind", STYLED)
def test_rows_change_their_latent_at_a_layer_of_their_own(kind):
    net = make(kind)
    latent, labels = some_latents(400)
    w = net.mapping(latent, labels)
    styles = net._mixed(w, latent, labels)
    own = (styles == w[:, None]).all(2)  # (rows, layers)
    assert own[:, 0].all()
    assert (own.int().diff(dim=1) <= 0).all()  # once changed, it stays changed
    assert (~own.all(1)).float().mean().item() == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("kind", STYLED)
def test_the_mean_style_of_a_class_is_tracked(kind):
    net = make(kind)
    for _ in range(60):
        latent, labels = some_latents(64)
        net(latent, labels)
    latent, labels = torch.randn(4000, 12), torch.arange(4000) % 2
    w = net.mapping(latent, labels)
    for label in (0, 1):
        drawn = w[labels == label]
        assert (net.mean[label] - drawn.mean(0)).norm() < 0.1 * drawn.std(0).norm() + 0.02
    assert not torch.allclose(net.mean[0], net.mean[1], atol=1e-2)


@pytest.mark.parametrize("kind", STYLED)
def test_an_absent_class_keeps_its_mean(kind):
    net = make(kind)
    net(torch.randn(8, 12), torch.zeros(8, dtype=torch.int64))
    assert net.mean[0].any()
    assert not net.mean[1].any()


@pytest.mark.parametrize("kind", [GrowingDiscriminator, StyleGAN2Discriminator])
def test_a_discriminator_hears_the_label(kind):
    net = kind(SPACE, width=4, most=16)
    x = torch.randn(8, 2, 20, 28)
    a, b = (net(x, torch.full((8,), label)).logits for label in (0, 1))
    assert a.shape == (8, 1)
    assert not a.allclose(b)


class LinearSynthesis(nn.Module):
    """x = A w, with w the latent itself: J^T y = A^T y wherever w is."""

    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(16, 3))

    def mapping(self, latent: Tensor, labels: Tensor) -> Tensor:
        return latent

    def synthesis(self, styles: Tensor) -> Tensor:
        return (styles[:, 0] @ self.A.T).view(-1, 1, 4, 4)

    def mean_style(self, labels: Tensor) -> Tensor:
        return torch.zeros(len(labels), 3)

    def style_weights(self) -> list[Tensor]:
        return [self.A]

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        return self.synthesis(self.mapping(latent, labels)[:, None])


def a_step(generator: nn.Module) -> Step:
    labels = torch.zeros(8, dtype=torch.int64)
    batch = Batch(labels, torch.randn(8, 3), lambda: torch.zeros(8, 1, 4, 4))
    return Step(
        {"generator": generator, PathLengths.name: PathLengths()},
        batch,
        moving=("generator",),
        augment=lambda x, _: x,
        autocast=lambda _: nullcontext(),
    )


def test_path_length_of_a_linear_generator():
    net = LinearSynthesis()
    step = a_step(net)
    torch.manual_seed(7)
    penalty = path_length(step)
    torch.manual_seed(7)
    y = torch.randn(4, 1, 4, 4).flatten(1) / 4  # sqrt(16 pixels)
    lengths = (y @ net.A).norm(dim=1)
    torch.testing.assert_close(penalty, (lengths - lengths.mean()).square())
    penalty.mean().backward()
    assert net.A.grad.abs().sum() > 0


def test_path_lengths_are_remembered():
    memory = PathLengths(memory=0.9)
    for value in [1.0, 3.0, *[2.0] * 8]:
        memory(torch.full((4,), value))
    assert memory.mean.item() == pytest.approx(2.0)  # a plain mean of the first ten
    memory(torch.full((4,), 12.0))
    assert memory.mean.item() == pytest.approx(3.0)  # then 0.9 old + 0.1 new


def test_the_weight_of_path_length_is_the_papers():
    assert path_length_weight(SampleSpace(channels=3, size=(1024, 1024))) == pytest.approx(
        log(2) / (log(1024) - log(2))
    )
