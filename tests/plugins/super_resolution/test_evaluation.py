"""Scores of whole held-out photos: a network that repeats pixels must score as repeated pixels do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage import data
from torch import Tensor, nn

from ganworks.networks import CompactUpscaler
from ganworks.space import SampleSpace
from ganworks.training import Sampler
from ganworks_super_resolution.crops import CropDataset
from ganworks_super_resolution.evaluation import MODEL, decibels, evaluate_photos, scores
from ganworks_super_resolution.held_out import MOST_SIDE, HeldOutPhotos
from ganworks_super_resolution.options import Options
from ganworks_super_resolution.photos import Photos
from ganworks_super_resolution.reading import read
from ganworks_super_resolution.restoring import as_pixels, bicubic, in_channels, plain_ways, restored
from ganworks_super_resolution.tasks import task_of
from ganworks_super_resolution.validation import Judge

SCALE = 2


def photo(top: int, left: int, height: int, width: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(data.chelsea()[top : top + height, left : left + width])


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    """Nine pieces of a real photo with odd sizes; a tenth is a strip too flat to be scored."""
    root = tmp_path_factory.mktemp("photos")
    for row in range(9):
        Image.fromarray(photo(30 * row, 45 * row, 51 + row, 60 - row)).save(root / f"{row}.png")
    Image.fromarray(photo(0, 0, 12, 80)).save(root / "flat.png")
    return read(Options(data=root, scale=SCALE, holdout=0.3), root / "cache")


class Repeating(nn.Module):
    """Pixels repeated, by a network whose sides must be multiples."""

    def __init__(self, multiple: int, scale: int) -> None:
        super().__init__()
        self.multiple, self.scale = multiple, scale

    def forward(self, latent: Tensor, source: Tensor) -> Tensor:
        assert all(side % self.multiple == 0 for side in source.shape[-2:])
        return source.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3)


def sampler(network: nn.Module) -> Sampler:
    return Sampler(network, 1, 1, torch.device("cpu"))


def repeating(multiple: int = 1, scale: int = SCALE) -> Sampler:
    return sampler(Repeating(multiple, scale))


def keys_bicubic(x: NDArray[np.float64], scale: int) -> NDArray[np.float64]:
    """Keys 1981 with a = -0.5 along the last axis, mirrored with the edge doubled."""
    side = x.shape[-1]
    place = (np.arange(side * scale) + 0.5) / scale - 0.5
    found = np.zeros((*x.shape[:-1], side * scale))
    for step in range(-1, 3):
        tap = np.floor(place).astype(int) + step
        t = np.abs(place - tap)
        weight = np.where(t <= 1, 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2)
        mirrored = tap % (2 * side)
        found += x[..., np.where(mirrored < side, mirrored, 2 * side - 1 - mirrored)] * weight
    return found


@given(st.integers(3, 12), st.integers(3, 12), st.integers(2, 4), st.integers(0, 9))
def test_bicubic_is_that_of_papers(height: int, width: int, scale: int, seed: int) -> None:
    x = torch.rand(1, 2, height, width, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    rows = keys_bicubic(x.double().numpy().swapaxes(2, 3), scale).swapaxes(2, 3)
    wanted = np.clip(keys_bicubic(rows, scale), -1, 1)
    np.testing.assert_allclose(bicubic(x, scale).numpy(), wanted, atol=1e-5)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 4), st.integers(1, 3))
def test_photos_of_any_size_are_restored(height: int, width: int, multiple: int, scale: int) -> None:
    x = torch.rand(2, 3, height, width) * 2 - 1
    made = restored(repeating(multiple, scale), x)
    assert torch.equal(made, plain_ways(x, 3, scale).get("nearest", x))


def test_channels_that_lack_are_repeated_and_masks_left_out() -> None:
    x = torch.rand(1, 4, 2, 2)
    assert torch.equal(in_channels(x, 3), x[:, :3])
    assert torch.equal(in_channels(x[:, :1], 3), x[:, :1].expand(1, 3, 2, 2))


def test_a_network_that_repeats_pixels_scores_as_repeated_pixels(photos: Photos) -> None:
    held_out = HeldOutPhotos(photos, task_of(Options(scale=SCALE)), 0)
    assert len(held_out) == 9  # not the strip
    found = evaluate_photos(repeating(multiple=4), held_out, SCALE)
    assert found["mean"][MODEL] == found["mean"]["nearest"]
    assert (found["photos"], found["rival"], found["border"]) == (9, "bicubic", SCALE)
    assert found["gain_db"] == pytest.approx(
        found["mean"]["nearest"]["psnr_y"] - found["mean"]["bicubic"]["psnr_y"]
    )
    assert found["gain_db"] < 0
    assert found["mean"]["nearest"]["perceptual"] > found["mean"]["bicubic"]["perceptual"] > 0
    better = [one for one in found["per_photo"] if one[MODEL]["psnr_y"] > one["bicubic"]["psnr_y"]]
    assert found["better"] == len(better)
    assert {tuple(one["size"]) for one in found["per_photo"]} == {
        (side // 2 * 2, height // 2 * 2) for height, side in photos.sizes.tolist() if height > 12
    }


def test_a_held_out_photo_is_the_same_whatever_was_asked_before(photos: Photos) -> None:
    task = task_of(Options(scale=SCALE, degradation="blur"))
    forth = [one.source for one in HeldOutPhotos(photos, task, 3)]
    some = HeldOutPhotos(photos, task, 3)
    back = [some[place].source for place in reversed(range(len(some)))][::-1]
    other = [one.source for one in HeldOutPhotos(photos, task, 4)]
    assert all(torch.equal(a, b) for a, b in zip(forth, back, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(forth, other, strict=True))
    assert len(HeldOutPhotos(photos, task, 3, most=4)) == 4


def test_of_a_huge_photo_the_middle_is_scored(tmp_path: Path) -> None:
    for number, picture in enumerate((data.chelsea(), data.coffee(), data.astronaut())):
        wide = np.zeros((40, MOST_SIDE + 200, 3), np.uint8)
        wide[:, 100:-100] = np.clip(picture[100:140, :128].repeat(8, axis=1), 1, None)
        Image.fromarray(wide).save(tmp_path / f"{number}.png")
    found = HeldOutPhotos(read(Options(data=tmp_path), tmp_path / "c"), task_of(Options(scale=4)), 0)
    assert found[0].target.shape == (1, 3, 40, MOST_SIDE)
    assert found[0].source.shape == (1, 3, 10, MOST_SIDE // 4)
    assert as_pixels(found[0].target[0]).all()  # nothing of the black rim


def test_what_is_not_defined_is_none() -> None:
    x = torch.rand(1, 3, 32, 32)
    same, small = scores(x, x, 2), scores(x[..., :9, :9], x[..., :9, :9] * 0.9, 2)
    assert same == {"psnr_y": None, "ssim_y": pytest.approx(1), "perceptual": pytest.approx(0, abs=1e-6)}
    assert (small["ssim_y"], small["perceptual"]) == (None, None)
    assert small["psnr_y"] is not None
    assert decibels(x[..., :4, :4], x[..., :4, :4] * 0.9, 2) is None  # nothing inside the border


def test_other_numbers_of_channels_score_as_greys() -> None:
    a, b = torch.rand(1, 4, 24, 24), torch.rand(1, 4, 24, 24)
    each = [decibels(a[:, [c]], b[:, [c]], 2) for c in range(4)]
    assert decibels(a, b, 2) == pytest.approx(np.mean([one for one in each if one is not None]))
    assert scores(a, b, 2)["perceptual"] is None


@pytest.mark.parametrize("perceptual", [False, True])
def test_the_judge_prefers_the_better_network(photos: Photos, perceptual: bool) -> None:
    """Repeated pixels against repeated pixels with noise, on the same crops each time."""

    class Noisy(Repeating):
        def forward(self, latent: Tensor, source: Tensor) -> Tensor:
            x = super().forward(latent, source)
            return x + 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))

    crops = CropDataset(photos, task_of(Options(scale=SCALE)), 16, seed=0)
    judge = Judge(crops, SCALE, perceptual=perceptual)
    plain, noisy = judge(repeating()), judge(sampler(Noisy(1, SCALE)))
    assert plain.score < noisy.score
    assert plain == judge(repeating())
    wanted = plain.values["perceptual"] if perceptual else -plain.values["psnr_y"]
    assert plain.score == wanted
    assert set(plain.values) == {"psnr_y", "perceptual"} if perceptual else {"psnr_y"}


def test_a_real_network_gains_as_it_learns(photos: Photos) -> None:
    """A few steps of L1 on crops of other photos bring a compact network nearer than it began."""
    task: Any = task_of(Options(scale=SCALE))
    crops = CropDataset(photos.part("train"), task, 16, seed=0)
    torch.manual_seed(0)
    network = CompactUpscaler(
        SampleSpace(channels=3, size=(16, 16)), SampleSpace(channels=3, size=(32, 32)), width=8, depth=1
    )
    held_out = HeldOutPhotos(photos.part("test"), task, 0)
    before = evaluate_photos(sampler(network), held_out, SCALE)["gain_db"]
    adam = torch.optim.Adam(network.parameters(), 2e-3)
    for step in range(60):
        index = torch.arange(8) + 8 * step
        loss = (network(torch.zeros(8, 1), crops.sources(index)) - crops.rows(index)).abs().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert evaluate_photos(sampler(network), held_out, SCALE)["gain_db"] > before + 0.3
