"""Which engine settings are fastest for a recipe: found by timing its own step."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ganworks.data import Dataset
from ganworks.training.building import prepared_draw
from ganworks.training.engine import Engine, EngineSettings, calibrate
from ganworks.training.fit import play
from ganworks.training.recipe import Recipe
from ganworks.training.state import TrainingState

FINAL = 10**12  # images seen at the end of any schedule


def calibrate_for(
    recipe: Recipe, data: Dataset, device: torch.device, threads: int | None = None, bf16: bool | None = None
) -> EngineSettings:
    """Engine settings under which a step of this recipe on this data is fastest, measured on a copy.

    ``threads`` and ``bf16`` are measured where they are None.

    Raises: as `ganworks.training.fit`.
    """

    def one_step(engine: Engine) -> Callable[[], object]:
        state = TrainingState(recipe, engine)
        state.images = FINAL  # measured as it will mostly be: grown up, past every warm-up
        state.follow_schedules()
        draw = prepared_draw(recipe, data, engine.device)
        return lambda: play(state, draw, engine)

    with torch.random.fork_rng(devices=[]):
        return calibrate(device, threads, bf16, one_step)
