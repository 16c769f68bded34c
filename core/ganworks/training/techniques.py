"""Techniques that any recipe can take on by name: each is a function from a recipe to a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from ganworks.errors import nearest
from ganworks.training.auxiliary import feature_matching
from ganworks.training.penalties import approximate_r1, dragan_penalty, r1
from ganworks.training.recipe import Recipe
from ganworks.training.technique_effects import (
    Apply,
    added_penalty,
    added_term,
    with_historical_averaging,
    with_instance_noise,
    with_label_smoothing,
    with_lecam,
    with_minibatch_discrimination,
    with_mode_seeking,
    with_replay,
    with_spectral_norm,
    with_top_k,
    with_weight_norm,
)

NO_AMOUNT = "not used"


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
    name, given, amount = asked.partition("=")
    if name not in TECHNIQUES:
        known = ", ".join(TECHNIQUES)
        raise ValueError(f"technique '{name}' is unknown{nearest(name, TECHNIQUES)}; there are {known}")
    technique = TECHNIQUES[name]
    try:
        _require_one_game(recipe)
        return technique.apply(recipe, _amount(technique, amount) if given else technique.amount)
    except ValueError as error:
        raise ValueError(f"technique {asked}: {error}") from None


def _amount(technique: Technique, written: str) -> float:
    if technique.meaning == NO_AMOUNT:
        raise ValueError("it takes no amount: leave out the equals sign and what follows")
    try:
        amount = float(written)
    except ValueError:
        raise ValueError(f"the amount ({technique.meaning}) must be a number, got '{written}'") from None
    if not (isfinite(amount) and amount >= technique.least):
        raise ValueError(f"the amount ({technique.meaning}) must be at least {technique.least:g}")
    return amount


def _require_one_game(recipe: Recipe) -> None:
    if not any("discriminator" in phase.moves for phase in recipe.phases()):
        raise ValueError("the recipe plays no game: none of its phases moves a discriminator")
    for phase in recipe.phases():
        if "discriminator" in phase.moves and len(phase.moves) > 1:
            others = ", ".join(sorted(set(phase.moves) - {"discriminator"}))
            raise ValueError(
                f"the recipe trains {others} beside the discriminator, and the technique would reach one "
                "of its games only"
            )


TECHNIQUES: Mapping[str, Technique] = {
    "approximate-r1": Technique(
        added_penalty(approximate_r1), 1.0, "weight", "Lin et al. 2025, arXiv 2501.08316"
    ),
    "dragan": Technique(
        added_penalty(dragan_penalty), 10.0, "weight", "Kodali et al. 2017, arXiv 1705.07215"
    ),
    "feature-matching": Technique(
        added_term("generator", feature_matching), 1.0, "weight", "Salimans et al. 2016, arXiv 1606.03498"
    ),
    "historical-averaging": Technique(
        with_historical_averaging, 0.01, "weight", "Salimans et al. 2016, arXiv 1606.03498"
    ),
    "instance-noise": Technique(
        with_instance_noise,
        0.3,
        "deviation at the start, 0 after 50,000 images",
        "Sonderby et al. 2017, 1610.04490",
    ),
    "label-smoothing": Technique(
        with_label_smoothing, 0.1, "what real samples lack to 1", "Salimans et al. 2016, arXiv 1606.03498"
    ),
    "lecam": Technique(with_lecam, 0.3, "weight", "Tseng et al. 2021, arXiv 2104.03310"),
    "minibatch-discrimination": Technique(
        with_minibatch_discrimination,
        32,
        "features of closeness",
        "Salimans et al. 2016, arXiv 1606.03498",
        least=1,
    ),
    "mode-seeking": Technique(with_mode_seeking, 0.08, "weight", "Mao et al. 2019, arXiv 1903.05628"),
    "r1": Technique(
        added_penalty(r1, slopes=("real",)), 1.0, "weight", "Mescheder et al. 2018, arXiv 1801.04406"
    ),
    "replay": Technique(
        with_replay, 64, "samples kept", "Shrivastava et al. 2017, arXiv 1612.07828", least=1
    ),
    "spectral-norm": Technique(with_spectral_norm, 1, NO_AMOUNT, "Miyato et al. 2018, arXiv 1802.05957"),
    "top-k": Technique(
        with_top_k, 0.5, "share kept after 50,000 images", "Sinha et al. 2020, arXiv 2002.06224"
    ),
    "weight-norm": Technique(with_weight_norm, 1, NO_AMOUNT, "Salimans and Kingma 2016, arXiv 1602.07868"),
}
