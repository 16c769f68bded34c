"""The loop. There is one, and it knows no method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from time import perf_counter
from typing import Protocol

import torch
from torch import Tensor, nn

from ganworks.data import Dataset
from ganworks.training.augment import no_augmentation
from ganworks.training.building import prepared_draw
from ganworks.training.draw import Batch
from ganworks.training.engine import Engine
from ganworks.training.recipe import Phase, Recipe
from ganworks.training.state import TrainingState
from ganworks.training.step import Made, Step


@dataclass(frozen=True, kw_only=True)
class Budget:
    """When to stop: a number of steps, or seconds of wall time."""

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise ValueError("a budget is either steps or seconds")
        if not (self.steps or self.seconds or 0) > 0:
            raise ValueError(f"a budget must be above 0, got {self}")

    def fraction(self, state: TrainingState) -> float:
        """Share of the budget that is used, from 0 to 1."""
        if self.steps is not None:
            return min(state.step / self.steps, 1.0)
        assert self.seconds is not None
        return min(state.seconds / self.seconds, 1.0)


@dataclass(frozen=True, slots=True)
class PhaseRecord:
    """What one update left behind, still on the device: reading a value would wait for it."""

    phase: str
    losses: dict[str, Tensor]
    gradient_norm: Tensor
    real_logits: Tensor | None
    fake_logits: Tensor | None
    labels: Tensor


class Watch(Protocol):
    """Looks at a training from outside: logging, health, validation, checkpoints."""

    def begin(self, state: TrainingState) -> None: ...

    def after_step(self, state: TrainingState, records: Sequence[PhaseRecord], fraction: float) -> None: ...

    def end(self, state: TrainingState) -> None: ...


def fit(
    recipe: Recipe,
    data: Dataset,
    engine: Engine,
    budget: Budget,
    *,
    seed: int = 0,
    watches: Sequence[Watch] = (),
) -> TrainingState:
    """Train ``recipe`` on ``data`` until the budget is used, and return the state.

    On the CPU a run is a pure function of (recipe, data, seed, engine settings): every step seeds torch's
    generators from (seed, step), so N steps, a resume and N steps equal 2N steps bit for bit.

    Raises:
        UsageError, DataError: recipe and data do not fit, or a network cannot be built.
    """
    with torch.random.fork_rng(devices=[engine.device] if engine.device.type == "cuda" else []):
        # Set up.
        state = TrainingState(recipe, engine, seed)
        for watch in watches:
            watch.begin(state)  # a watch may fill the state here: from a checkpoint, or from another run
        draw = prepared_draw(recipe, data, engine.device)

        while budget.fraction(state) < 1:
            started = perf_counter()
            engine.seed(seed, state.step, 1)  # three numbers: never the key of the initial weights
            records = play(state, draw, engine)
            steer_augmentation(state, records)
            state.average()
            state.advance(perf_counter() - started)
            for watch in watches:
                watch.after_step(state, records, budget.fraction(state))

        for watch in watches:
            watch.end(state)
    return state


def play(state: TrainingState, draw: Callable[[], Batch], engine: Engine) -> list[PhaseRecord]:
    """One step: every phase that is due, as often as it repeats."""
    due = [
        phase
        for phase in state.recipe.stage_at(state.images).phases
        if state.step % phase.every == 0 and any(term.due(state.step) for term in phase.terms)
        for _ in range(phase.repeat)
    ]
    records, made = [], None
    for phase, following in zip_longest(due, due[1:]):
        hand_on = following is not None and following.reuses_fakes
        record, made = update(state, phase, draw, engine, made if phase.reuses_fakes else None, hand_on)
        records.append(record)
    return records


def update(
    state: TrainingState,
    phase: Phase,
    draw: Callable[[], Batch],
    engine: Engine,
    made: Made | None = None,
    hand_on: bool = False,
) -> tuple[PhaseRecord, Made | None]:
    """One optimizer step of one phase, over as many draws as the recipe accumulates.

    ``made`` are the fakes of the phase before, which this one judges again instead of drawing its own; with
    ``hand_on`` the fakes of this phase are returned with their graph.
    """
    parameters = state.moving(phase.moves)
    optimizer = state.optimizers[phase.name]
    optimizer.zero_grad(set_to_none=True)
    draws = state.recipe.accumulate
    for _ in range(draws):
        batch = draw() if made is None else made.batch
        step, losses = evaluate(state, phase, batch, engine, made, hand_on)
        engine.backward(torch.stack(list(losses.values())).sum() / draws, parameters)
    norm = gradient_norm(parameters)
    optimizer.step()
    if phase.after is not None:
        phase.after(state.networks)
    detached = {name: loss.detach() for name, loss in losses.items()}
    logits = step.judged("real"), step.judged("fake")
    return PhaseRecord(phase.name, detached, norm, *logits, batch.labels), step.made


def evaluate(
    state: TrainingState,
    phase: Phase,
    batch: Batch,
    engine: Engine,
    made: Made | None = None,
    hand_on: bool = False,
) -> tuple[Step, dict[str, Tensor]]:
    """The loss of every term that is due, by name, and the step that they were evaluated in."""
    due = [term for term in phase.terms if term.due(state.step)]
    strengths = torch.tensor(state.strengths, device=engine.device)
    acts = any(state.strengths) or getattr(state.recipe.augment, "always", False)
    augment = state.recipe.augment if acts else no_augmentation
    step = Step(
        state.networks,
        batch,
        moving=phase.moves,
        augment=lambda x, labels: augment(x, strengths[labels]),
        autocast=lambda network: engine.autocast(network in state.recipe.bf16),
        slopes={name for term in due for name in term.slopes},
        images=state.images,
        made=made,
        hand_on=state.trainable["generator"] if hand_on else None,
    )
    return step, {term.name: term.loss(step) for term in due}


def gradient_norm(parameters: Sequence[nn.Parameter]) -> Tensor:
    """Euclidean norm over all gradients, as a tensor on the device."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    return nn.utils.get_total_norm(gradients)


def steer_augmentation(state: TrainingState, records: Sequence[PhaseRecord]) -> None:
    """Let the recipe's controller, if it has one, set the strengths from what the real samples scored."""
    controller = state.recipe.controller
    if controller is None or state.step % controller.every:
        return
    seen = [(r.real_logits, r.labels) for r in records if r.real_logits is not None]
    if seen:
        state.strengths = controller.next(state.strengths, *seen[-1], images=state.recipe.images_per_step)
