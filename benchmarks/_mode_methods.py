"""The methods that benchmarks/modes.py compares: one game, changed in one thing each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ganworks.networks import MLPDiscriminator, MLPGenerator, PackedDiscriminator
from ganworks.space import SampleSpace
from ganworks.training import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    RELATIVISTIC,
    TECHNIQUES,
    WASSERSTEIN,
    Adam,
    AdversarialLoss,
    Average,
    Draw,
    Ramp,
    Recipe,
    RMSprop,
    Rule,
    Term,
    clip_weights,
    dragan_penalty,
    gradient_penalty,
    r1,
    r2,
    two_player,
    unrolled_game,
    with_technique,
)
from ganworks.training.recipe import After


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What every method of a comparison has in common."""

    steps: int = 4_000
    batch: int = 100  # as in PacGAN
    latent: int = 2  # as in PacGAN
    width: int = 128  # units of a hidden layer; PacGAN: 400, and 200 maxout units of five pieces
    depth: int = 3  # hidden layers of each player; PacGAN: 4 and 3
    lr: float = 1e-3  # of Adam for both players
    hold: float = 0.6  # share of the steps before the rate falls to a hundredth
    halflife: float = 20_000.0  # images, of the generator's average

    @property
    def images(self) -> int:
        return self.steps * self.batch

    @property
    def rate(self) -> Ramp:
        held = int(self.images * self.hold)
        return Ramp(self.lr, self.lr / 100, images=self.images - held, after=held, cosine=True)


Method = Callable[[SampleSpace, Plan], Recipe]


def game(
    space: SampleSpace,
    plan: Plan,
    loss: AdversarialLoss | tuple[Term, Term] = NON_SATURATING,
    *,
    rule: Callable[[Ramp], Rule] = Adam,
    penalties: Sequence[Term] = (),
    critic_steps: int = 1,
    after_critic: After | None = None,
    pack: int = 1,
) -> Recipe:
    """The game that every method is a change of: two MLPs, no normalisation, rates that fall, an average."""
    optimizer = rule(plan.rate)
    judge = partial(MLPDiscriminator, width=plan.width, depth=plan.depth)
    maker = partial(MLPGenerator, space, plan.latent, width=plan.width, depth=plan.depth, norm="none")
    packed = partial(PackedDiscriminator, space, judge, pack=pack)
    return Recipe(
        name="modes",
        space=space,
        networks={
            "generator": maker,
            "discriminator": packed if pack > 1 else partial(judge, space),
        },
        stages=two_player(
            loss,
            discriminator=optimizer,
            generator=optimizer,
            discriminator_terms=penalties,
            critic_steps=critic_steps,
            after_critic=after_critic,
        ),
        draw=Draw(batch=plan.batch, latent=plan.latent),
        averages=(Average(halflife_images=plan.halflife),),
    )


def zero_centred(space: SampleSpace, plan: Plan, *, loss: AdversarialLoss, terms: Sequence[str]) -> Recipe:
    """R1 and R2 with a weight that falls: a fixed one forbids the slopes that narrow modes need."""
    weight = Ramp(0.02, 1e-5, images=plan.images // 2, cosine=True)
    known = {"r1": Term("r1", r1, weight, slopes=("real",)), "r2": Term("r2", r2, weight, slopes=("fake",))}
    return game(space, plan, loss, penalties=[known[name] for name in terms])


def unrolled(space: SampleSpace, plan: Plan, *, ahead: int) -> Recipe:
    """The descents that are foreseen are as short as those of the game; ten times as long ones collapse."""
    return game(space, plan, unrolled_game(NON_SATURATING, steps=ahead, lr=0.005))


def technique(space: SampleSpace, plan: Plan, *, name: str) -> Recipe:
    return with_technique(game(space, plan), name)


# The weights of the two penalties are a hundredth of what pictures get: narrow modes need steep slopes.
LOSSES: Mapping[str, Method] = {
    "minimax": partial(game, loss=MINIMAX),
    "non-saturating": game,
    "least-squares": partial(game, loss=LEAST_SQUARES),
    "hinge": partial(game, loss=HINGE),
    "relativistic": partial(game, loss=RELATIVISTIC),
    "wgan-clip": partial(
        game,
        loss=WASSERSTEIN,
        rule=RMSprop,
        critic_steps=5,
        after_critic=partial(clip_weights, network="discriminator", most=0.1),
    ),
    "wgan-gp": partial(
        game,
        loss=WASSERSTEIN,
        critic_steps=5,
        penalties=[Term("gradient_penalty", gradient_penalty, weight=0.1)],
    ),
    "dragan": partial(game, penalties=[Term("dragan_penalty", dragan_penalty, weight=0.1)]),
}
METHODS: Mapping[str, Method] = {
    "best": partial(game, loss=RELATIVISTIC),
    **LOSSES,
    **{f"pacgan-{pack}": partial(game, pack=pack) for pack in (2, 4)},
    "unrolled-5": partial(unrolled, ahead=5),
    "relativistic+r1+r2": partial(zero_centred, loss=RELATIVISTIC, terms=("r1", "r2")),
    "non-saturating+r1": partial(zero_centred, loss=NON_SATURATING, terms=("r1",)),
    **{f"+{name}": partial(technique, name=name) for name in TECHNIQUES},
}
# A large batch makes the modes equally heavy; many steps at a rate that falls from the start make the
# borders between them thin. The others have the default.
PLANS: Mapping[str, Plan] = {"best": Plan(steps=30_000, batch=256, lr=5e-4, hold=0.0)}
