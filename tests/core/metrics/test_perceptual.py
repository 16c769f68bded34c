"""The Lite0 perceptual distance: what it must be exactly, and how it ranks pictures where pixels mislead."""

from __future__ import annotations

import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ganworks.metrics import perceptual_distance
from ganworks.networks import load_efficientnet_lite0


@pytest.fixture(scope="module")
def photo() -> torch.Tensor:
    """(1, 3, 256, 256) in [-1, 1]."""
    pixels = torch.from_numpy(skimage.data.astronaut()[:256, 64:320].copy())
    return pixels.permute(2, 0, 1)[None].float() / 127.5 - 1


def enlarged_again(photo: torch.Tensor, mode: str = "bicubic") -> torch.Tensor:
    """What is left of it after shrinking to a quarter."""
    small = F.interpolate(photo, scale_factor=0.25, mode="bicubic", antialias=True)
    return F.interpolate(small, scale_factor=4.0, mode=mode).clamp(-1, 1)


def squared_error(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).square().mean())


def noise(photo: torch.Tensor, deviation: float) -> torch.Tensor:
    drawn = torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    return (photo + deviation * drawn).clamp(-1, 1)


def test_it_is_the_formula_over_the_pyramid(photo):
    a, b = photo, enlarged_again(photo)
    network = load_efficientnet_lite0()
    expected = 0.0
    for x, y in zip(network.pyramid(a), network.pyramid(b), strict=True):
        x, y = x / x.norm(dim=1, keepdim=True), y / y.norm(dim=1, keepdim=True)
        expected += float((x - y).square().sum(1).mean())
    assert float(perceptual_distance(a, b)) == pytest.approx(expected, rel=1e-4)


@settings(max_examples=5, deadline=None)
@given(
    rows=st.integers(1, 10),
    channels=st.sampled_from([1, 3]),
    size=st.tuples(st.integers(16, 40), st.integers(16, 40)),
)
def test_it_is_zero_for_equal_pictures_symmetric_and_row_by_row(rows, channels, size):
    draw = torch.Generator().manual_seed(rows)
    a, b = (torch.rand(rows, channels, *size, generator=draw) * 2 - 1 for _ in range(2))
    distance = perceptual_distance(a, b)
    assert distance.shape == (rows,)
    assert (distance > 0).all()
    assert not perceptual_distance(a, a).any()
    torch.testing.assert_close(distance, perceptual_distance(b, a), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(distance[-1:], perceptual_distance(a[-1:], b[-1:]), atol=1e-4, rtol=1e-3)


def test_greys_count_as_three_equal_colours(photo):
    grey = photo.mean(1, keepdim=True)
    other = enlarged_again(grey)
    as_colours = perceptual_distance(grey.expand(-1, 3, -1, -1), other.expand(-1, 3, -1, -1))
    torch.testing.assert_close(perceptual_distance(grey, other), as_colours)


def test_more_noise_and_more_blur_are_further_away(photo):
    noisy = [float(perceptual_distance(noise(photo, d), photo)) for d in (0.02, 0.08, 0.3)]
    assert noisy == sorted(noisy)
    assert float(perceptual_distance(enlarged_again(photo), photo)) > noisy[0]


def test_sharp_detail_out_of_place_looks_nearer_than_blur_though_its_pixels_are_further(photo):
    blurred = enlarged_again(photo)
    sharp = (blurred + torch.roll(photo - blurred, (1, 1), (2, 3))).clamp(-1, 1)
    assert squared_error(sharp, photo) > squared_error(blurred, photo)
    assert float(perceptual_distance(sharp, photo)) < 0.5 * float(perceptual_distance(blurred, photo))


def test_blocks_look_worse_than_smooth_enlargement(photo):
    blocks, smooth = enlarged_again(photo, "nearest"), enlarged_again(photo)
    assert float(perceptual_distance(blocks, photo)) > 1.2 * float(perceptual_distance(smooth, photo))


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ((2, 3, 32, 32), (2, 3, 32, 31), "one shape"),
        ((2, 3, 15, 32), (2, 3, 15, 32), "15 x 32 are too small"),
        ((2, 2, 32, 32), (2, 2, 32, 32), "1 or 3"),
        ((3, 32, 32), (3, 32, 32), "1 or 3"),
    ],
)
def test_what_cannot_be_compared_is_refused(a, b, reason):
    with pytest.raises(ValueError, match=reason):
        perceptual_distance(torch.zeros(a), torch.zeros(b))


def test_no_pictures_have_no_distances():
    assert perceptual_distance(torch.zeros(0, 3, 32, 32), torch.zeros(0, 3, 32, 32)).shape == (0,)
