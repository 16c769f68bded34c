"""What is wrong with a recipe, one sentence each: checked when it is built, not hours into a training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganworks.space import KINDS
from ganworks.training.augment import no_augmentation

if TYPE_CHECKING:
    from ganworks.training.recipe import Phase, Recipe, Stage


def complaints(recipe: Recipe) -> Iterator[str]:
    """Every reason why the recipe cannot be trained."""
    yield from _of_names(recipe)
    yield from _of_augmentation(recipe)
    if recipe.accumulate < 1:
        yield f"accumulate must be at least 1, got {recipe.accumulate}"
    seen: dict[str, Phase] = {}
    for stage in recipe.stages:
        yield from _of_reused_fakes(recipe, stage)
        for phase in stage.phases:
            yield from _of_phase(recipe, phase)
            twin = seen.setdefault(phase.name, phase)
            if (twin.moves, twin.optimizer) != (phase.moves, phase.optimizer):
                yield f"two phases are named {phase.name}, but move or optimise differently: rename one"
    if recipe.stages[-1].until_images is not None:
        yield "the last stage must be open-ended"


def _of_names(recipe: Recipe) -> Iterator[str]:
    known = set(recipe.networks)
    if "generator" not in known:
        yield "networks lack a generator"
    if unknown := {a.network for a in recipe.averages} - known:
        yield f"averages name unknown networks {', '.join(sorted(unknown))}"
    if unknown := set(recipe.frozen) - known:
        yield f"frozen names unknown networks {', '.join(sorted(unknown))}"


def _of_augmentation(recipe: Recipe) -> Iterator[str]:
    if recipe.controller is not None and recipe.strength is not None:
        yield "a controller and a schedule both set the augmentation's strength: keep one"
    if recipe.strength is not None and recipe.augment is no_augmentation:
        yield "a schedule sets the strength of an augmentation, but there is none"
    ranks = getattr(recipe.augment, "ranks", None)
    if ranks is not None and recipe.space.rank not in ranks:
        made_for = " and ".join(KINDS[rank] for rank in ranks)
        yield f"{type(recipe.augment).__name__} is made for {made_for}, not for {KINDS[recipe.space.rank]}"


def _of_reused_fakes(recipe: Recipe, stage: Stage) -> Iterator[str]:
    for before, phase in zip((None, *stage.phases), stage.phases, strict=False):
        if not phase.reuses_fakes:
            continue
        if recipe.accumulate > 1:
            yield f"phase {phase.name} cannot reuse fakes that are spread over several draws: drop either"
        if before is None:
            yield f"phase {phase.name} reuses the fakes of the phase before it, but is the first of its stage"
        if phase.repeat > 1:
            yield f"phase {phase.name} can reuse fakes once only, but repeats: drop either"


def _of_phase(recipe: Recipe, phase: Phase) -> Iterator[str]:
    if unknown := set(phase.moves) - set(recipe.networks):
        yield f"phase {phase.name} moves unknown networks {', '.join(sorted(unknown))}"
    if not phase.terms:
        yield f"phase {phase.name} has no terms"
    if len({term.name for term in phase.terms}) < len(phase.terms):
        yield f"phase {phase.name} has two terms of one name"
    for term in phase.terms:
        missed = (need.otherwise for need in term.needs if not need.met(recipe))
        yield from (f"term {term.name}: {otherwise}" for otherwise in missed)
        if phase.every > 1 and term.every > 1:
            yield (
                f"term {term.name} and its phase {phase.name} are both lazy, and count the same steps: "
                "give every to one of them"
            )
