"""What is wrong with a recipe, one sentence each: checked when it is built, not hours into a training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ganworks.space import KINDS
from ganworks.training.augment import no_augmentation
from ganworks.training.schedule import is_number, value_at
from ganworks.training.terms import Term, discriminator_side, plain_loss

if TYPE_CHECKING:
    from ganworks.training.recipe import Phase, Recipe, Stage


def complaints(recipe: Recipe) -> Iterator[str]:
    """Every reason why the recipe cannot be trained."""
    yield from _of_names(recipe)
    yield from _of_augmentation(recipe)
    if recipe.accumulate < 1:
        yield f"accumulate must be at least 1, got {recipe.accumulate}"
    if recipe.standing_batches < 0:
        yield f"standing_batches must be at least 0, got {recipe.standing_batches}"
    yield from _of_order(recipe.stages)
    seen: dict[str, Phase] = {}
    for stage in recipe.stages:
        yield from _of_reused_fakes(recipe, stage)
        for phase in stage.phases:
            yield from _of_phase(recipe, phase)
            twin = seen.setdefault(phase.name, phase)
            if (twin.moves, twin.optimizer) != (phase.moves, phase.optimizer):
                yield f"two phases are named {phase.name}, but move or optimise differently: rename one"


def _of_order(stages: Sequence[Stage]) -> Iterator[str]:
    ends = [stage.until_images for stage in stages]
    if not ends or ends[-1] is not None:
        yield "the last stage must be open-ended"
    if None in ends[:-1]:
        yield "only the last stage is open-ended: none after it would ever come"
    known = [0, *(end for end in ends if end is not None)]
    if any(later <= earlier for earlier, later in pairwise(known)):
        yield f"stages must end one after the other, but end after {known[1:]} images"


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
    if recipe.controller is not None and _compares_pairs(recipe):
        yield (
            "a controller steers by the sign of the logits of real samples, which a relativistic loss leaves "
            "free: give the recipe a schedule (strength=Ramp(...)) instead"
        )
    ranks = getattr(recipe.augment, "ranks", None)
    if ranks is not None and recipe.space.rank not in ranks:
        made_for = " and ".join(KINDS[rank] for rank in ranks)
        yield f"{type(recipe.augment).__name__} is made for {made_for}, not for {KINDS[recipe.space.rank]}"


def _compares_pairs(recipe: Recipe) -> bool:
    """Whether the discriminator plays a game in which only differences of logits count."""
    terms = [term for phase in recipe.phases() for term in phase.terms]
    games = [plain_loss(term, discriminator_side) for term in terms]
    return any(game is not None and game.pairs_real for game in games)


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
    if not phase.moves:
        yield f"phase {phase.name} moves no network"
    if not phase.terms:
        yield f"phase {phase.name} has no terms"
    for what, number in (("every", phase.every), ("repeat", phase.repeat)):
        if number < 1:
            yield f"phase {phase.name} has {what}={number}, and would never run: 1 or more"
    if len({term.name for term in phase.terms}) < len(phase.terms):
        yield f"phase {phase.name} has two terms of one name"
    for term in phase.terms:
        yield from _of_term(term)
        missed = (need.otherwise for need in term.needs if not need.met(recipe))
        yield from (f"term {term.name}: {otherwise}" for otherwise in missed)
        if phase.every > 1 and term.every > 1:
            yield (
                f"term {term.name} and its phase {phase.name} are both lazy, and count the same steps: "
                "give every to one of them"
            )


def _of_term(term: Term) -> Iterator[str]:
    if term.every < 1:
        yield f"term {term.name} has every={term.every}, and would never be evaluated: 1 or more"
    weight = value_at(term.weight, 0)
    if not is_number(weight):
        yield f"the weight of term {term.name} must be a finite number, got {weight!r}"
