"""`gan run medical-augment`: from a hospital's own images to synthetic ones, with the evidence."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganworks import RunError, UsageError
from ganworks.data import Dataset
from ganworks.deploy import Deployable, Port
from ganworks.errors import MissingExtraError, nearest
from ganworks.metrics import diversity_ratio, kernel_distance
from ganworks.networks import load_efficientnet_lite0
from ganworks.pipeline import Pipeline, SampleRequest
from ganworks.training import Checkpoints, Sampler, Validation, weights_sha256
from ganworks_medical.evaluation import (
    EVALUATION_SEEDS,
    FILE_SEEDS,
    VALIDATION_SEEDS,
    CopyGate,
    Kept,
    downstream_block,
    fidelity_block,
    judged_by,
    like_the_real_ones,
    own_extractor,
    privacy_block,
    starved_classes,
)
from ganworks_medical.options import Options
from ganworks_medical.reading import read
from ganworks_medical.report import write_report
from ganworks_medical.study import Study
from ganworks_medical.training_data import TrainingData
from ganworks_medical.writing import write_samples

SMALL_DATA = 20_000  # up to this many training images the projected discriminator is the better choice
VALIDATION_ROWS = 400
LEAST_CLASS_ROWS = 12  # validation images of a class for a distance of its own
DOWNSTREAM_ROWS = 1_000  # synthetic images for each class that is filled up


class MedicalPipeline(Pipeline[Options]):
    """Class-conditional synthesis of medical images."""

    default_minutes = 3.0

    def read(self) -> Dataset:
        data = TrainingData(self.study.part("train"), self.study.policy, self.options.monai_transforms)
        data.report_cost(self.run)
        return data

    @cached_property
    def study(self) -> Study:
        """The data as they were read; from the run's cache when it is there."""
        if Study.exists(self.run.cache):
            return Study.load(self.run.cache)
        return read(self.options, self.run.cache, self.run)

    def facts(self) -> dict[str, Any]:
        study = self.study
        return {"title": study.title, "fingerprint": study.fingerprint, "classes": list(study.classes)}

    def default_recipe(self, data: Dataset) -> str:
        if len(data) > SMALL_DATA:
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
        seeds = VALIDATION_SEEDS + torch.arange(len(labels))
        made = sampler.sample(labels, seeds)
        score = _mean_over_classes(features, self._own(made), labels)
        return Validation(score, diversity_ratio(real, made, labels, labels))

    @cached_property
    def _own(self) -> Any:
        return own_extractor(self.study, self.options.seed)

    @cached_property
    def _validation(self) -> tuple[Tensor, Tensor, Tensor]:
        """Validation images, their labels and features; the training part stands in where there are few."""
        part = self.study.part("validation")
        if len(part) < 24:
            part = self.study.part("train")
        index = torch.linspace(0, len(part) - 1, min(len(part), VALIDATION_ROWS)).long()
        real = part.rows(index)
        return real, part.labels[index], self._own(real)

    # after training
    def sample(self, sampler: Sampler, request: SampleRequest) -> Path:
        labels = self._wanted(request)
        first = FILE_SEEDS + request.seed * 10_000_000
        kept = self._gate.draw(sampler, labels, first)
        if len(kept.labels) == 0:
            raise RunError("every sample was a near-copy of a training image: train on more data, or shorter")
        write_samples(
            request.out,
            kept.images,
            kept.labels,
            kept.seeds.tolist(),
            self.study,
            self._generator_hash,
            columns={
                "nearest_training_distance": np.round(kept.distances.numpy(), 4).tolist(),
                "verdict": ["kept"] * len(kept.labels),
            },
        )
        self.run.emit("samples", folder=str(request.out), written=len(kept.labels), dropped=kept.dropped)
        return request.out

    def evaluate(self, sampler: Sampler) -> dict[str, Any]:
        study = self.study
        made = self._gate.draw(sampler, like_the_real_ones(study), EVALUATION_SEEDS)
        fillers = torch.tensor(starved_classes(study)).repeat_interleave(DOWNSTREAM_ROWS)
        filling = self._gate.draw(sampler, fillers, EVALUATION_SEEDS + 10_000_000)
        if min(len(made.labels), len(filling.labels)) < 12:
            raise RunError("almost every sample was a near-copy of a training image: the generator memorised")
        blocks: dict[str, Callable[[], dict[str, Any]]] = {
            "fidelity": lambda: fidelity_block(study, made, self._own),
            "privacy": lambda: privacy_block(study, self._gate, made),
            "downstream": lambda: downstream_block(study, filling, self.options.seeds, self.run),
        }
        found = {name: blocks[name]() for name in self.run.progress(list(blocks), "evaluation")}
        if extra := self.extra_metrics(judged_by(study).all_rows(), made.images):
            found["extra"] = extra
        self._check_gain(found["downstream"])
        return found

    def deployable(self, sampler: Sampler) -> Deployable:
        study = self.study
        classes, (channels, height, width) = study.classes, study.images.shape[1:]
        intensity = study.intensity
        whole = intensity.dtype == "uint8"
        return Deployable(
            module=InUnits(sampler.module(), intensity.low, intensity.high, whole),
            inputs=(
                Port(
                    name="latent",
                    dtype="float32",
                    shape=("batch", sampler.latent),
                    meaning="standard normal numbers",
                ),
                Port(
                    name="label",
                    dtype="int64",
                    shape=("batch",),
                    meaning="class number",
                    low=0,
                    high=len(classes) - 1,
                ),
            ),
            output=Port(
                name="image",
                dtype="uint8" if whole else "float32",
                shape=("batch", channels, height, width),
                meaning=f"synthetic image in {intensity.unit}",
                low=intensity.low,
                high=intensity.high,
            ),
            card=self._card(),
        )

    def report(self, sampler: Sampler, metrics: dict[str, Any]) -> Path:
        return write_report(self.run, self.study, self._gate, sampler, metrics)

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

    def _check_gain(self, downstream: dict[str, Any]) -> None:
        if self.options.require_gain and downstream["verdict"] != "GAIN":
            raise RunError(
                f"--require-gain: the downstream verdict is {downstream['verdict']}; "
                "train longer, or on more images of the rare class"
            )

    def _card(self) -> dict[str, Any]:
        study = self.study
        return {
            "title": f"Synthetic images after {study.title}",
            "classes": list(study.classes),
            "modality": study.modality,
            "intensity": study.intensity.as_dict(),
            "spacing_mm": list(study.spacing) if study.spacing else None,
            "training_data": {"title": study.title, "fingerprint": study.fingerprint},
            "generator_sha256": self._generator_hash,
            "notice": "Machine-generated images of no patient. Not for diagnosis.",
            "license": "by the owner of the training data",
        }


def _mean_over_classes(real: Tensor, made: Tensor, labels: Tensor) -> float:
    """Kernel distance, averaged over classes: a rare class counts as much as a common one."""
    members = [labels == label for label in labels.unique()]
    large = [rows for rows in members if int(rows.sum()) >= LEAST_CLASS_ROWS]
    if len(large) < len(members):
        return kernel_distance(real, made).value
    return sum(kernel_distance(real[rows], made[rows]).value for rows in large) / len(large)


class InUnits(nn.Module):
    """A generator whose output is in the units of the input files: whole numbers 0..255, or float."""

    def __init__(self, generator: nn.Module, low: float, high: float, whole: bool) -> None:
        super().__init__()
        self.generator = copy.deepcopy(generator)
        self.low, self.high, self.whole = low, high, whole

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        """(batch, latent), (batch,) -> (batch, channels, height, width)."""
        x: Tensor = self.generator(latent, label).clamp(-1, 1)
        x = (x + 1) * ((self.high - self.low) / 2) + self.low
        return x.round().clamp(0, 255).to(torch.uint8) if self.whole else x


__all__ = ["InUnits", "Kept", "MedicalPipeline"]
