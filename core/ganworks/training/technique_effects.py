"""What each technique changes in a recipe: functions from a recipe and an amount to a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import Tensor

from ganworks.training.augment import InstanceNoise, no_augmentation
from ganworks.training.auxiliary import mode_seeking
from ganworks.training.changes import (
    change_terms,
    discriminator_option,
    in_phases,
    in_turn,
    network_of,
    with_loss,
    with_network,
)
from ganworks.training.losses import smoothed
from ganworks.training.memory import (
    RunningLogits,
    WeightHistory,
    historical_averaging,
    lecam,
    remember_weights,
    replayed_side,
)
from ganworks.training.pool import ImagePool
from ganworks.training.recipe import Phase, Recipe
from ganworks.training.schedule import Ramp
from ganworks.training.step import Step
from ganworks.training.terms import Term, discriminator_side, plain_loss, top_k

Apply = Callable[[Recipe, float], Recipe]


def added_term(network: str, value: Callable[[Step], Tensor], slopes: tuple[str, ...] = ()) -> Apply:
    """Add a term of this value to every phase in which a network moves."""

    def add(recipe: Recipe, weight: float) -> Recipe:
        term = Term(value.__name__, value, weight, slopes=slopes)
        return in_phases(recipe, network, lambda phase: replace(phase, terms=(*phase.terms, term)))

    return add


def added_penalty(value: Callable[[Step], Tensor], slopes: tuple[str, ...] = ()) -> Apply:
    """Add a penalty on the discriminator's slope, which is computed in float32 from now on."""

    def add(recipe: Recipe, weight: float) -> Recipe:
        exact = replace(recipe, bf16=recipe.bf16 - {"discriminator"})
        return added_term("discriminator", value, slopes)(exact, weight)

    return add


def with_mode_seeking(recipe: Recipe, weight: float) -> Recipe:
    """Draw pairs of one label, and let the generator answer them with different samples."""
    paired = replace(recipe, draw=replace(recipe.draw, pairs=True))
    return added_term("generator", mode_seeking)(paired, weight)


def with_lecam(recipe: Recipe, weight: float) -> Recipe:
    """Hold the logits of either side near the running mean of the other one."""
    return added_term("discriminator", lecam)(with_network(recipe, "lecam", RunningLogits), weight)


def with_replay(recipe: Recipe, size: float) -> Recipe:
    """Show the discriminator fakes of the past, in place of half of the present ones."""

    def replay(term: Term) -> Term | None:
        loss = plain_loss(term, discriminator_side)
        return replace(term, value=partial(replayed_side, loss=loss)) if loss else None

    pool = partial(ImagePool, recipe.space, _whole(size))
    return change_terms(with_network(recipe, "replay", pool), replay)


def _whole(amount: float) -> int:
    if amount != int(amount):
        raise ValueError(f"the amount must be a whole number, got {amount:g}")
    return int(amount)


def with_label_smoothing(recipe: Recipe, amount: float) -> Recipe:
    """Soften the target of real samples wherever the discriminator plays a game."""

    def smooth(term: Term) -> Term | None:
        loss = plain_loss(term, discriminator_side) or plain_loss(term, replayed_side)
        return replace(term, value=with_loss(term.value, smoothed(loss, amount))) if loss else None

    return change_terms(recipe, smooth)


def with_top_k(recipe: Recipe, share: float) -> Recipe:
    """Anneal the share of samples that the generator learns from."""
    if not 0 < share <= 1:
        raise ValueError(f"the share must be above 0 and at most 1, got {share:g}")
    annealed = Ramp(1.0, share, images=50_000)

    def best(term: Term) -> Term | None:
        return top_k(term, annealed) if term.name == "generator" else None

    return change_terms(recipe, best)


def with_instance_noise(recipe: Recipe, deviation: float) -> Recipe:
    """Blur what the discriminator sees by noise that vanishes over 50,000 images."""
    if recipe.augment is not no_augmentation:
        raise ValueError(
            "the recipe augments already, and one strength serves both: use the recipe with augment = 'none'"
        )
    return replace(recipe, augment=InstanceNoise(deviation), strength=Ramp(1.0, 0.0, images=50_000))


def with_historical_averaging(recipe: Recipe, weight: float) -> Recipe:
    """Pull both players towards the mean of their past weights."""
    for network in ("discriminator", "generator"):
        recipe = _remembering(recipe, network, weight)
    return recipe


def _remembering(recipe: Recipe, network: str, weight: float) -> Recipe:
    """Keep the mean of a network's past weights, and pull the network towards it."""
    remember = partial(remember_weights, network=network)
    term = Term("historical_averaging", partial(historical_averaging, network=network), weight)

    def keep(phase: Phase) -> Phase:
        return replace(phase, terms=(*phase.terms, term), after=in_turn(phase.after, remember))

    history = partial(WeightHistory, network_of(recipe, network))
    return in_phases(with_network(recipe, f"{network}_history", history), network, keep)


def with_minibatch_discrimination(recipe: Recipe, kernels: float) -> Recipe:
    """Show the discriminator how close a sample is to the others of its batch."""
    return discriminator_option(recipe, minibatch_discrimination=recipe.draw.batch, kernels=_whole(kernels))


def with_spectral_norm(recipe: Recipe, _: float) -> Recipe:
    """Normalise the layers of the discriminator by their spectral norm, in place of what it had."""
    return discriminator_option(recipe, norm="spectral")


def with_weight_norm(recipe: Recipe, _: float) -> Recipe:
    """Give the weights of the discriminator a length of their own, in place of what it had."""
    return discriminator_option(recipe, norm="weight")
