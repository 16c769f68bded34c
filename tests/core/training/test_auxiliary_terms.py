"""Terms beside the game, and games that are not plain, against NumPy and closed forms."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ganworks.errors import UsageError
from ganworks.networks import CodedGenerator, CodeReader, Codes, ConvDiscriminator
from ganworks.space import SampleSpace
from ganworks.training import (
    HINGE,
    LEAST_SQUARES,
    NON_SATURATING,
    RELATIVISTIC,
    WASSERSTEIN,
    Batch,
    Chain,
    DiffAugment,
    ImagePool,
    InstanceNoise,
    Judgement,
    Ramp,
    RunningLogits,
    Step,
    Term,
    WeightHistory,
    approximate_r1,
    chain,
    clip_weights,
    dragan_penalty,
    fake_class,
    feature_distillation,
    feature_matching,
    game,
    gaussian_nll,
    historical_averaging,
    lecam,
    mode_seeking,
    mutual_information,
    no_augmentation,
    pixel_distillation,
    r1,
    real_class,
    remember_weights,
    replayed_side,
    smoothed,
    top_k,
    unrolled_game,
)

CLASSES = 3


class Critic(nn.Module):
    """logits = <weight, x> + label; two hidden features, the sums of both halves; scores by class."""

    rows_per_group = 1

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 16).view(1, 4, 4))
        self.classify = nn.Linear(2, CLASSES)

    def forward(self, x: Tensor, labels: Tensor) -> Judgement:
        logits = (x * self.weight).flatten(1).sum(1, keepdim=True) + labels[:, None]
        hidden = x.flatten(1).view(len(x), 2, 8).sum(2)
        return Judgement(logits, {"hidden": hidden, "classes": self.classify(hidden)})


class Painter(nn.Module):
    """Pixels are the latent times a learned number."""

    def __init__(self, gain: float = 0.5) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        return (latent * self.gain).view(-1, 1, 4, 4)


def a_step(moving: str, *, images: int = 0, slopes: tuple[str, ...] = (), **networks: nn.Module) -> Step:
    torch.manual_seed(0)
    networks = {"generator": Painter(), "discriminator": Critic(), **networks}
    for name, network in networks.items():
        network.requires_grad_(name == moving)
    real = torch.randn(6, 1, 4, 4)
    return Step(
        networks,
        Batch(torch.arange(6) % CLASSES, torch.randn(6, 16), lambda: real),
        moving=(moving,),
        augment=lambda x, labels: x,
        autocast=lambda name: nullcontext(),
        slopes=slopes,
        images=images,
    )


def array(x: Tensor) -> np.ndarray:
    return x.detach().double().numpy()


# losses
@settings(deadline=None)  # the machine may be busy
@given(real=st.floats(-15, 15), fake=st.floats(-15, 15), amount=st.floats(0, 0.49))
def test_smoothing_is_cross_entropy_with_a_softer_target(real, fake, amount):
    r, f = torch.tensor([real, fake], dtype=torch.float64)
    log = torch.nn.functional.logsigmoid
    expected = -((1 - amount) * log(r) + amount * log(-r)) - log(-f)
    torch.testing.assert_close(smoothed(NON_SATURATING, amount).discriminator(r, f), expected)
    squares = ((r - (1 - amount)).square() + f.square()) / 2
    torch.testing.assert_close(smoothed(LEAST_SQUARES, amount).discriminator(r, f), squares)


def test_smoothing_by_nothing_changes_nothing_and_leaves_the_generator_alone():
    real, fake = torch.randn(2, 5)
    same = smoothed(NON_SATURATING, 0.0)
    torch.testing.assert_close(same.discriminator(real, fake), NON_SATURATING.discriminator(real, fake))
    assert smoothed(NON_SATURATING, 0.2).generator is NON_SATURATING.generator


@pytest.mark.parametrize("loss", [HINGE, WASSERSTEIN, RELATIVISTIC], ids=lambda loss: loss.name)
def test_a_loss_without_targets_cannot_be_smoothed(loss):
    with pytest.raises(ValueError, match=f"the {loss.name} loss has none"):
        smoothed(loss)


def test_smoothing_by_half_is_refused():
    with pytest.raises(ValueError, match=r"below 0\.5"):
        smoothed(NON_SATURATING, 0.5)


# penalties
def test_dragan_s_penalty_of_a_linear_critic_is_that_of_its_slope():
    step = a_step("discriminator")
    norm = step.networks["discriminator"].weight.norm()
    torch.testing.assert_close(dragan_penalty(step), (norm - 1).square().expand(6))


def test_approximate_r1_has_r1_as_its_mean():
    step = a_step("discriminator", slopes=("real",))
    step.batch.real()  # the same six rows, many times over
    many = torch.stack([approximate_r1(step).mean() for _ in range(3_000)])
    assert many.mean().item() == pytest.approx(r1(step).mean().item(), rel=0.05)


def test_clipping_bounds_every_weight_of_one_network():
    networks = {"discriminator": Critic(), "generator": Painter(0.5)}
    clip_weights(networks, network="discriminator", most=0.01)
    assert max(p.abs().max() for p in networks["discriminator"].parameters()) <= 0.01
    assert networks["generator"].gain == 0.5


# beside the game
def test_feature_matching_is_the_distance_of_mean_features():
    step = a_step("generator")
    halves = [array(x).reshape(6, 2, 8).sum(2).mean(0) for x in (step.real, step.fake)]
    expected = np.square(halves[0] - halves[1]).sum()
    assert feature_matching(step).item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(UsageError, match="offers no feature 'texture'"):
        feature_matching(step, feature="texture")


def test_class_terms_are_log_likelihoods():
    step = a_step("discriminator")
    for term, x in ((real_class, step.real), (fake_class, step.fake)):
        scores = array(step.judge(x).features["classes"])
        likelihood = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        expected = -np.log(likelihood[np.arange(6), array(step.labels).astype(int)])
        np.testing.assert_allclose(array(term(step)), expected, rtol=1e-5)


@settings(deadline=None)  # the machine may be busy
@given(x=st.floats(-5, 5), mean=st.floats(-5, 5), log_variance=st.floats(-6, 2))
def test_gaussian_likelihood_is_the_density_s(x, mean, log_variance):
    normal = torch.distributions.Normal(mean, float(np.exp(log_variance / 2)), validate_args=False)
    values = (torch.tensor(v, dtype=torch.float64) for v in (x, mean, log_variance))
    assert gaussian_nll(*values).item() == pytest.approx(
        -normal.log_prob(torch.tensor(x)).item(), rel=1e-3, abs=1e-4
    )


def test_mutual_information_is_bounded_by_the_entropy_of_the_codes_and_reaches_reader_and_generator():
    codes = Codes((4,), 1)
    step = a_step("generator", generator=CodedGenerator(codes, Painter()), q=CodeReader(2, codes))
    term = mutual_information(step, continuous=0.0)
    logits, *_ = step.networks["q"](step.judge(step.fake).features["hidden"])
    chosen = step.latent[:, -5:-1].argmax(1)
    torch.testing.assert_close(term, nn.functional.cross_entropy(logits, chosen, reduction="none"))
    term.sum().backward()
    assert step.networks["generator"].generator.gain.grad is not None


def test_distillation_compares_teacher_and_student():
    step = a_step("generator", teacher=Painter(0.9))
    expected = np.abs(array(step.latent)).mean(1) * 0.4
    np.testing.assert_allclose(array(pixel_distillation(step)), expected, rtol=1e-5)
    halves = np.abs(array(step.latent).reshape(6, 2, 8).sum(2)).mean(1) * 0.4
    np.testing.assert_allclose(array(feature_distillation(step)), halves, rtol=1e-4)


# games that are not plain
@pytest.mark.parametrize(("images", "kept"), [(0, 6), (50, 4), (1_000, 3)])
def test_top_k_keeps_the_best_and_follows_its_schedule(images, kept):
    step = a_step("generator", images=images)
    best = np.sort(array(step.judge(step.fake).logits)[:, 0])[::-1][:kept]
    term = top_k(game(HINGE)[1], Ramp(1.0, 0.5, images=100))
    np.testing.assert_allclose(array(term.value(step))[:, 0], -best, rtol=1e-5)


def test_top_k_refuses_pairs_and_what_is_no_game():
    with pytest.raises(ValueError, match="compares every fake with a real sample"):
        top_k(game(RELATIVISTIC)[1], 0.5)
    with pytest.raises(ValueError, match="is none"):
        top_k(Term("generator", pixel_distillation), 0.5)


def test_unrolling_zero_steps_is_the_zero_sum_game():
    step = a_step("generator")
    judging, ahead = unrolled_game(NON_SATURATING, steps=0, lr=1.0)
    torch.testing.assert_close(ahead.value(step), -judging.value(step))


def test_unrolling_a_linear_wasserstein_critic_has_a_closed_form():
    step = a_step("generator")
    before = step.networks["discriminator"].weight.detach().clone()
    _, ahead = unrolled_game(WASSERSTEIN, steps=2, lr=0.1)
    value = ahead.value(step)
    # each descent moves the weight by lr (mean real - mean fake); the labels' share does not move
    moved = before + 2 * 0.1 * (step.real.mean(0) - step.fake.mean(0))
    expected = ((step.real - step.fake) * moved).flatten(1).sum(1)
    torch.testing.assert_close(value[:, 0], expected)
    slope, expected_slope = (
        torch.autograd.grad(x.mean(), step.networks["generator"].gain, retain_graph=True)[0]
        for x in (value, expected)
    )
    torch.testing.assert_close(slope, expected_slope)  # also through the descents
    assert step.networks["discriminator"].weight.equal(before)


def test_unrolling_moves_no_buffer_of_the_discriminator():
    space = SampleSpace(channels=1, size=(4, 4))
    critic = ConvDiscriminator(space, width=4, norm="spectral")
    step = a_step("generator", discriminator=critic)
    before = {name: buffer.clone() for name, buffer in critic.named_buffers()}
    unrolled_game(NON_SATURATING, steps=2, lr=0.1)[1].value(step)
    assert before
    assert [name for name, buffer in critic.named_buffers() if not buffer.equal(before[name])] == []


# memories
def test_lecam_s_means_are_exponential_means_without_bias():
    memory, real, fake = RunningLogits(decay=0.9), torch.randn(5, 4), torch.randn(5, 4)
    for r, f in zip(real, fake, strict=True):
        means = memory(r, f)
    weights = 0.9 ** np.arange(4, -1, -1)
    for mean, logits in zip(means, (real, fake), strict=True):
        expected = (array(logits).mean(1) * weights).sum() / weights.sum()
        assert mean.item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_lecam_pulls_each_side_towards_the_other_side_s_mean():
    step = a_step("discriminator", lecam=RunningLogits())
    real, fake = (array(judgement.logits) for judgement in step.judge_both())
    expected = (real - fake.mean()) ** 2 + (fake - real.mean()) ** 2
    np.testing.assert_allclose(array(lecam(step)), expected, rtol=1e-3, atol=1e-5)
    lecam(step).mean().backward()
    assert step.networks["discriminator"].weight.grad is not None


def test_replay_judges_old_fakes_with_their_own_labels():
    pool = ImagePool(SampleSpace(channels=1, size=(4, 4)), size=6)
    pool(torch.full((6, 1, 4, 4), 0.25), torch.full((6,), 2))
    step = a_step("discriminator", replay=pool)
    seen: list[Tensor] = []
    step.networks["discriminator"].register_forward_hook(lambda _, inputs, __: seen.extend(inputs))
    value = replayed_side(step, loss=HINGE)
    _, _, shown, labels = seen
    old = (shown == 0.25).all(3).all(2)[:, 0]
    assert 0 < old.sum() < 6
    assert (labels[old] == 2).all()
    assert (labels[~old] == step.labels[~old]).all()
    assert value.shape == (6, 1)


def test_replay_refuses_translation():
    step = a_step("discriminator", replay=ImagePool(SampleSpace(channels=1, size=(4, 4))))
    batch = Batch(step.labels, step.latent, step.batch.real, source=lambda: torch.zeros(6, 1, 4, 4))
    translating = Step(step.networks, batch, moving=(), augment=step.augment, autocast=step.autocast)
    with pytest.raises(UsageError, match="not sources"):
        replayed_side(translating, loss=HINGE)


def test_mode_seeking_refuses_translation():
    step = a_step("generator")
    step.batch = replace(step.batch, source=lambda: torch.zeros(6, 1, 4, 4))
    with pytest.raises(UsageError, match="a translation answers its source"):
        mode_seeking(step)


def test_mode_seeking_compares_points_as_they_are():
    class Line(nn.Module):
        def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
            return latent[:, :2] * 3

    step = a_step("generator", generator=Line())
    a, b = array(step.latent)[:3], array(step.latent)[3:]
    ratio = 3 * np.abs(a - b)[:, :2].mean(1) / np.abs(a - b).mean(1)
    np.testing.assert_allclose(array(mode_seeking(step)), 1 / (ratio + 0.02), rtol=1e-4)


def test_historical_averaging_is_the_distance_to_the_mean_of_past_weights():
    networks = {"generator": Painter(0.0), "generator_history": WeightHistory(Painter)}
    step = a_step("generator", **networks)
    term = partial(historical_averaging, network="generator")
    assert term(step).item() == 0  # nothing to remember yet
    for gain in (1.0, 2.0, 6.0):
        networks["generator"].gain.data.fill_(gain)
        remember_weights(networks, network="generator")
    assert term(step).item() == pytest.approx((6 - 3) ** 2)


# augmentation
def test_instance_noise_has_the_deviation_asked_for_row_by_row():
    torch.manual_seed(0)
    noisy = InstanceNoise(0.4)(torch.zeros(3, 1, 100, 100), torch.tensor([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(noisy.flatten(1).std(1).numpy(), [0, 0.2, 0.4], rtol=0.05)
    assert InstanceNoise()(torch.zeros(3, 2), torch.ones(3)).shape == (3, 2)


def test_a_chain_applies_its_parts_in_turn_and_knows_its_ranks():
    def double(x: Tensor, strength: Tensor) -> Tensor:
        return 2 * x

    def add(x: Tensor, strength: Tensor) -> Tensor:
        return x + 1

    assert chain(double, no_augmentation, add)(torch.ones(1), torch.ones(1)).item() == 3
    assert chain(no_augmentation) is no_augmentation
    assert chain(double, no_augmentation) is double
    assert Chain((double, DiffAugment(), InstanceNoise())).ranks == (2,)
    assert Chain((double, add)).ranks is None
