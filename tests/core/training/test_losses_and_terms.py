"""Losses and penalties against closed forms."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from ganworks.training import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    RELATIVISTIC,
    WASSERSTEIN,
    Batch,
    Judgement,
    Step,
    gradient_penalty,
    mode_seeking,
    r1,
    r2,
)

ALL = [MINIMAX, NON_SATURATING, LEAST_SQUARES, HINGE, WASSERSTEIN, RELATIVISTIC]
numbers = st.floats(-20, 20)


class LinearCritic(nn.Module):
    """logits = <weight, x>: its slope is ``weight`` everywhere."""

    rows_per_group = 1

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, torch.Size(shape).numel()).view(shape))

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        return Judgement((x * self.weight).flatten(1).sum(1, keepdim=True))


class ConstantGenerator(nn.Module):
    """Every pixel is the mean of the latent, times a learned number."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.5))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        return (latent.mean(1) * self.gain)[:, None, None, None].expand(-1, 1, 4, 4)


def a_step(moving: tuple[str, ...], slopes: tuple[str, ...] = (), networks: dict | None = None) -> Step:
    torch.manual_seed(0)
    real = torch.randn(6, 1, 4, 4)
    networks = networks or {"generator": ConstantGenerator(), "discriminator": LinearCritic((1, 4, 4))}
    return Step(
        networks,
        Batch(torch.zeros(6, dtype=torch.int64), torch.randn(6, 8), lambda: real),
        moving=moving,
        augment=lambda x, labels: x,
        autocast=lambda name: nullcontext(),
        slopes=slopes,
    )


@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
@given(real=numbers, fake=numbers)
def test_the_generator_wants_higher_fakes_and_the_discriminator_lower_ones(loss, real, fake):
    r, low, high = torch.tensor(real), torch.tensor(fake), torch.tensor(fake + 0.5)
    if loss is LEAST_SQUARES and fake > 0.5:
        return  # a parabola turns at its target
    assert loss.generator(high, r).item() <= loss.generator(low, r).item() + 1e-5
    if loss is LEAST_SQUARES and fake < 0:
        return
    assert loss.discriminator(r, high).item() >= loss.discriminator(r, low).item() - 1e-5


def test_minimax_is_the_log_likelihood_of_a_sigmoid():
    real, fake = torch.tensor(0.3), torch.tensor(-1.2)
    expected = -(real.sigmoid().log() + (1 - fake.sigmoid()).log())
    torch.testing.assert_close(MINIMAX.discriminator(real, fake), expected)
    torch.testing.assert_close(MINIMAX.generator(fake, real), (1 - fake.sigmoid()).log())


def test_penalties_of_a_linear_critic_have_closed_forms():
    step = a_step(("discriminator",), slopes=("real", "fake"))
    norm = step.networks["discriminator"].weight.norm()
    torch.testing.assert_close(r1(step), norm.square().expand(6) / 2)
    torch.testing.assert_close(r2(step), norm.square().expand(6) / 2)
    torch.testing.assert_close(gradient_penalty(step), (norm - 1).square().expand(6))
    torch.testing.assert_close(gradient_penalty(step, target=0.5), (norm - 0.5).square().expand(6))


def test_a_penalty_reaches_the_critic_s_weights():
    step = a_step(("discriminator",), slopes=("real",))
    r1(step).mean().backward()
    weight = step.networks["discriminator"].weight
    torch.testing.assert_close(weight.grad, weight.detach())  # d |w|^2 / 2 / d w = w


def test_an_unannounced_slope_is_refused():
    with pytest.raises(ValueError, match=r"without naming it in Term\.slopes"):
        r1(a_step(("discriminator",)))


class Patterned(nn.Module):
    """Stripes whose phase follows the latent by ``shape``, and whose brightness follows it by ``light``."""

    def __init__(self, shape: float, light: float) -> None:
        super().__init__()
        self.shape, self.light = shape, light

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        phase = latent[:, :1] * self.shape + torch.linspace(0, 12, 16)
        return (phase.sin() * 0.5 + latent[:, :1] * self.light).view(-1, 1, 4, 4)


def test_mode_seeking_falls_with_shape_and_not_with_brightness():
    critic = LinearCritic((1, 4, 4))

    def value(shape: float, light: float) -> float:
        networks = {"generator": Patterned(shape, light), "discriminator": critic}
        return mode_seeking(a_step(("generator",), networks=networks)).mean().item()

    assert value(shape=1.0, light=0.0) < 0.5 * value(shape=0.05, light=0.0)
    assert value(shape=0.05, light=0.5) == pytest.approx(value(shape=0.05, light=0.0), rel=1e-3)


def test_gradients_flow_only_to_what_moves():
    step = a_step(("discriminator",))
    assert not step.fake.requires_grad
    assert step.judge(step.fake).logits.requires_grad
    step = a_step(("generator",))
    step.networks["discriminator"].requires_grad_(False)
    step.judge(step.fake).logits.sum().backward()
    assert step.networks["generator"].gain.grad is not None
    assert step.networks["discriminator"].weight.grad is None


def test_everything_is_evaluated_once():
    calls = []
    step = a_step(("generator",))
    step.networks["generator"].register_forward_hook(lambda *_: calls.append("generator"))
    step.networks["discriminator"].register_forward_hook(lambda *_: calls.append("discriminator"))
    first, second = step.judge(step.fake), step.judge(step.fake)
    assert first is second
    assert calls == ["generator", "discriminator"]


def test_a_joint_forward_gives_what_two_forwards_give():
    joint, apart = a_step(("discriminator",)), a_step(("discriminator",))
    apart.networks["discriminator"].rows_per_group = None
    apart.networks["discriminator"].weight.data.copy_(joint.networks["discriminator"].weight)
    for one, other in zip(joint.judge_both(), apart.judge_both(), strict=True):
        torch.testing.assert_close(one.logits, other.logits)
