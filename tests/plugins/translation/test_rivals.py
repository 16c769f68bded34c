"""The rivals by answers that are known: each gives exactly what its name says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from ganworks.data import PairedDataset
from ganworks_translation.rivals import (
    LUMA,
    NearestNeighbour,
    copied,
    label_colours,
    mean_target,
    painted,
)


def pictures(rows: int, channels: int, side: int = 16, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return draw.integers(0, 256, (rows, channels, side, side), dtype=np.uint8)


def as_values(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1)


def one_hot(places: np.ndarray, labels: int) -> np.ndarray:
    """(rows, H, W) -> (rows, labels, H, W), full range."""
    return (np.moveaxis(np.eye(labels, dtype=np.uint8)[places], -1, 1) * 255).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_a_copy_with_the_channels_of_the_target_is_the_input_itself(channels: int) -> None:
    sources = as_values(pictures(2, channels))
    assert copied(sources, channels) is sources


def test_a_grey_copy_is_grey_in_every_colour() -> None:
    sources = as_values(pictures(2, 1))
    assert_close(copied(sources, 3), sources.repeat(1, 3, 1, 1))


def test_a_colour_becomes_its_luma() -> None:
    red = torch.tensor([1.0, -1.0, -1.0])[None, :, None, None].expand(1, 3, 4, 4)
    assert_close(copied(red, 1), torch.full((1, 1, 4, 4), 2 * LUMA[0] - 1))


@given(st.integers(1, 70), st.integers(1, 3))
def test_the_mean_target_is_the_mean(rows: int, channels: int) -> None:
    targets = pictures(rows, channels, side=8)
    found = mean_target(PairedDataset(targets, pictures(rows, 1, side=8)))
    assert_close(found, as_values(targets).mean(0), atol=1e-5, rtol=0)


@given(st.integers(0, 1000))
def test_each_training_source_finds_its_own_target(seed: int) -> None:
    sources, targets = pictures(20, 2, seed=seed), pictures(20, 3, seed=seed + 1)
    rival = NearestNeighbour(PairedDataset(targets, sources))
    order = np.random.default_rng(seed).permutation(20)
    assert_close(rival(as_values(sources[order])), as_values(targets[order]))


def test_the_nearest_neighbour_is_not_misled_by_little_noise() -> None:
    sources, targets = pictures(70, 1, side=32), pictures(70, 3, side=32, seed=1)
    rival = NearestNeighbour(PairedDataset(targets, sources))
    noisy = as_values(sources) + 0.1 * torch.randn(70, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    assert rival.places(noisy).tolist() == list(range(70))


def test_labels_get_the_mean_colour_of_what_lies_under_them() -> None:
    colours = np.array([[255, 0, 0], [0, 128, 255], [9, 9, 9]], np.uint8)
    places = np.random.default_rng(0).integers(0, 2, (5, 8, 8))  # the third label never comes up
    targets = np.moveaxis(colours[places], -1, 1)
    data = PairedDataset(np.ascontiguousarray(targets), one_hot(places, 3))
    found = label_colours(data)
    assert_close(found[:2], as_values(colours[:2]))
    assert found[2].tolist() == [0, 0, 0]
    assert_close(painted(data.sources(torch.arange(5)), found), as_values(targets))
