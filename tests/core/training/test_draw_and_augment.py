"""Draws and augmentation."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganworks.data import ArrayDataset
from ganworks.recipes.dcgan import dcgan
from ganworks.space import SampleSpace
from ganworks.training import (
    AdaAugment,
    AdaController,
    Budget,
    DiffAugment,
    Draw,
    EngineSettings,
    Growth,
    InstanceNoise,
    Ramp,
    TorchEngine,
    chain,
    fit,
)

CPU = torch.device("cpu")


def labelled(counts: list[int]) -> ArrayDataset:
    labels = np.repeat(np.arange(len(counts)), counts)
    pixels = np.broadcast_to(labels[:, None, None, None].astype(np.uint8), (len(labels), 1, 8, 8))
    return ArrayDataset(pixels, labels, [str(i) for i in range(len(counts))])


def test_real_rows_carry_the_labels_that_were_drawn():
    data = labelled([5, 3, 9])
    batch = Draw(batch=64, latent=4).prepare(data, CPU)()
    stored = ((batch.real()[:, 0, 0, 0] + 1) * 127.5).round().long()
    assert stored.equal(batch.labels)


@pytest.mark.parametrize(
    ("labels", "classes", "why"),
    [
        ([0, 1, 1], (), "label 1 has no name: give the names"),
        ([0, 1, 2], ("a", "b"), "label 2 has no name: 2 classes are labelled 0 to 1"),
        ([0, -1, 1], ("a", "b"), "label -1 has no name"),
        ([0, 1], ("a", "b"), r"one label a row, got labels \(2,\) for 3 rows"),
    ],
)
def test_labels_that_would_never_be_drawn_are_refused(labels, classes, why):
    with pytest.raises(ValueError, match=why):
        ArrayDataset(np.zeros((3, 1, 4, 4), np.uint8), np.array(labels), classes)


@pytest.mark.parametrize("values", [(0.0, 255.0), (-3.0, 3.0), (0.0, float("nan"))])
def test_floats_that_no_generator_could_make_are_refused(values):
    with pytest.raises(ValueError, match=r"samples of floats run from .* scale them to \[-1, 1\]"):
        ArrayDataset(np.resize(np.float32(values), (3, 1, 4, 4)))
    ArrayDataset(np.resize(np.float16((-1, 1)), (3, 1, 4, 4)))
    ArrayDataset(np.zeros((0, 1, 4, 4), np.float32))


def test_rows_without_classes_may_all_be_labelled_zero():
    data = ArrayDataset(np.zeros((3, 1, 4, 4), np.uint8), np.zeros(3, np.int64))
    assert len(data.subset(torch.tensor([], dtype=torch.int64))) == 0


@pytest.mark.parametrize("schedule", [partial(Ramp, 1.0, 0.0), partial(Growth, 3)])
def test_a_schedule_of_no_images_is_refused(schedule):
    with pytest.raises(ValueError, match="1 image or more, got 0"):
        schedule(images=0)


def test_pairs_share_their_label():
    torch.manual_seed(1)
    labels = Draw(batch=10, latent=4, pairs=True).prepare(labelled([5, 5, 5]), CPU)().labels
    assert labels[:5].equal(labels[5:])


@given(st.lists(st.integers(0, 500), min_size=1, max_size=6).filter(any))
def test_class_shares_are_a_distribution_and_respect_the_cap(counts):
    shares = Draw(max_repeat=10).class_shares(torch.tensor(counts))
    assert shares.sum().item() == pytest.approx(1)
    natural, present = torch.tensor(counts) / sum(counts), sum(count > 0 for count in counts)
    assert (shares <= 10.001 * present * natural).all()
    for count, share in zip(counts, shares.tolist(), strict=True):
        assert (share == 0) == (count == 0)


def test_a_starved_class_weighs_ten_times_its_share_at_most():
    shares = Draw(max_repeat=10).class_shares(torch.tensor([1, 999]))
    assert shares[0].item() == pytest.approx(0.01 / 0.51)


def test_an_odd_batch_cannot_be_paired():
    with pytest.raises(ValueError, match="even with pairs; got 7"):
        Draw(batch=7, pairs=True)


@pytest.mark.parametrize("augment", [DiffAugment(), AdaAugment(), AdaAugment(flip=True)])
@pytest.mark.parametrize("shape", [(4, 1, 28, 20), (3, 3, 16, 32), (2, 5, 8, 8)])
def test_augmentation_keeps_shape_is_finite_and_differentiable(augment, shape):
    torch.manual_seed(0)
    x = torch.rand(shape).mul(2).sub(1).requires_grad_()
    y = augment(x, torch.full((len(x),), 0.8))
    assert y.shape == x.shape
    assert y.isfinite().all()
    y.sum().backward()
    assert x.grad.abs().sum() > 0


def test_ada_without_strength_changes_nothing_and_with_it_does():
    torch.manual_seed(0)
    x = torch.rand(8, 1, 16, 16)
    torch.testing.assert_close(AdaAugment()(x, torch.zeros(8)), x, atol=1e-5, rtol=0)
    assert not AdaAugment()(x, torch.ones(8)).equal(x)


def test_ada_flip_is_off_unless_asked_for():
    ramp = torch.linspace(-1, 1, 16).expand(200, 1, 16, 16).contiguous()
    still = {"rotation_degrees": 0.0, "scale": 0.0, "shift": 0.0, "brightness": 0.0, "contrast": 0.0}
    torch.manual_seed(0)
    torch.testing.assert_close(AdaAugment(flip=False, **still)(ramp, torch.ones(200)), ramp)
    rising = AdaAugment(flip=True, **still)(ramp, torch.ones(200))[:, 0, 0, -1] > 0
    assert 60 < rising.sum() < 140


def test_a_row_of_strength_zero_stays_as_it_is():
    torch.manual_seed(0)
    x = torch.rand(6, 1, 16, 16)
    y = AdaAugment()(x, torch.tensor([0.0, 0, 0, 1, 1, 1]))
    torch.testing.assert_close(y[:3], x[:3], atol=1e-5, rtol=0)
    assert not y[3:].allclose(x[3:], atol=1e-2)


def test_diffaugment_without_any_part_changes_nothing():
    x = torch.rand(4, 1, 16, 16)
    torch.testing.assert_close(DiffAugment(shift=0.0)(x, torch.ones(4)), x)


def test_the_controller_moves_by_all_images_of_a_step_however_they_were_judged():
    control, labels = AdaController(images=1000), torch.zeros(8, dtype=torch.int64)
    alone = control.next([0.1], torch.ones(8, 1), labels)[0] - 0.1
    packed = control.next([0.1], torch.ones(4, 1), labels)[0] - 0.1
    accumulated = control.next([0.1], torch.ones(8, 1), labels, images=32)[0] - 0.1
    assert alone == pytest.approx(control.most * control.every * 8 / 1000)
    assert (packed, accumulated) == pytest.approx((alone, 4 * alone))


@pytest.mark.parametrize("augment", [DiffAugment(), chain(DiffAugment(), InstanceNoise())])
def test_what_always_applies_is_not_left_out_at_strength_zero(augment, monkeypatch):
    seen = []

    def noted(self, x, strength):
        seen.append(strength.tolist())
        return x

    monkeypatch.setattr(DiffAugment, "__call__", noted)
    space = SampleSpace(channels=1, size=(16, 16))
    recipe = replace(dcgan(space, batch=4, width=4), augment=augment, strength=Ramp(0.0, 0.0, images=1))
    data = ArrayDataset(np.zeros((4, *space.shape), np.uint8))
    fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=1))
    assert seen
    assert not any(map(any, seen))


def test_the_controller_follows_overfitting_of_each_class_within_bounds():
    control = AdaController(target=0.6, images=1000)
    logits = torch.cat([torch.ones(10, 1), torch.tensor([[1.0], [-1.0]]).repeat(5, 1)])
    labels = torch.tensor([0] * 10 + [1] * 10)
    sure, unsure, absent = control.next([0.1, 0.1, 0.1], logits, labels)
    assert sure > 0.1 > unsure
    assert absent == 0.1
    assert control.next([control.most, 0.0, 0.0], logits, labels) == [control.most, 0.0, 0.0]
