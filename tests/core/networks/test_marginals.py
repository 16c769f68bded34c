"""Calibration: each class gets the marginals that are wanted, and keeps what binds its columns together."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, spearmanr

from ganworks.networks.marginals import CELLS, SPREAD, Marginals, Wanted
from ganworks.space import SampleSpace

PARTS = (1, 3, 1, 2)  # two numbers, a choice among three, the class
LABELLED = SampleSpace(channels=7, size=(), classes=("no", "yes"), parts=PARTS)
ROWS = 20_000


def free(space, rows, label=None):
    """What is told: (rows, channels + parts), nothing or the class."""
    told = torch.zeros(rows, space.channels + len(space.parts))
    if label is not None:
        told[:, space.channels - space.parts[-1] + label] = 1
        told[:, -1] = 1
    return told


def scores_of(label, rows=ROWS, seed=0):
    """Two correlated numbers with skewed marginals, and logits."""
    draw = torch.Generator().manual_seed(seed)
    normal = torch.randn(rows, 7, generator=draw)
    normal[:, 4] = 0.8 * normal[:, 0] + 0.6 * normal[:, 4]
    normal[:, 0] = normal[:, 0].exp() / 2 - 1 + label
    return normal


def wanted_of(label):
    levels = torch.linspace(0, 1, 201)
    numbers = torch.stack([2 * levels**2 - 1, torch.sin((levels - 0.5) * torch.pi) / (1 + label)], 1)
    shares = torch.tensor([[0.7, 0.29, 0.01], [0.1, 0.2, 0.7]])[label]
    return Wanted(numbers, torch.cat([shares, torch.tensor([1.0 - label, label])]))


@pytest.fixture(scope="module")
def calibrated():
    marginals = Marginals(LABELLED)
    marginals.calibrate([scores_of(0), scores_of(1)], [wanted_of(0), wanted_of(1)])
    return marginals


@pytest.mark.parametrize("label", [0, 1])
def test_the_marginals_of_each_class_are_those_wanted(calibrated, label):
    scores, want = scores_of(label, seed=5), wanted_of(label)  # fresh rows of the same generator
    noise = torch.randn(ROWS, 2, generator=torch.Generator().manual_seed(1))
    rows = calibrated(scores, free(LABELLED, ROWS, label), noise)
    for place, column in ((0, 0), (4, 1)):
        ranks = np.interp(rows[:, place].numpy(), want.quantiles[:, column].numpy(), np.linspace(0, 1, 201))
        assert kstest(ranks, "uniform").statistic < 0.025
    torch.testing.assert_close(rows[:, 1:4].mean(0), want.shares[:3], atol=0.015, rtol=0)
    assert (rows[:, 5:].argmax(1) == label).all()


@pytest.mark.parametrize("label", [0, 1])
def test_order_and_dependence_stay_what_they_were(calibrated, label):
    scores = scores_of(label)
    rows = calibrated(scores, free(LABELLED, ROWS, label), torch.randn(ROWS, 2))
    order = scores[:, 0].argsort()
    assert (rows[order, 0].diff() >= 0).all()
    before = spearmanr(scores[:, 0], scores[:, 4]).statistic
    after = spearmanr(rows[:, 0], rows[:, 4]).statistic
    assert before > 0.7
    assert after == pytest.approx(before, abs=0.02)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), rows=st.integers(2, 300), levels=st.integers(2, 50))
def test_curves_never_fall_and_stay_in_range(seed, rows, levels):
    draw = np.random.default_rng(seed)
    space = SampleSpace(channels=2, size=())
    marginals = Marginals(space)
    scores = torch.from_numpy(draw.choice(draw.normal(size=5), (rows, 2))).float()  # with ties
    quantiles = torch.from_numpy(np.sort(draw.uniform(-1, 1, (levels, 2)), axis=0)).float()
    marginals.calibrate([scores], [Wanted(quantiles, torch.zeros(0))])
    assert marginals.curves.shape == (1, 2, CELLS + 1)
    assert (marginals.curves.diff(dim=2) >= -1e-6).all()
    assert (marginals.curves.abs() <= 1).all()


def test_beyond_the_quantiles_a_curve_goes_on_as_the_column_was_made():
    marginals = Marginals(SampleSpace(channels=1, size=()))
    scores = torch.randn(20_000, 1, generator=torch.Generator().manual_seed(0))
    wanted = Wanted(torch.linspace(-0.3, 0.3, 21)[:, None], torch.zeros(0), edge=0.1)
    marginals.calibrate([scores], [wanted])
    beyond = marginals.nodes > 0.45  # the last tenth begins at about 1.28 / 4
    assert marginals.curves[0, 0, beyond].diff() == pytest.approx(marginals.nodes[beyond].diff(), abs=1e-6)
    assert marginals.curves[0, 0, -1] < 1


def test_before_calibration_numbers_are_scores_and_ends_are_constant():
    marginals = Marginals(SampleSpace(channels=1, size=()))
    scores = torch.linspace(-9, 9, 101)[:, None]
    rows = marginals(scores, torch.zeros(101, 1), torch.zeros(101, 0))
    torch.testing.assert_close(rows, (scores / SPREAD).clamp(-1, 1), atol=1e-6, rtol=0)


def test_a_class_that_is_not_given_is_drawn_and_has_its_own_curves(calibrated):
    draw = torch.Generator().manual_seed(2)
    scores, noise = scores_of(0), torch.randn(ROWS, 2, generator=draw)
    scores[:, 5:] = torch.tensor([0.0, 1.0])
    rows = calibrated(scores, free(LABELLED, ROWS), noise)
    label = rows[:, 5:].argmax(1)
    share = torch.tensor([0.0, 1.0]).softmax(0)[1].item()
    assert label.float().mean().item() == pytest.approx(share, abs=0.015)
    for one in (0, 1):
        of_class = calibrated(scores, free(LABELLED, ROWS, one), noise)
        torch.testing.assert_close(rows[label == one][:, :5], of_class[label == one][:, :5])


def test_choices_alone_and_without_classes():
    space = SampleSpace(channels=5, size=(), parts=(2, 3))
    marginals = Marginals(space)
    scores = torch.randn(ROWS, 5, generator=torch.Generator().manual_seed(0))
    shares = torch.tensor([0.95, 0.05, 0.0, 0.5, 0.5])
    marginals.calibrate([scores], [Wanted(torch.zeros(2, 0), shares)])
    rows = marginals(scores, free(space, ROWS), torch.randn(ROWS, 2))
    torch.testing.assert_close(rows.mean(0), shares, atol=0.015, rtol=0)
    assert rows[:, 2].sum() == 0  # a place that is not wanted


def test_calibration_travels_with_the_weights(calibrated):
    again = Marginals(LABELLED)
    again.load_state_dict(calibrated.state_dict())
    scores, told, noise = scores_of(1, 50), free(LABELLED, 50, 1), torch.randn(50, 2)
    assert torch.equal(again(scores, told, noise), calibrated(scores, told, noise))
