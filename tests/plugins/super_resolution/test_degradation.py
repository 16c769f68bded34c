"""Degradations against what is known of them: the protocol, means, deviations, independence of rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ganworks_super_resolution.degradation import (
    Draws,
    NoiseRange,
    bicubic_down,
    blurred,
    gaussian_noise,
    jpeg_coded,
    random_holes,
    random_kernels,
    random_noise,
    resized,
    second_order,
    shot_noise,
    symmetric_pad,
)
from ganworks_super_resolution.degradation.blur import gaussian_kernels, sinc_kernels


def picture(rows: int = 2, side: int = 64, channels: int = 3, seed: int = 0) -> Tensor:
    """Smooth colours with some texture, in [0.1, 0.9]."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(rows, channels, 6, 6, generator=random)
    x = F.interpolate(coarse, size=(side, side), mode="bicubic")
    x = x + 0.05 * torch.rand(rows, channels, side, side, generator=random)
    return (x - x.min()) / (x.max() - x.min()) * 0.8 + 0.1


# --- the protocol ---
def keys_cubic(x: np.ndarray) -> np.ndarray:
    """Keys 1981 with a = -0.5."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0))


def imresize_line(values: np.ndarray, scale: int) -> np.ndarray:
    """The reduction of one line as MATLAB's imresize does it, written pixel by pixel."""
    side, result = len(values), []
    for place in range(side // scale):
        centre = (place + 0.5) * scale - 0.5
        taps = np.arange(math.floor(centre - 2 * scale), math.ceil(centre + 2 * scale) + 1)
        weights = keys_cubic((taps - centre) / scale)
        result.append((weights * values[np.clip(taps, 0, side - 1)]).sum() / weights.sum())
    return np.clip(result, 0, 255)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("side", [12, 48])
def test_the_reduction_is_the_one_of_the_papers_also_at_the_border(scale: int, side: int) -> None:
    pixels = np.random.default_rng(side).integers(0, 256, (side, side)).astype(float)
    x = torch.from_numpy(pixels / 255).float()[None, None]
    exact, rounded = pixels, pixels
    for axis in (0, 1):  # rows first; 8-bit numbers are rounded after each
        exact = np.apply_along_axis(imresize_line, axis, exact, scale)
        rounded = np.floor(np.apply_along_axis(imresize_line, axis, rounded, scale) + 0.5)
    np.testing.assert_allclose(bicubic_down(x, scale, levels=None)[0, 0] * 255, exact, atol=1e-3)
    differing = (bicubic_down(x, scale)[0, 0] * 255).round().numpy() != rounded
    assert differing.mean() <= 0.02  # exact halves, which single precision may round either way


def test_the_reduction_is_rounded_to_whole_levels() -> None:
    small = bicubic_down(picture(), 2) * 255
    assert torch.allclose(small, small.round(), atol=1e-4)


@given(rim=st.integers(0, 40), height=st.integers(1, 9), width=st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_symmetric_continuation_is_that_of_numpy(rim: int, height: int, width: int) -> None:
    x = torch.rand(1, 2, height, width)
    wanted = np.pad(x.numpy(), ((0, 0), (0, 0), (rim, rim), (rim, rim)), mode="symmetric")
    np.testing.assert_array_equal(symmetric_pad(x, rim), wanted)


@pytest.mark.parametrize("mode", ["area", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(20, 30), (100, 90), (64, 64)])
def test_resampling_keeps_an_even_picture(mode: str, size: tuple[int, int]) -> None:
    x = torch.full((1, 3, 64, 64), 0.3)
    made = resized(x, *size, mode)  # type: ignore[arg-type]
    assert made.shape == (1, 3, *size)
    torch.testing.assert_close(made, torch.full_like(made, 0.3))


# --- blur ---
def test_blur_with_a_gaussian_is_the_one_of_scipy() -> None:
    from scipy.ndimage import gaussian_filter

    x = picture(2, 48)
    sigma = torch.tensor([1.0, 2.0])
    made = blurred(x, gaussian_kernels(sigma, sigma, torch.zeros(2), 21))
    for row in range(2):
        for channel in range(3):
            wanted = gaussian_filter(x[row, channel].numpy(), float(sigma[row]), mode="nearest", radius=10)
            np.testing.assert_allclose(made[row, channel], wanted, atol=2e-6)


def test_an_anisotropic_kernel_lies_along_its_angle() -> None:
    angle = math.pi / 6
    kernel = gaussian_kernels(torch.tensor([3.0]), torch.tensor([1.0]), torch.tensor([angle]), 41)[0].double()
    line = torch.arange(41.0, dtype=torch.float64) - 20
    y, x = torch.meshgrid(line, line, indexing="ij")
    moments = torch.tensor([[(kernel * a * b).sum() for a in (x, y)] for b in (x, y)], dtype=torch.float64)
    values, axes = torch.linalg.eigh(moments)
    torch.testing.assert_close(values, torch.tensor([1.0, 9.0], dtype=torch.float64), rtol=1e-3, atol=0)
    assert abs(float(axes[1, 1] / axes[0, 1]) - math.tan(angle)) < 1e-3


@given(seed=st.integers(0, 10**9))
@settings(max_examples=25, deadline=None)
def test_kernels_sum_to_one_and_are_symmetric(seed: int) -> None:
    kernels = random_kernels(Draws(seed, range(16)), (0.2, 3.0), sinc=0.3)
    torch.testing.assert_close(kernels.sum((1, 2)), torch.ones(16))
    torch.testing.assert_close(kernels, kernels.flip(1, 2))


def test_all_kinds_of_kernels_occur() -> None:
    kernels = random_kernels(Draws(0, range(400)), (0.2, 3.0), sinc=0.1)
    rings = (kernels < -1e-4).flatten(1).any(1)  # only a sinc goes below zero
    isotropic = (kernels - kernels.transpose(1, 2)).abs().flatten(1).amax(1) < 1e-6
    assert 0.05 < rings.float().mean() < 0.15
    assert 0.5 < isotropic.float().mean() < 0.85
    sides = (kernels[rings] != 0).any(1).sum(1)
    assert set(sides.tolist()) == {7, 9, 11, 13, 15, 17, 19, 21}


def test_blur_keeps_the_mean_inside() -> None:
    x = torch.zeros(2, 3, 64, 64)
    x[..., 20:40, 20:40] = picture(2, 20)
    made = blurred(x, random_kernels(Draws(3, range(2)), (0.5, 3.0)))
    torch.testing.assert_close(made.mean((2, 3)), x.mean((2, 3)), rtol=1e-4, atol=1e-6)


def test_a_sinc_kernel_takes_away_only_what_is_above_its_cutoff() -> None:
    kernel = sinc_kernels(torch.tensor([math.pi / 2]), 101)[0]
    passed = torch.fft.fft2(kernel, s=(256, 256)).abs()
    assert passed[int(0.3 * 128), 0] > 0.95
    assert passed[int(0.7 * 128), 0] < 0.05


# --- noise ---
def test_gaussian_noise_has_the_deviation_that_was_asked_for() -> None:
    x = torch.full((3, 3, 128, 128), 0.5)
    sigma = torch.tensor([0.02, 0.05, 0.1])
    noise = gaussian_noise(x, sigma, Draws(1, range(3)), torch.tensor([False, False, True])) - x
    torch.testing.assert_close(noise.std((1, 2, 3)), sigma, rtol=0.03, atol=0)
    assert torch.equal(noise[2, 0], noise[2, 2])
    assert abs(float(torch.corrcoef(noise[0, :2].flatten(1))[0, 1])) < 0.05


def test_shot_noise_varies_as_the_light_does() -> None:
    x = torch.tensor([0.2, 0.8])[:, None, None, None].expand(2, 3, 128, 128).contiguous()
    photons = torch.tensor([400.0, 400.0])
    for grey in (False, True):
        noise = shot_noise(x, photons, Draws(2, range(2)), torch.full((2,), grey)) - x
        torch.testing.assert_close(noise.var((1, 2, 3)), x[:, 0, 0, 0] / 400, rtol=0.08, atol=0)
        assert torch.equal(noise[1, 0], noise[1, 1]) == grey
        assert abs(float(noise.mean())) < 1e-3


# --- JPEG ---
def test_jpeg_of_quality_100_changes_next_to_nothing_and_less_quality_more() -> None:
    x = torch.round(picture(1, 64) * 255) / 255
    errors = [float((jpeg_coded(x, torch.tensor([q])) - x).abs().mean()) for q in (100, 80, 40, 10)]
    assert errors[0] < 2 / 255
    assert all(worse > better for better, worse in pairwise(errors))


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_jpeg_takes_any_number_of_channels(channels: int) -> None:
    x = picture(2, 24, channels)
    made = jpeg_coded(x, torch.tensor([90, 30]))
    assert made.shape == x.shape
    assert float((made - x).abs().mean()) < 0.05


# --- seeds ---
Degrade = Callable[[Tensor, Draws], Tensor]
NOISE = NoiseRange(sigma=(1, 30), shot=(0.05, 3))
SEEDED: dict[str, Degrade] = {
    "blur": lambda x, draws: blurred(x, random_kernels(draws, (0.2, 3))),
    "noise": lambda x, draws: random_noise(x, draws, NOISE),
    "second order": lambda x, draws: second_order(x, 2, draws),
    "holes": lambda x, draws: random_holes(draws, *x.shape[-2:]),
}


@pytest.mark.parametrize("degrade", SEEDED.values(), ids=SEEDED)
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_a_row_is_degraded_the_same_in_any_batch(degrade: Degrade, data: st.DataObject) -> None:
    x = picture(4, 40)
    order = data.draw(st.permutations(range(4)))
    kept = order[: data.draw(st.integers(1, 4))]
    together = degrade(x, Draws(7, range(4)))
    apart = degrade(x[kept], Draws(7, kept))
    torch.testing.assert_close(apart, together[kept], rtol=0, atol=1e-6)


@pytest.mark.parametrize("degrade", SEEDED.values(), ids=SEEDED)
def test_rows_and_seeds_differ(degrade: Degrade) -> None:
    x = picture(1, 40).expand(3, -1, -1, -1)
    one, other = degrade(x, Draws(1, range(3))), degrade(x, Draws(2, range(3)))
    assert not torch.equal(one[0], one[1])
    assert not torch.equal(one, other)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_second_order_gives_worse_pictures_of_the_right_size(scale: int, channels: int) -> None:
    x = picture(3, 24 * scale, channels)
    made = second_order(x, scale, Draws(5, range(3)))
    assert made.shape == (3, channels, 24, 24)
    assert torch.equal(made, made.clamp(0, 1))
    clean = bicubic_down(x, scale)
    assert float((made - clean).abs().mean()) > 0.005
    assert float((made - clean).mean().abs()) < 0.1


@given(seed=st.integers(0, 2**31 - 1), row=st.integers(0, 2**20))
def test_draws_are_even(seed: int, row: int) -> None:
    draws = Draws(seed, range(row, row + 2000))
    assert abs(draws.fraction("a").mean() - 0.5) < 0.04
    assert np.unique(draws.below("b", 8)).tolist() == list(range(8))
    assert abs(np.corrcoef(draws.fraction("a"), draws.fraction("b"))[0, 1]) < 0.12
    assert draws.choice("c", (1, 0, 3)).unique().tolist() == [0, 2]


def test_holes_are_neither_nothing_nor_everything() -> None:
    share = random_holes(Draws(0, range(200)), 48, 64).mean((1, 2, 3))
    assert 0.03 < float(share.mean()) < 0.4
    assert float(share.min()) > 0
    assert float(share.max()) < 0.9
