"""Copies found in pixels, rank tests and the rules that judge them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from ganworks.metrics import CopyRule, chance_of_copies, copy_rule, nearest_training, rank_test
from ganworks.metrics.diversity import standardised
from ganworks.metrics.memorisation import FeatureReference, authenticity

quick = settings(deadline=None, max_examples=20)
NEVER = CopyRule(distance=0.0, isolation=0.0)


def smooth(count, seed, height=24, width=24, channels=1):
    coarse = torch.randn(count, channels, 7, 7, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(-1, 1)


@quick
@given(
    row=st.integers(0, 39),
    down=st.integers(-2, 2),
    right=st.integers(-2, 2),
    mirror=st.booleans(),
    size=st.sampled_from([(24, 24), (20, 36), (64, 48)]),
    channels=st.integers(1, 3),
    gain=st.floats(0.3, 1.0),
)
def test_a_changed_copy_is_traced_to_its_origin(row, down, right, mirror, size, channels, gain):
    train = smooth(40, 0, *size, channels)
    copy = torch.roll(train[row] * gain, (down, right), (-2, -1))
    copy = copy.flip(-1) if mirror else copy
    found = nearest_training(copy[None], train, NEVER)
    assert int(found.index) == row
    assert float(found.distance) < 1e-4
    assert float(found.isolation) < 0.01
    assert bool(found.is_copy)  # so near that no rule is needed


def test_fresh_images_are_not_copies_and_large_images_are_shrunk():
    train, heldout, fresh = (smooth(60, seed, 100, 80) for seed in range(3))
    rule = copy_rule(heldout, train)
    assert 0.01 < rule.distance < 1
    assert nearest_training(fresh, train, rule).is_copy.sum() <= 3
    assert nearest_training(train, train, rule).is_copy.all()
    assert (nearest_training(train, train, rule).index == torch.arange(60)).all()


def test_without_held_out_images_only_the_same_image_is_a_copy():
    train, fresh = smooth(60, 0), smooth(60, 2)
    rule = copy_rule(fresh[:0], train)
    noise = 0.2 * torch.randn(train.shape, generator=torch.Generator().manual_seed(0))
    assert nearest_training(train, train, rule).is_copy.all()
    assert not nearest_training(fresh, train, rule).is_copy.any()
    assert not nearest_training(train + noise, train, rule).is_copy.any()


def test_a_leaking_split_does_not_hide_copies():
    train, heldout = smooth(60, 0), smooth(60, 1)
    leaking = torch.cat([heldout, train[:1]])
    assert copy_rule(leaking, train) == copy_rule(heldout, train)
    assert nearest_training(train, train, copy_rule(train, train)).is_copy.all()


@pytest.mark.parametrize("side", [4, 9, 16])
def test_tiny_images_and_tiny_training_sets(side):
    train = smooth(2, 0, side, side)
    found = nearest_training(train[:1], train, NEVER)
    assert int(found.index) == 0
    assert bool(found.is_copy)
    assert torch.isfinite(nearest_training(train, train[:1], NEVER).isolation).all()


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="cannot compare"):
        nearest_training(smooth(2, 0), smooth(2, 0, 20, 20), NEVER)


def test_rank_test_is_mann_whitney_and_takes_strata_apart():
    draw = torch.Generator().manual_seed(0)
    a, b = torch.randn(40, generator=draw), torch.randn(70, generator=draw) + 0.4
    found = rank_test(a, b)
    expected = mannwhitneyu(a.numpy(), b.numpy(), method="asymptotic", use_continuity=False)
    assert 2 * (1 - torch.special.ndtr(torch.tensor(abs(found.z)))) == pytest.approx(
        expected.pvalue, rel=1e-3
    )
    assert found.auc == pytest.approx(expected.statistic / 2800)
    # class 1 lies 10 higher and is more frequent in the second sample: no effect within classes
    first, second = torch.arange(200) % 4 == 0, torch.arange(200) % 4 != 0
    x, y = torch.randn(200, generator=draw) + 10 * first, torch.randn(200, generator=draw) + 10 * second
    assert rank_test(x, y).z < -5
    assert abs(rank_test(x, y, first.long(), second.long()).z) < 3
    with pytest.raises(ValueError, match="no class in common"):
        rank_test(a, b, torch.zeros(40), torch.ones(70))


def test_chance_of_copies_is_that_of_drawing_the_smallest():
    random = np.random.default_rng(0)
    orders = np.array([random.permutation(50)[:20].min() for _ in range(4000)])  # 20 held-out among 50
    for copies in (0, 1, 3):
        assert chance_of_copies(copies, 30, 20) == pytest.approx((orders >= copies).mean(), abs=0.03)
    assert chance_of_copies(30, 30, 1) == pytest.approx(1 / 31)


def test_authenticity_of_fresh_rows_is_that_of_heldout_rows_and_zero_for_copies():
    draw = torch.Generator().manual_seed(0)
    train, heldout, fresh = (torch.randn(300, 20, generator=draw) for _ in range(3))
    reference = FeatureReference(train, train + 0.01)  # mirrored images very near to their own row
    assert authenticity(reference, fresh) == pytest.approx(authenticity(reference, heldout), abs=0.1)
    assert 0.3 < authenticity(reference, fresh) < 0.9
    assert authenticity(reference, train) == 0


def test_the_training_set_is_not_copied_at_full_size(monkeypatch):
    sizes = []

    def noted(images):
        sizes.append(tuple(images.shape))
        return standardised(images)

    monkeypatch.setattr("ganworks.metrics.memorisation.standardised", noted)
    draw = torch.Generator().manual_seed(0)
    train = torch.rand(600, 1, 32, 32, generator=draw) * 2 - 1
    found = nearest_training(train[[7, 300]], train, CopyRule(0.1, 0.5))
    assert found.index.tolist() == [7, 300]
    assert max(rows for rows, _, height, _ in sizes if height > 20) < len(train)
