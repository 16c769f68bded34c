"""The generator of a run that scored best on the validation split, ready to be drawn from."""

from __future__ import annotations

import torch

from ganworks.errors import RunError, UsageError
from ganworks.run import Run
from ganworks.training import Checkpoints, Recipe, Sampler, find_device, read_tensors


def require_generator(run: Run, checkpoints: Checkpoints) -> None:
    """Raise a RunError unless a generator has been saved."""
    if not checkpoints.best.exists():
        raise RunError(
            f"{run.folder} has no trained generator yet: continue it with `gan resume {run.folder}`"
        )


def best_sampler(run: Run, checkpoints: Checkpoints, recipe: Recipe, device: str) -> Sampler:
    """Load the best generator onto ``device``, or with a warning onto the CPU where there is no such device.

    Raises:
        RunError: the file does not fit the recipe as this version builds it.
    """
    _use_threads(run)
    tensors, _ = read_tensors(checkpoints.best)
    generator = recipe.networks["generator"]()
    try:
        generator.load_state_dict(tensors)
    except RuntimeError:
        raise RunError(
            f"{run.folder} was trained by another version or with other defaults of its "
            "recipe: its generator cannot be read; start a new run"
        ) from None
    classes = max(len(recipe.space.classes), 1)
    there = _device_or_cpu(run, device)
    return Sampler(generator.to(there), recipe.draw.latent, classes, there)


def _device_or_cpu(run: Run, device: str) -> torch.device:
    try:
        return find_device(device)
    except UsageError as error:  # the run came from a machine with a GPU
        run.warn("device", f"{error}. Sampling on the CPU")
        return torch.device("cpu")


def _use_threads(run: Run) -> None:
    """Evaluate with the threads that were faster in training; the others can be many times slower."""
    engine = run.settings().get("engine", {})
    if engine.get("device") == "cpu":
        torch.set_num_threads(engine["threads"])
