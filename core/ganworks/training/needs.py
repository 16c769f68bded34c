"""What a term needs of the recipe that it is part of: checked when the recipe is built, not in training."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from ganworks.training.augment import no_augmentation

if TYPE_CHECKING:
    from ganworks.training.recipe import Recipe

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Need:
    """A condition on a recipe, and the sentence for those who do not meet it."""

    met: Callable[[Recipe], bool]
    otherwise: str


Options = Mapping[str, Any]  # of a term's value: the keywords of its partial
Asked = Need | Callable[[Options], Need]  # a need, or what makes one of the term's own options


def needing(*needs: Asked) -> Callable[[Function], Function]:
    """Declare what the value of a term needs of its recipe."""

    def declare(function: Function) -> Function:
        function.__dict__["needs"] = needs
        return function

    return declare


def needs_of(value: Callable[..., Any]) -> tuple[Need, ...]:
    """What the value of a term was declared to need, also inside of a partial."""
    options: dict[str, Any] = {}
    while isinstance(value, partial):
        options, value = {**value.keywords, **options}, value.func
    found: tuple[Asked, ...] = getattr(value, "needs", ())
    return tuple(need if isinstance(need, Need) else need(options) for need in found)


def network_called(name: str) -> Need:
    """A network of that name must be part of the recipe."""
    return Need(lambda recipe: name in recipe.networks, f"it needs a network named '{name}' in the recipe")


DISCRIMINATOR = network_called("discriminator")


def discriminator_feature(default: str) -> Callable[[Options], Need]:
    """The discriminator must offer the feature that the term's option ``feature`` names."""

    def asked(options: Options) -> Need:
        name = options.get("feature", default)
        return Need(
            lambda recipe: _offers(recipe, name),
            f"it reads the feature '{name}', which the recipe's discriminator does not offer",
        )

    return asked


@lru_cache(maxsize=8)
def blueprint(build: Callable[[], nn.Module]) -> nn.Module:
    """The network without the values of its weights, to be asked what it is, in evaluation mode.

    An empty module where it cannot be built: that is said when the network is built to train.
    """
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the network that trains will warn
            return build().to("meta").eval()
    except Exception:  # a part that is not installed, sizes that do not fit: a network may raise anything
        return nn.Identity()


def _discriminator(recipe: Recipe) -> nn.Module:
    return blueprint(recipe.networks.get("discriminator", nn.Identity))


def _offers(recipe: Recipe, feature: str) -> bool:
    """Whether the discriminator answers with that feature; True where it cannot be told."""
    rows = recipe.draw.batch
    told = torch.zeros(rows, dtype=torch.int64, device="meta")
    try:
        judgement = _discriminator(recipe)(torch.zeros(rows, *recipe.space.shape, device="meta"), told)
    except Exception:  # not there, or told what the recipe does not know: images, values of a table
        return True
    return feature in judgement.features


def _judges_rows(recipe: Recipe) -> bool:
    """Whether no BatchNorm computes its statistics over the whole batch."""
    network = _discriminator(recipe)
    whole_batch = getattr(network, "rows_per_group", None) is None
    return not (whole_batch and any(isinstance(module, _BatchNorm) for module in network.modules()))


def _judges_alone(recipe: Recipe) -> bool:
    """Whether no row is compared with its neighbours (statistics of BatchNorm compare nothing)."""
    network = _discriminator(recipe)
    sizes = (getattr(network, name, None) for name in ("rows_per_group", "rows_per_judgement"))
    return all(size in (None, 1) for size in sizes)


def _judges_alike(recipe: Recipe) -> bool:
    """Whether no dropout makes two judgements of one sample differ."""
    modules = _discriminator(recipe).modules()
    return not any(isinstance(module, _DropoutNd) and module.p > 0 for module in modules)


ROW_CRITIC = Need(
    _judges_rows,
    "it looks at each row's own judgement, but the discriminator's BatchNorm lets the rows of a batch decide "
    "together: use norm='none', 'spectral' or 'weight', or name the technique spectral-norm before this one",
)
SINGLE_ROWS = Need(
    _judges_alone,
    "it mixes samples of different times, but the discriminator compares neighbouring rows (packs, minibatch "
    "statistics), and would take the mixture's variety for the generator's",
)
NO_DROPOUT = Need(
    _judges_alike,
    "it compares two judgements of one sample, and the discriminator's dropout draws anew for each: "
    "use dropout=0",
)
PAIRS = Need(
    lambda recipe: recipe.draw.pairs, "it compares two samples of one label: draw them with Draw(pairs=True)"
)
UNAUGMENTED = Need(
    lambda recipe: recipe.augment is no_augmentation,
    "it compares two judgements of one sample, and the augmentation would draw anew for each: use the recipe "
    "with augment = 'none'",
)
