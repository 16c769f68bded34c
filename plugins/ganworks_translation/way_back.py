"""The other direction, where the recipe trains one: targets made into sources, and there and back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganworks.metrics import Extractor
from ganworks.training import Checkpoints, Recipe, Sampler, read_tensors
from ganworks_translation.evaluation import COPY, OURS, judged
from ganworks_translation.examples import translated
from ganworks_translation.rivals import copied

THERE, BACK = "generator", "generator_back"


def both_ways(
    recipe: Recipe, checkpoints: Checkpoints, device: torch.device
) -> tuple[Sampler, Sampler] | None:
    """The last translators there and back, of one moment; None where the recipe has no way back."""
    complete = checkpoints.complete()
    if BACK not in recipe.networks or not complete:
        return None
    tensors, _ = read_tensors(complete[-1])
    there, back = (_sampler(recipe, tensors, name, device) for name in (THERE, BACK))
    return there, back


def way_back_block(
    there: Sampler, back: Sampler, sources: Tensor, targets: Tensor, extractor: Extractor
) -> dict[str, Any]:
    """``back`` of ``metrics.json``: cycle errors as a share of the range, and the results of the way back.

    Args:
        there, back: of `both_ways`.
        sources, targets: held-out real pictures of both kinds, (rows, channels, H, W) in [-1, 1].
        extractor: of the distances between sets.
    """
    returned = translated(back, translated(there, sources))
    made = translated(back, targets)
    rows = {OURS: made, COPY: copied(targets, sources.shape[1])}
    return {
        "cycle": _error(returned, sources),
        "cycle_back": _error(translated(there, made), targets),
        **judged(rows, sources, extractor, paired=False),
    }


def _error(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().mean() / 2)


def _sampler(recipe: Recipe, tensors: dict[str, Tensor], name: str, device: torch.device) -> Sampler:
    """The average of a network where the recipe keeps one."""
    kind = "average" if any(one.network == name for one in recipe.averages) else "network"
    prefix = f"{kind}/{name}/"
    network = recipe.networks[name]()
    network.load_state_dict(
        {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    )
    return Sampler(network.to(device), recipe.draw.latent, 1, device)
