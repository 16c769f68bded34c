"""Stacked MNIST measured on planted answers. The classifier here is exact: it reads a digit off one pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from _stacks import MODES, StackedDigits, read_stacks, score_stacks

SAMPLES = 25_600


def some_digits() -> np.ndarray:
    """(30, 1, 4, 4) uint8: three of each digit, which is written into the first pixel."""
    images = np.random.default_rng(0).integers(0, 256, (30, 1, 4, 4), dtype=np.uint8)
    images[:, 0, 0, 0] = np.arange(30) % 10 * 25
    return images


def read_pixel(digits: torch.Tensor) -> torch.Tensor:
    written = ((digits[:, 0, 0, 0] + 1) * 127.5 / 25).round().long()
    return torch.nn.functional.one_hot(written, 10).float()


def real_codes(count: int = SAMPLES) -> torch.Tensor:
    data = StackedDigits(some_digits(), count)
    return read_stacks(read_pixel, data.rows(torch.arange(count)))


def test_real_stacks_have_every_mode_and_a_divergence_at_the_floor():
    found = score_stacks(real_codes())
    assert found.modes == MODES
    assert found.floor == pytest.approx(999 / 51_200)
    assert found.kl == pytest.approx(found.floor, abs=0.003)


def test_a_channel_stuck_on_one_digit_leaves_a_hundred_modes():
    codes = real_codes()
    found = score_stacks(codes % 100 + 700)
    assert found.modes == 100
    assert found.kl == pytest.approx(np.log(10), abs=0.01)


def test_equal_channels_leave_ten_modes():
    codes = real_codes() // 100 * 111
    found = score_stacks(codes)
    assert found.modes == 10
    assert found.kl == pytest.approx(np.log(100), abs=0.01)


def test_a_stack_is_three_digits_in_order():
    digits = some_digits()
    data = StackedDigits(digits, 50, seed=3)
    rows = data.rows(torch.tensor([7, 2]))
    assert rows.shape == (2, *data.space.shape) == (2, 3, 4, 4)
    for row, number in zip(rows, (7, 2), strict=True):
        expected = digits[data.array[number], 0].astype(np.float32) / 127.5 - 1
        np.testing.assert_allclose(row.numpy(), expected, atol=1e-6)
    a, b, c = data.array[7] % 10
    assert read_stacks(read_pixel, rows)[0] == 100 * a + 10 * b + c


def test_the_draw_of_stacks_repeats_by_seed():
    digits = some_digits()
    assert np.array_equal(StackedDigits(digits, 20, seed=1).array, StackedDigits(digits, 20, seed=1).array)
    assert not np.array_equal(
        StackedDigits(digits, 20, seed=1).array, StackedDigits(digits, 20, seed=2).array
    )
