"""Scores of pairs against formulas written out here, and the protocol of super-resolution on a real photo."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import convolve2d
from skimage import data
from torch.nn.functional import interpolate

from ganworks_image.paired_scores import l1, luma, psnr, psnr_y, ssim, ssim_y

Picture = NDArray[np.uint8]
SIDES = st.integers(24, 40)


@pytest.fixture(scope="module")
def photo() -> Picture:
    return np.ascontiguousarray(data.chelsea()[:120, :160])


def noisy(picture: Picture, sigma: float) -> Picture:
    noise = np.random.default_rng(0).normal(0, sigma, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def written_out_ssim(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Wang et al. 2004, section III.B: an 11 x 11 Gaussian of sigma 1.5, windows that fit whole."""
    axis = np.arange(11) - 5
    line = np.exp(-(axis**2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2

    def mean(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return convolve2d(z, window, mode="valid")

    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(((2 * mx * my + c1) * (2 * vxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


def test_luma_is_bt601_in_studio_range() -> None:
    corners = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_allclose(luma(corners), [[16, 235, 16 + 65.481, 16 + 128.553, 16 + 24.966]])


@given(SIDES, SIDES, st.integers(0, 4), st.integers(0, 9))
def test_psnr_y_is_the_formula_on_what_the_border_leaves(
    height: int, width: int, border: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    a, b = (draw.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(2))
    weights = np.array([65.481, 128.553, 24.966]) / 255
    inside = slice(border, height - border), slice(border, width - border)
    error = (((a[inside].astype(float) - b[inside]) @ weights) ** 2).mean()
    assert psnr_y(a, b, border) == pytest.approx(10 * np.log10(255**2 / error))


@given(SIDES, SIDES, st.integers(0, 4), st.integers(0, 9))
def test_ssim_y_is_the_formula_of_its_paper(height: int, width: int, border: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    a = draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
    b = noisy(a, 30)
    inside = slice(border, height - border), slice(border, width - border)
    assert ssim_y(a, b, border) == pytest.approx(written_out_ssim(luma(a)[inside], luma(b)[inside]), abs=1e-9)


def test_the_bicubic_row_is_that_of_papers_and_not_that_of_another_kernel(photo: Picture) -> None:
    """Without antialias torch takes a = -0.75 for -0.5, which gives more, by as much as a paper may gain."""
    x = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None].float()
    low = interpolate(x, scale_factor=0.25, mode="bicubic", antialias=True).round().clamp(0, 255)
    scores = {}
    for antialias in (True, False):
        high = interpolate(low, scale_factor=4, mode="bicubic", antialias=antialias)[0].permute(1, 2, 0)
        scores[antialias] = psnr_y(high.numpy(), photo, 4)
    assert 0.05 < scores[False] - scores[True] < 0.5


def test_values_that_are_not_whole_count_as_a_file_would_hold_them(photo: Picture) -> None:
    off = np.where(photo < 250, photo + 0.3, 300.0)
    rounded = np.where(photo < 250, photo, 255)
    assert psnr_y(off, photo, 4) == psnr_y(rounded, photo, 4)


def test_a_grey_picture_scores_as_the_same_picture_in_colour(photo: Picture) -> None:
    a, b = photo[:, :, 0], noisy(photo[:, :, 0], 5)
    colour = [np.repeat(one[:, :, None], 3, axis=2) for one in (a, b)]
    for score in (psnr_y, ssim_y):
        assert score(a, b, 2) == pytest.approx(score(colour[0], colour[1], 2))
        assert score(a[:, :, None], b[:, :, None], 2) == score(a, b, 2)


def test_equal_pictures_are_perfect_and_noise_costs(photo: Picture) -> None:
    assert (psnr_y(photo, photo, 0), l1(photo, photo)) == (float("inf"), 0)
    assert ssim_y(photo, photo, 0) == pytest.approx(1)
    little, much = noisy(photo, 2), noisy(photo, 20)
    assert psnr_y(little, photo, 0) > psnr_y(much, photo, 0)
    assert ssim_y(little, photo, 0) > ssim_y(much, photo, 0)
    assert l1(little, photo) < l1(much, photo)


def test_other_ranges_and_types() -> None:
    a, b = np.full((16, 16), 1000, np.uint16), np.full((16, 16), 900, np.uint16)
    assert l1(a, b) == 100  # unsigned numbers that must not wrap round
    assert psnr(b, a, 65535) == pytest.approx(20 * np.log10(65535 / 100))
    ramp = np.tile(np.linspace(-1, 1, 16), (16, 1))
    assert ssim(ramp, ramp, 2) == pytest.approx(1)
    both = np.stack([ramp, -ramp], axis=2)
    assert ssim(both, ramp[:, :, None].repeat(2, axis=2), 2) == pytest.approx((1 + ssim(-ramp, ramp, 2)) / 2)


@pytest.mark.parametrize(
    ("a", "b", "border"),
    [
        ((20, 20, 3), (20, 21, 3), 0),  # another shape
        ((20, 20, 2), (20, 20, 2), 0),  # no colour
        ((8, 8, 3), (8, 8, 3), 4),  # nothing inside the border
        ((0, 8, 3), (0, 8, 3), 0),
    ],
)
def test_what_cannot_be_scored_is_refused(a: tuple[int, ...], b: tuple[int, ...], border: int) -> None:
    with pytest.raises(ValueError, match=r"expected|leaves nothing"):
        psnr_y(np.zeros(a, np.uint8), np.zeros(b, np.uint8), border)


def test_ssim_needs_a_whole_window() -> None:
    with pytest.raises(ValueError, match="11 pixels"):
        ssim_y(np.zeros((20, 18, 3), np.uint8), np.zeros((20, 18, 3), np.uint8), 4)
