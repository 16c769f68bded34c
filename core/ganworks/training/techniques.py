"""Techniques that any recipe can take on by name: each is a function from a recipe to a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite

from torch import Tensor

from ganworks.errors import nearest
from ganworks.training.augment import InstanceNoise, no_augmentation
from ganworks.training.auxiliary import feature_matching, mode_seeking
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
from ganworks.training.penalties import approximate_r1, dragan_penalty, r1
from ganworks.training.pool import ImagePool
from ganworks.training.recipe import Phase, Recipe
from ganworks.training.schedule import Ramp
from ganworks.training.step import Step
from ganworks.training.terms import Term, discriminator_side, plain_loss, top_k

Apply = Callable[[Recipe, float], Recipe]


@dataclass(frozen=True)
class Technique:
    """A function from a recipe to a recipe, and the number that a user may set."""

    apply: Apply
    amount: float
    meaning: str  # of the amount
    paper: str
    least: float = 0.0  # amount that still makes sense


def with_technique(recipe: Recipe, asked: str) -> Recipe:
    """The recipe with one of `TECHNIQUES` added: ``"lecam"``, or with another amount ``"lecam=0.1"``.

    Raises:
        ValueError: the technique is unknown, or does not fit the recipe; the sentence says why.
    """
    name, _, amount = asked.partition("=")
    if name not in TECHNIQUES:
        known = ", ".join(TECHNIQUES)
        raise ValueError(f"technique '{name}' is unknown{nearest(name, TECHNIQUES)}; there are {known}")
    technique = TECHNIQUES[name]
    try:
        _require_one_game(recipe)
        return technique.apply(recipe, _amount(technique, amount) if amount else technique.amount)
    except ValueError as error:
        raise ValueError(f"technique {asked}: {error}") from None


def _amount(technique: Technique, written: str) -> float:
    amount = float(written)
    if not (isfinite(amount) and amount >= technique.least):
        raise ValueError(f"the amount ({technique.meaning}) must be at least {technique.least:g}")
    return amount


def _require_one_game(recipe: Recipe) -> None:
    for phase in recipe.phases():
        if "discriminator" in phase.moves and len(phase.moves) > 1:
            others = ", ".join(sorted(set(phase.moves) - {"discriminator"}))
            raise ValueError(
                f"the recipe trains {others} beside the discriminator, and the technique would reach one "
                "of its games only"
            )


def _term(network: str, value: Callable[[Step], Tensor], slopes: tuple[str, ...] = ()) -> Apply:
    """Add a term of this value to every phase in which a network moves."""

    def add(recipe: Recipe, weight: float) -> Recipe:
        term = Term(value.__name__, value, weight, slopes=slopes)
        return in_phases(recipe, network, lambda phase: replace(phase, terms=(*phase.terms, term)))

    return add


def _penalty(value: Callable[[Step], Tensor], slopes: tuple[str, ...] = ()) -> Apply:
    """Add a penalty on the discriminator's slope, which is computed in float32 from now on."""

    def add(recipe: Recipe, weight: float) -> Recipe:
        exact = replace(recipe, bf16=recipe.bf16 - {"discriminator"})
        return _term("discriminator", value, slopes)(exact, weight)

    return add


def _mode_seeking(recipe: Recipe, weight: float) -> Recipe:
    paired = replace(recipe, draw=replace(recipe.draw, pairs=True))
    return _term("generator", mode_seeking)(paired, weight)


def _lecam(recipe: Recipe, weight: float) -> Recipe:
    return _term("discriminator", lecam)(with_network(recipe, "lecam", RunningLogits), weight)


def _replay(recipe: Recipe, size: float) -> Recipe:
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


def _label_smoothing(recipe: Recipe, amount: float) -> Recipe:
    """Soften the target of real samples wherever the discriminator plays a game."""

    def smooth(term: Term) -> Term | None:
        loss = plain_loss(term, discriminator_side) or plain_loss(term, replayed_side)
        return replace(term, value=with_loss(term.value, smoothed(loss, amount))) if loss else None

    return change_terms(recipe, smooth)


def _top_k(recipe: Recipe, share: float) -> Recipe:
    """Anneal the share of samples that the generator learns from."""
    if not 0 < share <= 1:
        raise ValueError(f"the share must be above 0 and at most 1, got {share:g}")
    annealed = Ramp(1.0, share, images=50_000)

    def best(term: Term) -> Term | None:
        return top_k(term, annealed) if term.name == "generator" else None

    return change_terms(recipe, best)


def _instance_noise(recipe: Recipe, deviation: float) -> Recipe:
    if recipe.augment is not no_augmentation:
        raise ValueError(
            "the recipe augments already, and one strength serves both: use the recipe with augment = 'none'"
        )
    return replace(recipe, augment=InstanceNoise(deviation), strength=Ramp(1.0, 0.0, images=50_000))


def _historical_averaging(recipe: Recipe, weight: float) -> Recipe:
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


def _minibatch_discrimination(recipe: Recipe, kernels: float) -> Recipe:
    return discriminator_option(recipe, minibatch_discrimination=recipe.draw.batch, kernels=_whole(kernels))


def _spectral_norm(recipe: Recipe, _: float) -> Recipe:
    return discriminator_option(recipe, norm="spectral")


def _weight_norm(recipe: Recipe, _: float) -> Recipe:
    return discriminator_option(recipe, norm="weight")


TECHNIQUES: Mapping[str, Technique] = {
    "approximate-r1": Technique(_penalty(approximate_r1), 1.0, "weight", "Lin et al. 2025, arXiv 2501.08316"),
    "dragan": Technique(_penalty(dragan_penalty), 10.0, "weight", "Kodali et al. 2017, arXiv 1705.07215"),
    "feature-matching": Technique(
        _term("generator", feature_matching), 1.0, "weight", "Salimans et al. 2016, arXiv 1606.03498"
    ),
    "historical-averaging": Technique(
        _historical_averaging, 0.01, "weight", "Salimans et al. 2016, arXiv 1606.03498"
    ),
    "instance-noise": Technique(
        _instance_noise,
        0.3,
        "deviation at the start, 0 after 50,000 images",
        "Sonderby et al. 2017, 1610.04490",
    ),
    "label-smoothing": Technique(
        _label_smoothing, 0.1, "what real samples lack to 1", "Salimans et al. 2016, arXiv 1606.03498"
    ),
    "lecam": Technique(_lecam, 0.3, "weight", "Tseng et al. 2021, arXiv 2104.03310"),
    "minibatch-discrimination": Technique(
        _minibatch_discrimination,
        32,
        "features of closeness",
        "Salimans et al. 2016, arXiv 1606.03498",
        least=1,
    ),
    "mode-seeking": Technique(_mode_seeking, 0.08, "weight", "Mao et al. 2019, arXiv 1903.05628"),
    "r1": Technique(_penalty(r1, slopes=("real",)), 1.0, "weight", "Mescheder et al. 2018, arXiv 1801.04406"),
    "replay": Technique(_replay, 64, "samples kept", "Shrivastava et al. 2017, arXiv 1612.07828", least=1),
    "spectral-norm": Technique(_spectral_norm, 1, "not used", "Miyato et al. 2018, arXiv 1802.05957"),
    "top-k": Technique(_top_k, 0.5, "share kept after 50,000 images", "Sinha et al. 2020, arXiv 2002.06224"),
    "weight-norm": Technique(_weight_norm, 1, "not used", "Salimans and Kingma 2016, arXiv 1602.07868"),
}
