"""A recipe: everything that makes one GAN method different from another, as a value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from typing import Any

from torch import nn

from ganworks.space import SampleSpace
from ganworks.training.augment import AdaController, Augmentation, no_augmentation
from ganworks.training.complaints import complaints
from ganworks.training.draw import Draw
from ganworks.training.losses import AdversarialLoss
from ganworks.training.rules import Rule
from ganworks.training.schedule import Schedule
from ganworks.training.terms import Term, game

After = Callable[[Mapping[str, nn.Module]], None]  # the networks by name -> nothing


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Who moves, by which terms, how often."""

    name: str
    moves: tuple[str, ...]
    terms: tuple[Term, ...]
    optimizer: Rule
    every: int = 1  # the phase runs on every n-th step
    repeat: int = 1  # times a step, each with a fresh draw (critic steps)
    after: After | None = None  # after each update (weight clipping)
    reuses_fakes: bool = False  # judges the fakes of the phase before it again: one forward less


@dataclass(frozen=True)
class Stage:
    """Phases that hold until a number of images has been seen (None: to the end)."""

    phases: tuple[Phase, ...]
    until_images: int | None = None


def two_player(
    loss: AdversarialLoss | tuple[Term, Term],
    *,
    discriminator: Rule,
    generator: Rule,
    discriminator_terms: Sequence[Term] = (),
    generator_terms: Sequence[Term] = (),
    critic_steps: int = 1,
    pretrain_images: int = 0,
    after_critic: After | None = None,
    helpers: tuple[str, ...] = (),
    reuse_fakes: bool = False,
) -> tuple[Stage, ...]:
    """The common case: a discriminator and a generator move in turn.

    Args:
        loss: the game; or its two terms, discriminator's first, where they are not plain (top-k, unrolled).
        discriminator, generator: the optimizer of each side; two rates make the two time-scale rule.
        discriminator_terms, generator_terms: what each side minimises beside the game.
        critic_steps: moves of the discriminator for each move of the generator.
        pretrain_images: images that the discriminator sees before the generator first moves.
        after_critic: called after each move of the discriminator (weight clipping).
        helpers: networks that move with the generator (InfoGAN's Q).
        reuse_fakes: the generator answers for the fakes that the discriminator has just judged, as most
            tutorials do: one forward of the generator less, and its graph is kept in memory meanwhile.
    """
    judging, making = game(loss) if isinstance(loss, AdversarialLoss) else loss
    critic = Phase(
        name="discriminator",
        moves=("discriminator",),
        terms=(judging, *discriminator_terms),
        optimizer=discriminator,
        repeat=critic_steps,
        after=after_critic,
    )
    maker = Phase(
        name="generator",
        moves=("generator", *helpers),
        terms=(making, *generator_terms),
        optimizer=generator,
        reuses_fakes=reuse_fakes,
    )
    warm_up = (Stage((critic,), until_images=pretrain_images),) if pretrain_images else ()
    return (*warm_up, Stage((critic, maker)))


@dataclass(frozen=True)
class Average:
    """An exponential moving average of a network's weights; buffers are copied.

    The half-life grows with the images seen (``rampup``), so that early weights are forgotten:
    Karras et al. 2021 (StyleGAN2-ADA), appendix G.
    """

    network: str = "generator"
    halflife_images: float = 10_000.0
    rampup: float = 0.05  # half-life is at most this share of the images seen

    def decay(self, images: int, batch: int) -> float:
        """Weight of the old average after a step of ``batch`` images at ``images`` seen."""
        halflife = max(min(self.halflife_images, images * self.rampup), 1e-8)
        return float(0.5 ** (batch / halflife))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Networks, phases, draw, augmentation and averages. It can be printed, hashed and saved.

    Two roles have fixed names: ``networks`` must hold a ``generator`` called as ``(latent, condition)``; the
    ``discriminator`` of a game is called as ``(samples, condition)`` and returns a `Judgement`. The condition
    is the labels (rows,), or the images to translate. Further networks are free: critics of other domains,
    encoders, and memories (running means, pools of past samples) whose buffers are saved with the run.
    """

    name: str
    space: SampleSpace
    networks: Mapping[str, Callable[[], nn.Module]]
    stages: tuple[Stage, ...]
    draw: Draw
    averages: tuple[Average, ...] = (Average(),)
    augment: Augmentation = no_augmentation
    controller: AdaController | None = None  # steers the strength of the augmentation
    strength: Schedule | None = None  # or its strength follows the images seen (annealed instance noise)
    growth: Schedule | None = None  # level of networks that grow; see `Growth`
    accumulate: int = 1  # draws whose gradients are summed into one update
    standing_batches: int = 0  # batches that settle BatchNorm before sampling (Brock et al. 2019, appendix D)
    frozen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # network -> parameters that stay
    bf16: frozenset[str] = frozenset()  # networks that gain from bfloat16 where the processor has it

    def __post_init__(self) -> None:
        for complaint in complaints(self):
            raise ValueError(f"recipe {self.name}: {complaint}")

    def stage_at(self, images: int) -> Stage:
        """The stage that holds after ``images`` images: a pure function, so a resumed run agrees."""
        return next(s for s in self.stages if s.until_images is None or images < s.until_images)

    def phases(self) -> list[Phase]:
        """Every phase once, by name, over all stages."""
        return list({phase.name: phase for stage in self.stages for phase in stage.phases}.values())

    @property
    def images_per_step(self) -> int:
        """Real images that one step of every phase sees."""
        return self.draw.batch * self.accumulate

    def describe(self) -> dict[str, Any]:
        """The recipe as JSON values."""
        described = describe(self)
        assert isinstance(described, dict)
        return described

    def fingerprint(self) -> str:
        """SHA-256 of the description: equal for equal recipes."""
        return hashlib.sha256(json.dumps(self.describe(), sort_keys=True).encode()).hexdigest()


def describe(value: Any) -> Any:
    """Turn a value made of dataclasses, functions, partials and containers into JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = {"is": type(value).__qualname__}
        return kind | {f.name: describe(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, partial):
        return {"is": describe(value.func), "args": describe(value.args), **describe(value.keywords)}
    if isinstance(value, Mapping):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(describe(item) for item in value)
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    if callable(value) and not hasattr(value, "__qualname__"):  # an object of a plain class
        return {"is": describe(type(value)), **describe(vars(value))}
    return f"{value.__module__}:{value.__qualname__}" if callable(value) else value
