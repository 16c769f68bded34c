"""Deterministic texture phantoms and the feature space of the metric tests."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from ganworks.metrics import Cached, Lite0Features

torch.set_num_threads(1)
SIZE = 32  # pixels


def draw_phantoms(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw textured ellipses, class 1 with a lesion: images (count, 1, 32, 32) in [-1, 1] and labels."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    images, labels = np.empty((count, 1, SIZE, SIZE), np.float32), random.integers(0, 2, count)
    for image, label in zip(images, labels, strict=True):
        tilt, (cx, cy), (a, b) = (
            random.normal(0, 0.3),
            random.normal(0, 0.08, 2),
            random.uniform(0.5, 0.85, 2),
        )
        u = (x - cx) * np.cos(tilt) + (y - cy) * np.sin(tilt)
        v = (y - cy) * np.cos(tilt) - (x - cx) * np.sin(tilt)
        body = 1 / (1 + np.exp(np.minimum(20 * ((u / a) ** 2 + (v / b) ** 2 - 1), 50)))
        coarse, fine = (gaussian_filter(random.normal(size=u.shape), s, mode="wrap") * s for s in (3, 0.7))
        lx, ly = random.uniform(-0.35, 0.35, 2)
        lesion = 0.7 * label * np.exp(-((x - lx) ** 2 + (y - ly) ** 2) / 0.02)
        image[0] = body * (0.8 + 0.5 * coarse + 0.25 * fine + lesion) - 1
    return torch.from_numpy(images.clip(-1, 1)), torch.from_numpy(labels)


@pytest.fixture(scope="session")
def phantoms():
    return draw_phantoms


@pytest.fixture(scope="session")
def lite0():
    return Cached(Lite0Features(), keep=64)
