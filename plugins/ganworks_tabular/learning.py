"""A generator trained on the rows of a table, outside a run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.progress import Progress

from ganworks.recipes.tabular import tabular
from ganworks.recipes.tabular_private import tabular_private
from ganworks.training import Budget, Recipe, Sampler, TorchEngine, calibrate_for, find_device, fit
from ganworks_tabular.keeping import Bar, Best, Last
from ganworks_tabular.model import TableModel
from ganworks_tabular.preparation import Preparation
from ganworks_tabular.private_plan import PrivatePlan
from ganworks_tabular.splits import set_aside
from ganworks_tabular.training_data import CodedRows
from ganworks_tabular.validation import Judge

HELD_OUT = 0.05  # share of each class that chooses the generator


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How a generator is trained; ``options`` are those of the recipe."""

    steps: int
    seed: int
    device: str
    threads: int | None  # of the processor; measured where None
    given: float  # share of training rows in which columns beside the target are given
    progress: bool
    options: Mapping[str, Any]

    def learn(self, preparation: Preparation, frame: pd.DataFrame) -> TableModel:
        """Train on ``frame``, a twentieth of which chooses the generator; of a private one none."""
        train, keeping = self._keeping(preparation, frame)
        sampler = self._trained(train, self.recipe(train, preparation.private), keeping)
        return TableModel(preparation.codec, preparation.rates(train), sampler)

    def recipe(self, train: CodedRows, private: PrivatePlan | None) -> Recipe:
        """The recipe for rows like these: `tabular`, or `tabular-private` as it was paid for."""
        space, source = train.space, train.partly_given(self.given).source_space
        if private:
            return tabular_private(
                space, source=source, **private.recipe_options(self.options, private.steps)
            )
        batch = self.options.get("batch", 256)
        return tabular(space, source=source, **{"images": self.steps * batch, **self.options})

    def _keeping(self, preparation: Preparation, frame: pd.DataFrame) -> tuple[CodedRows, Best | Last]:
        """The rows to train on, and what keeps the generator; a private one is not chosen by real rows."""
        if preparation.private:
            return preparation.rows(frame, self.seed), Last()
        kept = preparation.constraints.keep(frame)
        held_out = set_aside(kept[preparation.schema.target], HELD_OUT, self.seed)
        train = preparation.rows(kept[~held_out], self.seed)
        return train, Best(train, Judge(preparation.rows(kept[held_out], self.seed)), self.steps)

    def _trained(self, train: CodedRows, recipe: Recipe, keeping: Best | Last) -> Sampler:
        data = train.partly_given(self.given)
        engine = TorchEngine(calibrate_for(recipe, data, find_device(self.device), self.threads))
        with Progress(disable=not self.progress, transient=True) as bar:
            task = bar.add_task("learning the table", total=self.steps)
            watches = (keeping, Bar(lambda step: bar.update(task, completed=step)))
            fit(recipe, data, engine, Budget(steps=self.steps), seed=self.seed, watches=watches)
        return Sampler(keeping.generator, recipe.draw.latent, max(len(train.space.classes), 1), engine.device)
