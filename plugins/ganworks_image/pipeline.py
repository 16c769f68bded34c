"""The stages of a run over a study of images; `gan run image`, and what other image domains build on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic

import numpy as np
import torch
from torch import Tensor

from ganworks import RunError, UsageError
from ganworks.data import Dataset
from ganworks.deploy import Deployable
from ganworks.errors import MissingExtraError, nearest
from ganworks.metrics import diversity_ratio
from ganworks.networks import load_efficientnet_lite0
from ganworks.pipeline import Pipeline, SampleRequest
from ganworks.run import REPORT
from ganworks.training import Checkpoints, Recipe, Sampler, Validation, weights_sha256
from ganworks_image.deploying import deployable
from ganworks_image.evaluation import (
    FEWEST_KEPT,
    VALIDATED_ON,
    downstream_block,
    fidelity_block,
    judged_by,
    like_the_real_ones,
    mean_over_classes,
    memorised_block,
    own_extractor,
    privacy_block,
    validated_by,
    warn_of_few,
)
from ganworks_image.gate import CopyGate, Kept, Purpose, first_seed
from ganworks_image.options import Options
from ganworks_image.reading import AnyOptions, ImageReader, Reader
from ganworks_image.report import Wording, write_report
from ganworks_image.study import Study
from ganworks_image.training_data import TrainingData
from ganworks_image.writing import write_samples

SMALL_DATA = 20_000  # up to this many training images the projected discriminator is the better choice
VALIDATION_ROWS = 400
LEAST_SIDE = 16  # pixels of the shorter side, for the pretrained network under the projected discriminator
DOWNSTREAM_ROWS = 1_000  # synthetic images of each class for the downstream gain


class StudyPipeline(Pipeline[AnyOptions], Generic[AnyOptions]):
    """Synthesis of still images, per class where there are classes.

    A domain says how its data are read (`reader`) and spoken of (`wording`); the rest may stay as it is.
    """

    default_minutes = 3.0
    truncates = True
    wording = Wording()
    notice = "Machine-generated images."  # goes with the exported model

    @abstractmethod
    def reader(self) -> Reader[AnyOptions]:
        """What reads the data of the options into a study."""

    def training_data(self) -> TrainingData:
        """The training part as the loop draws it."""
        return TrainingData(self.study.part("train"), self.study.policy)

    def read(self) -> Dataset:
        return self.training_data()

    @cached_property
    def study(self) -> Study:
        """The data as they were read; from the run's cache when it is there."""
        reader = self.reader()
        if reader.study.exists(self.run.cache):
            return reader.study.load(self.run.cache)
        study = reader.read(self.run.cache)
        warn_of_few(study, self.run)
        return study

    def facts(self) -> dict[str, Any]:
        study = self.study
        return {"title": study.title, "fingerprint": study.fingerprint, "classes": list(study.classes)}

    def build_recipe(self, name: str, data: Dataset) -> Recipe:
        declared = self.registry.recipe(name)  # refused here too, for runs that no command started
        if data.space.classes and not declared.labels:
            text = f"{name} does not use labels: samples of a class are like those of any other"
            self.run.warn("labels-unused", f"{text}. Choose another (`gan architectures`), or one class")
        return super().build_recipe(name, data)

    def default_recipe(self, data: Dataset) -> str:
        if len(data) > SMALL_DATA or min(data.space.height, data.space.width) < LEAST_SIDE:
            return "sngan"
        try:
            load_efficientnet_lite0()
        except MissingExtraError as error:
            text = f"training from scratch: {error}; it is worth it for a small data set"
            self.run.warn("no-pretrained-features", text)
            return "sngan"
        return "projected"

    # while training
    def validate(self, sampler: Sampler) -> Validation:
        real, labels, features = self._validation
        seeds = first_seed(Purpose.VALIDATION) + torch.arange(len(labels))
        made = sampler.sample(labels, seeds)
        score = mean_over_classes(features, self._own(made), labels)
        return Validation(score, diversity_ratio(real, made, labels, labels), measure=VALIDATED_ON)

    @cached_property
    def _own(self) -> Any:
        return own_extractor(self.study, self._gate, self.options.seed)

    @cached_property
    def _validation(self) -> tuple[Tensor, Tensor, Tensor]:
        """Images that choose the checkpoint, their labels and features; see `validated_by`."""
        part = self.study.part(validated_by(self.study))
        index = torch.linspace(0, len(part) - 1, min(len(part), VALIDATION_ROWS)).long()
        real = part.rows(index)
        return real, part.labels[index], self._own(real)

    # after training
    def sample(self, sampler: Sampler, request: SampleRequest) -> Path:
        labels = self._wanted(request)
        # samples asked for later are further ones, not those that the run has written already
        purpose = Purpose.FILES if self.run.is_own(request.out) else Purpose.MORE_FILES
        first = first_seed(purpose, request.seed)
        kept = self._gate.draw(sampler, labels, first, truncation=request.truncation)
        if len(kept.labels) < len(labels):
            self.run.warn(
                "near-copies",
                f"{len(kept.labels)} of {len(labels)} samples written to {request.out.name}: the others were "
                "near-copies of training images each time they were drawn; train on more images, or shorter",
            )
        columns: dict[str, list[Any]] = {
            "nearest_training_distance": np.round(kept.distances.numpy(), 4).tolist(),
            "verdict": ["kept"] * len(kept.labels),
        }
        if request.truncation != 1:
            columns["truncation"] = [request.truncation] * len(kept.labels)
        write_samples(
            request.out,
            kept.images,
            kept.labels,
            kept.seeds.tolist(),
            self.study,
            self._generator_hash,
            columns=columns,
        )
        self.run.emit("samples", folder=str(request.out), written=len(kept.labels), dropped=kept.dropped)
        return request.out

    def evaluate(self, sampler: Sampler) -> dict[str, Any]:
        study, gate = self.study, self._gate
        labels, first = like_the_real_ones(study), first_seed(Purpose.EVALUATION)
        made = gate.draw(sampler, labels, first)
        blocks: dict[str, Callable[[], dict[str, Any]]] = {
            "fidelity": lambda: fidelity_block(study, made, self._own),
            "privacy": lambda: self._privacy(sampler, made, labels, first),
        }
        if self.options.downstream:
            blocks["downstream"] = lambda: self._downstream(sampler)
        found = {name: blocks[name]() for name in self.run.progress(list(blocks), "evaluation")}
        measured = "reason" not in found["fidelity"]
        if measured and (extra := self.extra_metrics(judged_by(study).all_rows(), made.images)):
            found["extra"] = extra
        return found

    def conclude(self, metrics: dict[str, Any]) -> None:
        """Raise `RunError` where ``require_gain`` is set and the finished run shows no gain."""
        found = metrics.get("downstream", {}).get("verdict", "not evaluated")
        if self.options.require_gain and found != "GAIN":
            raise RunError(
                f"--require-gain: the downstream verdict is {found}; train longer, or on more images of the "
                f"rare class ({self.run.folder / REPORT} has the numbers)"
            )

    def deployable(self, sampler: Sampler, view: str) -> Deployable:
        return deployable(sampler, self.study, self.card(), view)

    def report(self, sampler: Sampler, metrics: dict[str, Any]) -> Path:
        wording = self.wording if self.options.downstream else replace(self.wording, downstream=False)
        return write_report(self.run, self.study, self._gate, sampler, metrics, wording)

    # inside
    @cached_property
    def _gate(self) -> CopyGate:
        return CopyGate(self.study)

    @property
    def _generator_hash(self) -> str:
        return weights_sha256(Checkpoints(self.run.checkpoints).best)

    def _wanted(self, request: SampleRequest) -> Tensor:
        classes = self.study.classes
        if request.label is not None and request.label not in classes:
            known = ", ".join(classes)
            hint = nearest(request.label, classes)
            raise UsageError(f"--label: no class '{request.label}'{hint}; the classes are {known}")
        which = range(len(classes)) if request.label is None else [classes.index(request.label)]
        count = request.count or self.options.images_per_class * len(which)
        return torch.tensor(which).repeat(-(-count // len(which)))[:count].sort().values

    def _privacy(self, sampler: Sampler, made: Kept, labels: Tensor, first: int) -> dict[str, Any]:
        if len(made.labels) >= FEWEST_KEPT:
            return privacy_block(self.study, self._gate, made)
        everything = self._gate.draw_ungated(sampler, labels, first)
        return memorised_block(self.study, self._gate, everything, made)

    def _downstream(self, sampler: Sampler) -> dict[str, Any]:
        study = self.study

        def draw() -> Kept:
            labels = torch.arange(len(study.classes)).repeat_interleave(DOWNSTREAM_ROWS)
            return self._gate.draw(sampler, labels, first_seed(Purpose.DOWNSTREAM), small=True)

        return downstream_block(study, self._gate, draw, self.options.seeds, self.run)

    def card(self) -> dict[str, Any]:
        """What goes with the exported model."""
        study = self.study
        return {
            "title": f"Synthetic images after {study.title}",
            "classes": list(study.classes) if study.labelled else [],
            "intensity": study.intensity.as_dict(),
            "training_data": {"title": study.title, "fingerprint": study.fingerprint},
            "generator_sha256": self._generator_hash,
            "notice": self.notice,
            "license": "by the owner of the training data",
        }


class ImagePipeline(StudyPipeline[Options]):
    """`gan run image`: images of any kind."""

    def reader(self) -> Reader[Options]:
        return ImageReader(self.options, self.run)
