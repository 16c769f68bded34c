"""The distilled recipe with a teacher that learns along; one that is trained comes from a run folder."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganworks.data import ArrayDataset
from ganworks.recipes.distilled import distilled
from ganworks.training import Budget, EngineSettings, TorchEngine, TrainingState, fit

ARRAY = np.random.default_rng(0).integers(0, 255, (24, 1, 16, 16), dtype=np.uint8)


def train(steps: int, **options) -> TrainingState:
    data = ArrayDataset(ARRAY)
    recipe = distilled(data.space, batch=8, latent=8, width=4, teacher_width=8, lr=3e-3, **options)
    return fit(recipe, data, TorchEngine(EngineSettings()), Budget(steps=steps), seed=1)


def gap(state: TrainingState) -> float:
    """Mean distance between what teacher and student draw from equal latents."""
    torch.manual_seed(0)
    latent, labels = torch.randn(32, 8), torch.zeros(32, dtype=torch.int64)
    with torch.no_grad():
        pictures = [state.networks[name](latent, labels) for name in ("teacher", "generator")]
    return (pictures[0] - pictures[1]).abs().mean().item()


def test_the_student_comes_close_to_its_teacher_and_is_smaller():
    taught, alone = train(60), train(60, pixels=0.0, features=0.0)
    assert gap(taught) < 0.7 * gap(alone)
    sizes = [sum(p.numel() for p in taught.networks[n].parameters()) for n in ("generator", "teacher")]
    assert sizes[0] < sizes[1] / 2


def test_a_teacher_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"teacher: .* is not a run folder"):
        distilled(ArrayDataset(ARRAY).space, teacher=str(tmp_path))
