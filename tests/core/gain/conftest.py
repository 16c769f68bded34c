"""A phantom whose right answers are known: soft tissue of many patients, half of them with a lesion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ganworks.metrics.labelled import Labelled

SIDE = 20  # pixels
FULL = 65535


@dataclass(frozen=True)
class Phantom:
    """16-bit images (rows, SIDE, SIDE), 0 healthy and 1 lesion, and the patient of each row."""

    pixels: NDArray[np.uint16]
    labels: NDArray[np.int64]
    patients: NDArray[np.int64]

    def labelled(self) -> Labelled:
        x = torch.from_numpy(self.pixels.astype(np.float32) / (FULL / 2) - 1)[:, None]
        return Labelled(x, torch.from_numpy(self.labels.copy()))


def make_phantom(patients: int, seed: int, slices: int = 2) -> Phantom:
    """Draw ``patients`` people with ``slices`` images each; every second person has a lesion."""
    random = np.random.default_rng(seed)
    rows = [_slices(random, person % 2 == 1, slices) for person in range(patients)]
    who = np.arange(patients).repeat(slices)
    return Phantom(np.concatenate(rows), who % 2, seed * 100_000 + who)


def _slices(random: np.random.Generator, sick: bool, slices: int) -> NDArray[np.uint16]:
    """One person: organ, grain and brightness stay; texture, vessel and lesion place differ by slice."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    middle, radius = random.uniform(-0.1, 0.1, 2), random.uniform(0.75, 0.95, 2)
    grain, level, contrast = random.uniform(0.8, 1.3), random.uniform(0.3, 0.5), random.uniform(0.04, 0.08)
    organ = ((y - middle[0]) / radius[0]) ** 2 + ((x - middle[1]) / radius[1]) ** 2 < 1
    strength, width = random.uniform(0.2, 0.4), random.uniform(0.2, 0.3)
    made = []
    for _ in range(slices):
        texture = gaussian_filter(random.standard_normal((SIDE, SIDE)), grain)
        image = level * organ + contrast * texture / texture.std() + 0.15
        angle, offset = random.uniform(0, np.pi), random.uniform(-0.4, 0.4)
        image += (
            0.1 * np.exp(-(((x * np.cos(angle) + y * np.sin(angle) - offset) / 0.1) ** 2)) * organ
        )  # vessel
        if sick:
            at = middle + random.uniform(-0.5, 0.5, 2)
            image += strength * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / (2 * width**2))
        made.append(image)
    return (np.clip(np.stack(made), 0, 1) * FULL).astype(np.uint16)


def turn_and_shift(x: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """The classical augmentation that suits the phantom: mirrors, small shifts, brightness and contrast."""
    for axis in (2, 3):
        mirrored = torch.rand(len(x), 1, 1, 1, generator=random) < 0.5
        x = torch.where(mirrored, x.flip(axis), x)
    by = torch.randint(-2, 3, (2,), generator=random).tolist()
    x = x.roll(by, dims=(2, 3))
    scale = 0.8 + 0.4 * torch.rand(len(x), 1, 1, 1, generator=random)
    return (x * scale).clamp(-1, 1)


@pytest.fixture(scope="session")
def phantom() -> Callable[..., Phantom]:
    return make_phantom


@pytest.fixture(scope="session")
def phantom_augment() -> Callable[[torch.Tensor, torch.Generator], torch.Tensor]:
    return turn_and_shift


@pytest.fixture(scope="session", autouse=True)
def _one_torch_thread() -> Iterator[None]:
    """Networks this small run fastest on one thread, and many times faster on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
