"""The stages of `gan run tabular-fraud`."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from ganworks.data import Dataset
from ganworks.deploy import Deployable
from ganworks.errors import RunError, UsageError
from ganworks.pipeline import Pipeline, SampleRequest
from ganworks.run import REPORT
from ganworks.training import Budget, Checkpoints, Recipe, Sampler, Validation, weights_sha256
from ganworks_tabular.card import model_card
from ganworks_tabular.deploying import deployable
from ganworks_tabular.drawing import Drawer
from ganworks_tabular.evaluating import evaluate_run
from ganworks_tabular.infer import describe
from ganworks_tabular.model import OWN, Stream, TableModel
from ganworks_tabular.options import STEPS, Options
from ganworks_tabular.private_plan import RECIPE, PrivatePlan
from ganworks_tabular.report import write_report
from ganworks_tabular.report_usage import usage_of
from ganworks_tabular.sampling import FILE, asked_for, conditions_told, write_rows
from ganworks_tabular.study import FOLDER, TableStudy
from ganworks_tabular.study_rows import Part, check_unchanged, have_parts
from ganworks_tabular.training_data import CodedRows
from ganworks_tabular.validation import FIRST_SEED, Judge, calibrate, drawn_like

EVALUATION_SEED = 2**31 - 2  # apart from the seeds that users are likely to take


class TablePipeline(Pipeline[Options]):
    """`gan run tabular-fraud`: a table in, a synthetic one, its evaluation and a model out."""

    conditional = True

    def read(self) -> Dataset:
        """The training part; without rows where they were deleted from the cache and training is over."""
        if self._trained and not have_parts(self.run.cache / FOLDER) and TableStudy.exists(self.run.cache):
            return CodedRows.empty(self.study.preparation.codec).partly_given()
        return self.rows("train").partly_given()

    @cached_property
    def study(self) -> TableStudy:
        """The table as it was read; from the run's cache when it is there."""
        if TableStudy.exists(self.run.cache):
            return TableStudy.load(self.run.cache, self.options)
        known = self.run.settings().get("data", {})
        if self.options.epsilon is not None and known:
            raise RunError(f"{self.run.cache} is gone: private statistics are drawn once; start a new run")
        study = TableStudy.read(self.options)
        study.facts(self.options.sensitive)  # a wrong name is said before anything is trained
        check_unchanged(study.fingerprint, known.get("fingerprint"), self.run.folder)  # before it is cached
        study.save(self.run.cache)
        for note in study.notes:
            self.run.warn("table", note)
        return study

    def rows(self, part: Part) -> CodedRows:
        """One part as the loop draws it."""
        return self.study.preparation.rows(self.study.parts[part], self.options.seed)

    def facts(self) -> dict[str, Any]:
        study = self.study
        return {
            "title": study.title,
            "fingerprint": study.fingerprint,
            "target": study.schema.target,
            "positive": study.schema.positive,
            "classes": list(study.schema.classes),
            "rows": dict(study.rows),
        }

    def default_recipe(self, data: Dataset) -> str:
        return RECIPE if self._private else "tabular"

    def budget(self) -> Budget:
        if self.options.steps is None and self.options.minutes is None:
            return Budget(steps=STEPS)
        return super().budget()

    def build_recipe(self, name: str, data: Dataset) -> Recipe:
        """The rate of `tabular` falls over the steps asked for; a private run has paid for its own."""
        steps, given = self.budget().steps, self.options.recipe_options
        if self._private and steps is not None:
            given = self._private.recipe_options(given, steps)
        elif name == "tabular" and steps is not None:
            given = {"images": steps * given.get("batch", 256), **given}
        self.options = self.options.model_copy(update={"recipe_options": dict(given)})
        return super().build_recipe(name, data)

    # while training
    def settle(self, sampler: Sampler) -> None:
        if not self._private:
            calibrate(sampler, self._train)

    def validate(self, sampler: Sampler) -> Validation:
        """No number in a private run: a choice by real rows would not be covered, so the last one is kept."""
        score = math.nan if self._private else self._judge.score(sampler)
        return Validation(score, measure="quick two-sample AUC")

    @property
    def _trained(self) -> bool:
        return "fit" in self.run.stages()

    @property
    def _private(self) -> PrivatePlan | None:
        return self.study.preparation.private

    @cached_property
    def _train(self) -> CodedRows:
        return self.rows("train")

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self.rows("validation"))

    # after training
    def sample(self, sampler: Sampler, request: SampleRequest) -> Path:
        # what is asked for later are further rows, not those that the run has written already
        stream = OWN if self.run.is_own(request.out) else self.further
        drawer, where = self.drawer(sampler, stream), asked_for(request, self.study.schema)
        for note in conditions_told(where, drawer.preparation, self.run.cache / FOLDER / "train.parquet"):
            self.run.warn("conditions", note)
        count = request.count or self._own_rows
        path = request.out / f"{FILE}{self.study.suffix}"
        write_rows(drawer, where, count, request.seed, path, self.run, self._generator_hash)
        return request.out

    def evaluate(self, sampler: Sampler) -> dict[str, Any]:
        found = evaluate_run(self.study, self.drawer(sampler), self.options, self.run, EVALUATION_SEED)
        extra = self._extra(sampler)
        return {**found, **({"extra": extra} if extra else {})}

    def deployable(self, sampler: Sampler, view: str) -> Deployable:
        if view != "app":
            raise UsageError(f"--view {view}: a table has the view app only")
        return deployable(self.study.preparation, self._rates, sampler, self.card())

    def report(self, sampler: Sampler, metrics: dict[str, Any]) -> Path:
        study = self.study
        synthetic = self.drawer(sampler).frame(study.rows["train"], seed=EVALUATION_SEED)
        heads = ("column", "kind", "type", "found")
        return write_report(
            self.run.folder / REPORT,
            f"Synthetic table after {study.title}",
            study.facts(self.options.sensitive),
            metrics,
            study.comparable(study.parts["train"]),
            study.comparable(synthetic),
            [dict(zip(heads, row, strict=True)) for row in describe(study.schema)],
            usage_of(study.schema, self.run.folder),
            study.notes,
            synthetic,
        )

    # inside
    def drawer(self, sampler: Sampler, stream: Stream = OWN) -> Drawer:
        """What draws finished rows."""
        preparation = self.study.preparation
        model = TableModel(preparation.codec, self._rates, sampler)
        return Drawer(preparation, model, stream)

    @property
    def further(self) -> Stream:
        """The rows and keys that none of the run's own samples has."""
        return Stream.further(self._own_rows)

    @property
    def _own_rows(self) -> int:
        return self.options.rows or self.study.rows["train"]

    @property
    def _rates(self) -> tuple[float, ...]:
        return self.study.rates

    def card(self) -> dict[str, Any]:
        """What goes with the exported model."""
        return model_card(self.study, self._generator_hash)

    @property
    def _generator_hash(self) -> str:
        return weights_sha256(Checkpoints(self.run.checkpoints).best)

    def _extra(self, sampler: Sampler) -> dict[str, Any]:
        rows = self.rows("test")
        real = rows.rows(torch.arange(len(rows)))
        return self.extra_metrics(real, drawn_like(sampler, rows.labels, rows, FIRST_SEED + (1 << 50)))
