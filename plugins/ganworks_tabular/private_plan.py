"""What a private table is asked for, and what was paid for it: fixed before the training, stored with it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from ganworks.errors import RunError, UsageError
from ganworks.recipes.tabular_private import tabular_private
from ganworks.training.private import epsilon_of, noise_for
from ganworks_tabular.codec import TableCodec
from ganworks_tabular.columns.category import CategoryColumn
from ganworks_tabular.options import STEPS, Options
from ganworks_tabular.private_budget import PrivacyBudget
from ganworks_tabular.private_columns import PrivateColumns, known_columns
from ganworks_tabular.private_statistics import PrivateStatistics
from ganworks_tabular.schema import Schema

RECIPE = "tabular-private"
FIXED = ("noise", "rows", "shares")  # of the recipe's options, by the budget
NOTE = (
    "epsilon {epsilon:g} at delta {delta:g} protects each training row in the generator and its output; "
    "figures and plots of a report, metrics and logs come from real rows and are not covered"
)


@dataclass(frozen=True, kw_only=True)
class PrivateRequest:
    """The budget and the training that it must pay for.

    ``columns``: `[columns.NAME]` of a schema file. ``seed`` is used where the recipe's option ``secure`` is
    false; by default it is true, and all noise is from the operating system.
    """

    epsilon: float
    delta: float
    steps: int
    seed: int
    columns: Mapping[str, Mapping[str, Any]]
    recipe_options: Mapping[str, Any]

    @classmethod
    def of(cls, options: Options, columns: Mapping[str, Mapping[str, Any]]) -> PrivateRequest | None:
        """That of a run; None: no privacy is asked for."""
        if options.epsilon is None:
            return None
        return cls(
            epsilon=options.epsilon,
            delta=options.delta,
            steps=options.steps or STEPS,
            seed=options.seed,
            columns=columns,
            recipe_options=options.recipe_options,
        )


@dataclass(frozen=True, kw_only=True)
class PrivatePlan:
    """``noise`` is over the clip, of ``steps * critic_steps`` updates; ``shares`` of classes are private.

    ``budget`` is that of `PrivacyBudget.as_dict`.
    """

    budget: Mapping[str, Any]
    rows: int  # of the training part, taken as public
    steps: int
    batch: int
    critic_steps: int
    secure: bool
    noise: float
    shares: tuple[float, ...]

    def recipe_options(self, given: Mapping[str, Any], steps: int) -> dict[str, Any]:
        """The options of the recipe with what was paid for.

        Raises:
            RunError: other steps or other updates than those.
        """
        paid = {"batch": self.batch, "critic_steps": self.critic_steps, "secure": self.secure}
        changed = [name for name, value in paid.items() if given.get(name, value) != value]
        if steps != self.steps or changed:
            what = "steps" if steps != self.steps else changed[0]
            raise RunError(f"the privacy budget was spent for another value of '{what}': start a new run")
        return {**given, **paid, "noise": self.noise, "rows": self.rows, "shares": self.shares}

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {**asdict(self), "shares": list(self.shares)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> PrivatePlan:
        return cls(**{**stored, "shares": tuple(stored["shares"])})

    def card(self) -> dict[str, Any]:
        """What goes with figures and with the exported model."""
        about = {name: value for name, value in self.as_dict().items() if name not in ("budget", "shares")}
        return {**self.budget, "protects": "one row of the training part", "training": about}

    @property
    def note(self) -> str:
        """What a reader of the report must know."""
        return NOTE.format(**self.budget)


def fit_private(
    frame: pd.DataFrame, schema: Schema, request: PrivateRequest
) -> tuple[Schema, TableCodec, PrivatePlan]:
    """Spend the budget: a fifth of epsilon on the columns of ``frame`` now, the rest on the training to come.

    Raises:
        UsageError: the budget, the recipe's options or what is known of a column cannot be used.
        MissingExtraError: Opacus is not installed.
    """
    schema = _without_findings(schema)
    batch, critic_steps = (_whole(request.recipe_options, name) for name in ("batch", "critic_steps"))
    _check(request, len(frame), batch)
    known = known_columns(frame, schema, request.columns)
    secure = bool(request.recipe_options.get("secure", True))
    budget = PrivacyBudget(request.epsilon, request.delta)
    seed = None if secure else request.seed
    statistics = PrivateStatistics(budget, known.bounds, known.categories, seed)
    codec = TableCodec.fit(frame, schema, private=PrivateColumns(statistics, known))
    target = codec[schema.target]
    assert isinstance(target, CategoryColumn)
    updates, rate = request.steps * critic_steps, batch / len(frame)
    plan = PrivatePlan(
        budget={},
        rows=len(frame),
        steps=request.steps,
        batch=batch,
        critic_steps=critic_steps,
        secure=secure,
        noise=_noise(budget, updates, rate),
        shares=tuple(target.shares),
    )
    return schema, codec, replace(plan, budget=budget.as_dict())


def _noise(budget: PrivacyBudget, updates: int, rate: float) -> float:
    """Noise over the clip: all that is left of the budget goes into it, and what it costs is noted."""
    epsilon, delta = budget.left
    try:
        noise = noise_for(epsilon, delta, rate, updates)
    except ValueError as error:
        raise UsageError(f"--epsilon: {error}") from None
    cost = epsilon_of(noise, delta, rate, updates)
    budget.spend(f"training: {updates} updates of the discriminator", cost, delta)
    return noise


def _check(request: PrivateRequest, rows: int, batch: int) -> None:
    if given := [name for name in FIXED if name in request.recipe_options]:
        raise UsageError(f"--epsilon decides the recipe's option '{given[0]}': leave it out")
    if not 1 <= batch <= rows:
        raise UsageError(f"--epsilon: batch = {batch} must lie between 1 and the {rows} training rows")
    if request.delta * rows >= 1:
        raise UsageError(
            f"--delta {request.delta:g} must be less than one over the {rows} training rows: "
            f"give --delta {0.1 / rows:.0e}"
        )


def _whole(options: Mapping[str, Any], name: str) -> int:
    found = options.get(name, inspect.signature(tabular_private).parameters[name].default)
    if type(found) is not int or found < 1:
        raise UsageError(f"recipe_options.{name} is {found!r}: give a whole number of 1 or more")
    return found


def _without_findings(schema: Schema) -> Schema:
    """What was found in the columns is exact: numbers of values, of missing ones."""
    return replace(schema, columns=tuple(replace(column, found="") for column in schema.columns))
