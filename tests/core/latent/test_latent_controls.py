"""Truncation, mixing, interpolation, directions and projection on generators whose answers are known."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from ganworks.latent import (
    StyleGenerator,
    factorised_directions,
    interpolate,
    latent_space,
    mix_styles,
    principal_directions,
    project,
    strip,
)
from ganworks.networks import (
    DCGANGenerator,
    ResidualGenerator,
    SplitConditioning,
    StyleGAN2Generator,
    StyleGANGenerator,
    UpsamplingGenerator,
)
from ganworks.space import SampleSpace
from ganworks.training import Sampler

SPACE = SampleSpace(channels=1, size=(16, 16), classes=("a", "b"))
STYLED = [StyleGANGenerator, StyleGAN2Generator]
LATENT = 8


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def make(kind: type[nn.Module], **options: object) -> nn.Module:
    """A generator with tracked means, in evaluation mode."""
    net = kind(SPACE, LATENT, width=8, most=16, **options)
    for _ in range(3):
        net(torch.randn(32, LATENT), torch.arange(32) % 2)
    return net.eval().requires_grad_(False)


class Planted(nn.Module):
    """Pictures are A w, and the mapping is linear: one direction of w is made to matter most."""

    def __init__(self, size: int = 6) -> None:
        super().__init__()
        self.direction = nn.functional.normalize(torch.randn(size), dim=0)
        loud = torch.randn(20, 1) * self.direction  # many channels read this direction
        self.A = nn.Parameter(torch.cat([loud, torch.eye(size)]))

    def mapping(self, latent: Tensor, labels: Tensor) -> Tensor:
        return latent + 3 * (latent @ self.direction)[:, None] * self.direction

    def synthesis(self, styles: Tensor) -> Tensor:
        return (styles[:, 0] @ self.A.T)[:, None, None]

    def mean_style(self, labels: Tensor) -> Tensor:
        return torch.zeros(len(labels), self.A.shape[1])

    def style_weights(self) -> list[Tensor]:
        return [self.A]

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        return self.synthesis(self.mapping(latent, labels)[:, None])


def sampler_of(generator: nn.Module) -> Sampler:
    return Sampler(generator, LATENT, 2, torch.device("cpu"))


@pytest.mark.parametrize("kind", [*STYLED, UpsamplingGenerator])
def test_no_truncation_is_the_generator_itself(kind):
    sampler = sampler_of(make(kind))
    labels, seeds = torch.tensor([0, 1, 1]), torch.arange(3)
    plain = sampler.generator(sampler.latents(seeds), labels)
    torch.testing.assert_close(sampler.sample(labels, seeds), plain, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", [*STYLED, UpsamplingGenerator])
def test_full_truncation_is_one_picture_a_class(kind):
    sampler = sampler_of(make(kind))
    labels = torch.tensor([0, 1, 0, 1])
    x = sampler.sample(labels, torch.arange(4), truncation=0.0)
    torch.testing.assert_close(x[0], x[2], atol=1e-6, rtol=0)
    torch.testing.assert_close(x[1], x[3], atol=1e-6, rtol=0)
    points = latent_space(sampler.generator).points(sampler.latents(torch.arange(4)), labels)
    centre = latent_space(sampler.generator).centre(points, labels)
    mean = latent_space(sampler.generator).samples(centre, labels).clamp(-1, 1)
    torch.testing.assert_close(x, mean, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", [*STYLED, UpsamplingGenerator])
def test_truncation_lessens_variety(kind):
    sampler = sampler_of(make(kind))
    labels, seeds = torch.zeros(64, dtype=torch.int64), torch.arange(64)
    spread = [sampler.sample(labels, seeds, truncation=t).var(0).sum().item() for t in (0.0, 0.3, 0.7, 1.0)]
    assert spread == sorted(spread)
    assert spread[0] == pytest.approx(0, abs=1e-6)


def test_truncation_outside_of_its_range_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        sampler_of(make(UpsamplingGenerator)).sample(torch.zeros(1).long(), torch.arange(1), truncation=1.5)


def test_truncated_latents_follow_the_truncated_normal():
    """The central half of a normal lies within 0.6745; its standard deviation is 0.378."""
    space = latent_space(make(UpsamplingGenerator))
    z = torch.randn(20_000, LATENT)
    made = space.truncated(z, torch.zeros(20_000), 0.5)
    assert made.abs().max() <= 0.67449
    assert made.std().item() == pytest.approx(0.378, abs=0.002)
    order = z[:, 0].argsort()
    assert (made[order, 0].diff() >= 0).all()
    assert space.truncated(torch.full((1, LATENT), 40.0), torch.zeros(1), 0.999).isfinite().all()


@pytest.mark.parametrize("kind", STYLED)
def test_mixing_at_the_ends_is_one_of_the_two(kind):
    net = make(kind)
    assert isinstance(net, StyleGenerator)
    a, b, labels = torch.randn(3, LATENT), torch.randn(3, LATENT), torch.tensor([0, 1, 0])
    layers = len(net.style_weights())
    torch.testing.assert_close(mix_styles(net, a, b, labels, 0), net(b, labels))
    torch.testing.assert_close(mix_styles(net, a, b, labels, layers), net(a, labels))
    middle = mix_styles(net, a, b, labels, layers // 2)
    assert not middle.allclose(net(a, labels))
    assert not middle.allclose(net(b, labels))


def test_mixing_asks_for_styles_and_a_layer_that_exists():
    z, labels = torch.randn(1, LATENT), torch.zeros(1, dtype=torch.int64)
    with pytest.raises(ValueError, match="has no styles"):
        mix_styles(make(UpsamplingGenerator), z, z, labels, 1)
    with pytest.raises(ValueError, match="between 0 and 5"):
        mix_styles(make(StyleGAN2Generator), z, z, labels, 6)


@pytest.mark.parametrize("kind", [*STYLED, UpsamplingGenerator])
def test_interpolation_begins_and_ends_at_the_latents(kind):
    net = make(kind)
    a, b, labels = torch.randn(2, LATENT), torch.randn(2, LATENT), torch.tensor([0, 1])
    way = interpolate(net, a, b, labels, 5)
    assert way.shape == (2, 5, 1, 16, 16)
    torch.testing.assert_close(way[:, 0], net(a, labels), atol=1e-5, rtol=0)
    torch.testing.assert_close(way[:, -1], net(b, labels), atol=1e-5, rtol=0)


def test_the_arc_keeps_the_length():
    space = latent_space(make(UpsamplingGenerator))
    a, b = (nn.functional.normalize(torch.randn(5, 64)) * 8 for _ in range(2))
    for share in (0.0, 0.25, 0.5, 1.0):
        point = space.between(a, b, torch.full((5, 1), share))
        torch.testing.assert_close(point.norm(dim=1), torch.full((5,), 8.0))
    torch.testing.assert_close(space.between(a, a, torch.full((5, 1), 0.3)), a)


@pytest.mark.parametrize("kind", STYLED)
@pytest.mark.parametrize("layers", [None, [0, 1]])
def test_factorised_directions_are_orthonormal(kind, layers):
    found = factorised_directions(make(kind, style=24), 10, layers)
    torch.testing.assert_close(found.vectors @ found.vectors.T, torch.eye(10), atol=1e-5, rtol=0)
    assert (found.scores.diff() <= 0).all()


@pytest.mark.parametrize("find", [factorised_directions, lambda net, n: principal_directions(net, 6, n)])
def test_the_planted_direction_is_the_first(find):
    net = Planted()
    first = nn.functional.normalize(find(net, 3).vectors[0], dim=0)
    assert abs(first @ net.direction).item() > 0.99


def test_principal_directions_of_a_plain_generator_span_what_its_first_layer_reads():
    net = make(DCGANGenerator)
    with torch.no_grad():
        net.seed.weight[:, 0] *= 20  # the first number of the latent is made to matter most
    found = principal_directions(net, LATENT, 3)
    first = nn.functional.normalize(found.vectors[0], dim=0)
    assert abs(first[0]).item() > 0.99
    assert found.vectors[0].norm().item() == pytest.approx(1, abs=0.1)  # one standard deviation of z


@pytest.mark.parametrize(
    "net", [ResidualGenerator, partial(ResidualGenerator, conditioning=SplitConditioning)]
)
def test_principal_directions_see_layers_under_spectral_norm(net):
    net = make(net)
    found = principal_directions(net, LATENT, 3, rows=500)
    heard = net.conditioning.seed_width  # numbers of the latent that the first layer is given
    seed = net.seed.weight.detach()
    assert (found.scores > 0.1 * torch.linalg.svdvals(seed)[:3]).all()
    lengths = found.vectors[:, :heard].norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(3), atol=0.15, rtol=0)  # a standard deviation of z
    assert (found.vectors[:, heard:].abs() < 0.3).all()


def test_there_are_as_many_principal_directions_as_the_first_layer_tells_apart():
    net = make(DCGANGenerator)
    with torch.no_grad():
        net.seed.weight[:, 2:] = 0
    assert principal_directions(net, LATENT, 6, rows=200).vectors.shape == (2, LATENT)
    with torch.no_grad():
        net.seed.weight.zero_()
    with pytest.raises(ValueError, match="the same of every latent"):
        principal_directions(net, LATENT, 6, rows=200)


def test_finding_directions_stops_behind_the_first_layer():
    net = make(DCGANGenerator)
    net.blocks.register_forward_hook(lambda *_: pytest.fail("the rest was run too"))
    principal_directions(net, LATENT, 3, rows=200)
    assert not net.seed._forward_hooks


def test_a_generator_without_layers_has_no_principal_directions():
    class Free(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(2, LATENT)

        def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
            return latent * self.table(labels)

    with pytest.raises(ValueError, match="no layer with weights"):
        principal_directions(Free(), LATENT, 1, rows=20)


def test_more_directions_than_there_are_is_refused():
    with pytest.raises(ValueError, match="6 directions to choose from"):
        factorised_directions(Planted(), 7)


@pytest.mark.parametrize("kind", [StyleGAN2Generator, UpsamplingGenerator])
def test_a_strip_passes_through_the_sample_itself(kind):
    net = make(kind)
    z = torch.randn(LATENT)
    found = principal_directions(net, LATENT, 3, label=1, rows=200)
    pictures = strip(net, z, 1, found, [-2.0, 0.0, 2.0])
    assert pictures.shape == (3, 3, 1, 16, 16)
    own = net(z[None], torch.tensor([1]))
    torch.testing.assert_close(pictures[:, 1], own.expand(3, -1, -1, -1), atol=1e-5, rtol=0)
    assert not pictures[0, 0].allclose(pictures[0, 2])


@pytest.mark.parametrize("kind", [StyleGAN2Generator, UpsamplingGenerator])
def test_projection_finds_a_generated_picture(kind):
    net = make(kind)
    labels = torch.tensor([0, 1])
    targets = net(torch.randn(2, LATENT), labels)
    space = latent_space(net)
    centre = space.centre(space.points(torch.zeros(2, LATENT), labels), labels)
    mean = (space.samples(centre, labels) - targets).square().flatten(1).mean(1)
    found = project(net, targets, labels, LATENT, steps=80, candidates=16, pull=0.0)
    assert (found.distance < 0.25 * mean).all()
    again = space.samples(found.points, labels).clamp(-1, 1)
    torch.testing.assert_close(again, found.samples)
    assert all(p.grad is None for p in net.parameters())


def test_projection_takes_features():
    net = make(UpsamplingGenerator)
    targets = net(torch.randn(1, LATENT), torch.tensor([0]))

    seen = []

    def rows_of(x: Tensor) -> Tensor:
        seen.append(id(x))
        return x.mean(3).flatten(1)

    found = project(net, targets, torch.tensor([0]), LATENT, features=rows_of, steps=10, candidates=4)
    assert found.samples.shape == targets.shape
    assert seen.count(id(targets)) == 1  # the targets stay: once is enough
