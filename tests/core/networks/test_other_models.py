"""Volumes and sequences, and the models of likelihood, against enumeration and closed forms."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from ganworks.networks import (
    BoltzmannMachine,
    ConvDiscriminator,
    ConvEncoder,
    DCGANGenerator,
    RecurrentDiscriminator,
    RecurrentGenerator,
)
from ganworks.networks.recurrent import Lstm
from ganworks.recipes.gan3d import gan3d
from ganworks.recipes.recurrent import recurrent
from ganworks.space import SampleSpace
from ganworks.training import (
    Batch,
    Step,
    kl_to_normal,
    no_augmentation,
    persistent_divergence,
    reconstruction,
)

SIZES = [(5,), (24,), (9, 14), (32, 32), (7, 9, 12), (16, 16, 16)]


def step_of(networks: dict[str, nn.Module], real: torch.Tensor, labels=None, latent=None) -> Step:
    rows = len(real)
    labels = torch.zeros(rows, dtype=torch.int64) if labels is None else labels
    return Step(
        networks,
        Batch(labels, torch.randn(rows, 4) if latent is None else latent, lambda: real),
        moving=tuple(networks),
        augment=no_augmentation,
        autocast=lambda network: torch.autocast("cpu", enabled=False),
    )


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_convolutional_networks_take_samples_of_any_rank_and_size(size):
    space = SampleSpace(channels=2, size=size, classes=("a", "b", "c"))
    labels = torch.arange(6) % 3
    torch.manual_seed(0)
    x = DCGANGenerator(space, 5, width=4)(torch.randn(6, 5), labels)
    assert x.shape == (6, *space.shape)
    assert ConvDiscriminator(space, width=4)(x, labels).logits.shape == (6, 1)
    critic = ConvDiscriminator(space, width=4, norm="spectral", minibatch_std=3)
    assert critic(x, labels).logits.shape == (6, 1)
    mean, log_variance = ConvEncoder(space, 5, width=4)(x, labels)
    assert mean.shape == log_variance.shape == (6, 5)


@pytest.mark.parametrize(("recipe", "reason"), [(gan3d, "volumes"), (recurrent, "sequences")])
def test_a_recipe_says_what_samples_it_is_made_for(recipe, reason):
    with pytest.raises(ValueError, match=reason):
        recipe(SampleSpace(channels=1, size=(16, 16)))


def test_the_lstm_is_the_one_that_torch_has():
    torch.manual_seed(0)
    ours, theirs = Lstm(3, 5), nn.LSTM(3, 5, batch_first=True)
    with torch.no_grad():
        ours.drive.weight.copy_(theirs.weight_ih_l0)
        ours.drive.bias.copy_(theirs.bias_ih_l0 + theirs.bias_hh_l0)
        ours.recur.weight.copy_(theirs.weight_hh_l0)
    x = torch.randn(2, 7, 3)
    torch.testing.assert_close(ours(x), theirs(x)[0])


def test_the_recurrent_generator_is_a_function_of_latent_and_label():
    space = SampleSpace(channels=2, size=(9,), classes=("a", "b"))
    torch.manual_seed(0)
    generate = RecurrentGenerator(space, 6, width=8, layers=2)
    latent, labels = torch.randn(4, 6), torch.tensor([0, 1, 0, 1])
    x = generate(latent, labels)
    assert x.shape == (4, 2, 9)
    assert x.equal(generate(latent, labels))
    torch.testing.assert_close(x[1:2], generate(latent[1:2], labels[1:2]))
    assert not x.allclose(generate(latent, 1 - labels))


def test_the_recurrent_discriminator_judges_every_step_and_bears_a_penalty():
    space = SampleSpace(channels=2, size=(9,), classes=("a", "b"))
    torch.manual_seed(0)
    critic = RecurrentDiscriminator(space, width=8)
    x = torch.randn(3, 2, 9, requires_grad=True)
    logits = critic(x, torch.tensor([0, 1, 1])).logits
    assert logits.shape == (3, 9)
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert critic.forwards.recur.weight.grad.abs().sum() > 0


class Answer(nn.Module):
    """A network that always answers the same."""

    def __init__(self, *values: torch.Tensor) -> None:
        super().__init__()
        self.values = values

    def forward(self, *inputs):
        return self.values if len(self.values) > 1 else self.values[0]


def test_kl_is_that_of_two_gaussians():
    torch.manual_seed(0)
    mean, log_variance = torch.randn(3, 4), torch.randn(3, 4)
    step = step_of({"encoder": Answer(mean, log_variance)}, torch.zeros(3, 1, 2, 2))
    posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
    standard = torch.distributions.Normal(torch.zeros(3, 4), torch.ones(3, 4))
    expected = torch.distributions.kl_divergence(posterior, standard).sum(1)
    torch.testing.assert_close(kl_to_normal(step), expected)


def test_reconstruction_is_the_likelihood_of_bernoulli_pixels():
    torch.manual_seed(0)
    real, decoded = torch.rand(3, 1, 2, 5) * 2 - 1, torch.rand(3, 1, 2, 5) * 1.8 - 0.9
    networks = {"encoder": Answer(torch.zeros(3, 4), torch.zeros(3, 4)), "generator": Answer(decoded)}
    x, p = ((value.double().numpy() + 1) / 2 for value in (real, decoded))
    expected = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2, 3))
    np.testing.assert_allclose(reconstruction(step_of(networks, real)).numpy(), expected, rtol=1e-2)


def test_the_latent_is_the_noise_of_the_posterior():
    seen = []

    class Keep(nn.Module):
        def forward(self, z, condition):
            seen.append(z)
            return z.view(2, 1, 2, 2).tanh()

    mean, log_variance = torch.full((2, 4), 3.0), torch.full((2, 4), 2 * np.log(0.5))
    latent = torch.randn(2, 4)
    networks = {"encoder": Answer(mean, log_variance), "generator": Keep()}
    reconstruction(step_of(networks, torch.zeros(2, 1, 2, 2), latent=latent))
    torch.testing.assert_close(seen[0], 3 + 0.5 * latent)


def bits(units: int) -> torch.Tensor:
    """Every state of so many binary units: (2^units, units)."""
    return torch.tensor(list(product((0.0, 1.0), repeat=units)))


def small_machine(classes: int = 2, chains: int = 20_000, steps: int = 5) -> BoltzmannMachine:
    """Four visible and three hidden units, with chains drawn from the model itself."""
    space = SampleSpace(channels=1, size=(2, 2), classes=tuple(map(str, range(classes))))
    torch.manual_seed(0)
    machine = BoltzmannMachine(space, hidden=3, chains=chains, steps=steps)
    for parameter in machine.parameters():
        nn.init.normal_(parameter)
    for label in range(classes):
        drawn = torch.multinomial(exact(machine, label).detach(), chains, replacement=True)
        machine.chains[label] = bits(4)[drawn]
    return machine


def exact(machine: BoltzmannMachine, label: int) -> torch.Tensor:
    """p(v | label) of all 16 states, from the energies of all 128 joint ones."""
    v, h = bits(4), bits(3)
    joint = v @ machine.weight @ h.T
    joint = joint + (v @ machine.visible_bias[label])[:, None] + h @ machine.hidden_bias[label]
    return joint.flatten().softmax(0).view(16, 8).sum(1)


def test_free_energy_is_that_of_enumeration():
    machine = small_machine()
    for label in range(2):
        energy = machine.free_energy(bits(4), torch.full((16,), label))
        torch.testing.assert_close((-energy).softmax(0), exact(machine, label))


def test_gibbs_sampling_leaves_the_distribution_as_it_is():
    machine = small_machine()
    machine.move_chains(3)
    place = torch.tensor([8.0, 4.0, 2.0, 1.0])
    for label in range(2):
        found = torch.bincount((machine.chains[label] @ place).long(), minlength=16) / 20_000
        torch.testing.assert_close(found, exact(machine, label).detach(), atol=0.015, rtol=0)


def test_the_gradient_of_persistent_chains_is_that_of_the_likelihood():
    machine = small_machine()
    states, labels = bits(4)[[3, 9, 9, 14]], torch.tensor([0, 1, 1, 0])
    likelihood = sum(exact(machine, int(y))[int(i)].log() for i, y in zip([3, 9, 9, 14], labels, strict=True))
    wanted = torch.autograd.grad(-likelihood / 4, list(machine.parameters()))
    step = step_of({"generator": machine}, states.view(4, 1, 2, 2) * 2 - 1, labels)
    found = torch.autograd.grad(persistent_divergence(step).mean(), list(machine.parameters()))
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, atol=0.015, rtol=0)


def test_samples_of_the_machine_have_the_moments_of_the_model():
    machine = small_machine(chains=200)
    latent = torch.randn(20_000, BoltzmannMachine.latent(SampleSpace(channels=1, size=(2, 2)), 3))
    for label in range(2):
        with torch.no_grad():
            sampled = (machine(latent, torch.full((20_000,), label)).flatten(1) + 1) / 2
            moments = exact(machine, label) @ bits(4)
        torch.testing.assert_close(sampled.mean(0), moments, atol=0.03, rtol=0)
