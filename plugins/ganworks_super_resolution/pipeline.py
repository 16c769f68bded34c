"""The stages of `gan run super-resolution` when it trains."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from ganworks.data import Dataset
from ganworks.deploy import Deployable
from ganworks.errors import UsageError
from ganworks.networks import load_efficientnet_lite0
from ganworks.pipeline import Pipeline, SampleRequest
from ganworks.training import Checkpoints, Recipe, Sampler, Validation, weights_sha256
from ganworks_image.image_to_image import image_to_image
from ganworks_super_resolution.cards import model_card, title_of
from ganworks_super_resolution.crops import CropDataset
from ganworks_super_resolution.evaluation import evaluate_photos
from ganworks_super_resolution.held_out import HeldOutPhotos
from ganworks_super_resolution.options import Options
from ganworks_super_resolution.photos import Part, Photos
from ganworks_super_resolution.reading import read
from ganworks_super_resolution.report import About, write_report
from ganworks_super_resolution.report_pictures import shown
from ganworks_super_resolution.restoring import in_channels, restored
from ganworks_super_resolution.tasks import Task, check_channels, task_of
from ganworks_super_resolution.validation import Judge
from ganworks_super_resolution.writing import Restored, write_restored

SAMPLES = 12  # photos written
SCORED = 100  # photos scored
SHOWN = 8  # photos among which the report looks for the worst places
EVALUATION_SEED = 2**31 - 2  # of what makes held-out photos worse: the same for every run
NOTHING = "no photo of 16 pixels or more was held out: give more photos"
CRITIC = "discriminator"


class RestorationPipeline(Pipeline[Options]):
    """Photos in; a network that makes such photos larger or cleaner, its evaluation and a model out."""

    default_minutes = 3.0

    def read(self) -> Dataset:
        if self.options.from_run is not None:
            raise UsageError(
                "--from enhances pictures with a trained run: name the pictures; to go on training use "
                f"--start-from {self.options.from_run}"
            )
        return self.crops("train")

    @cached_property
    def photos(self) -> Photos:
        """The photos as they were read; from the run's cache when they are there."""
        cache = self.run.cache
        found = Photos.load(cache) if Photos.exists(cache) else read(self.options, cache, self.run)
        check_channels(self.task, found.channels)
        return found

    @cached_property
    def task(self) -> Task:
        """What is learned."""
        return task_of(self.options)

    def crops(self, part: Part) -> CropDataset:
        """One part as the loop draws it."""
        return CropDataset(self.photos.part(part), self.task, self.options.crop, self.options.seed)

    def held_out(self, seed: int, most: int) -> HeldOutPhotos:
        """Photos that neither trained the network nor chose it."""
        return HeldOutPhotos(self.photos.part("test"), self.task, seed, most)

    def facts(self) -> dict[str, Any]:
        photos, task = self.photos, self.task
        counts = {str(name): int(n) for name, n in photos.table["split"].value_counts().items()}
        return {
            "title": photos.title,
            "fingerprint": photos.fingerprint,
            "task": task.name,
            "scale": task.scale,
            "photos": counts,
        }

    def default_recipe(self, data: Dataset) -> str:
        return "restore"

    def build_recipe(self, name: str, data: Dataset) -> Recipe:
        """The rate of `restore` falls over the steps asked for, where they are known.

        Raises:
            UsageError: as for every domain.
            MissingExtraError: a network that invents detail is asked for without the weights to judge it by.
        """
        options, steps = self.options, self.budget().steps
        if name == "restore" and steps is not None and "decay_images" not in options.recipe_options:
            images = steps * options.recipe_options.get("batch", 16)
            scheduled = {**options.recipe_options, "decay_images": images}
            self.options = options.model_copy(update={"recipe_options": scheduled})
        recipe = super().build_recipe(name, data)
        if CRITIC in recipe.networks:
            load_efficientnet_lite0()  # judges such a run: what is missing is said before the training
        return recipe

    @cached_property
    def _recipe(self) -> Recipe:
        """The recipe of the run, which is chosen when any of this is asked."""
        return self.build_recipe(self.run.settings()["recipe"]["name"], self.crops("train"))

    # while training
    def validate(self, sampler: Sampler) -> Validation:
        return self._judge(sampler)

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self.crops("validation"), self.task.scale, perceptual=self._invents)

    @property
    def _invents(self) -> bool:
        """Whether a critic taught the network to put in detail."""
        return CRITIC in self._recipe.networks

    # after training
    def sample(self, sampler: Sampler, request: SampleRequest) -> Path:
        if request.label is not None:
            raise UsageError("--label: photos have no classes here")
        photos = self.held_out(request.seed, request.count or SAMPLES)
        pairs = (
            Restored(
                one.name, in_channels(one.source, self.photos.channels)[0], restored(sampler, one.source)[0]
            )
            for one in self.run.progress(photos, "photos")
        )
        about = {"seed": request.seed, "generator_sha256": self._generator_hash}
        written = write_restored(request.out, pairs, self.photos.intensity, about)
        self.run.emit("samples", folder=str(request.out), written=written, dropped=0)
        return request.out

    def evaluate(self, sampler: Sampler) -> dict[str, Any]:
        self._warn_of_short_training()
        photos = self.held_out(EVALUATION_SEED, SCORED)
        if not photos:
            return {"restoration": {"reason": NOTHING}}
        scored = evaluate_photos(sampler, self.run.progress(photos, "evaluation"), self.task.scale)
        found = {"restoration": {"task": self.task.name, "scale": self.task.scale, **scored}}
        crops = self.crops("test")
        index = torch.arange(min(len(crops), 64))
        extra = self.extra_metrics(crops.rows(index), restored(sampler, crops.sources(index)))
        return {**found, **({"extra": extra} if extra else {})}

    def deployable(self, sampler: Sampler, view: str) -> Deployable:
        photos = self.photos
        return image_to_image(
            sampler.module(),
            source=photos.intensity,
            target=photos.intensity,
            channels=(self.task.source_channels(photos.channels), photos.channels),
            size=None,
            latent=sampler.latent,
            card=self.card(),
            view=view,
        )

    def report(self, sampler: Sampler, metrics: dict[str, Any]) -> Path:
        photos = self.photos
        about = About(
            title=f"{title_of(self.task)}: {photos.title}",
            facts={**photos.facts, **self._settings(), "Fingerprint": photos.fingerprint[:16]},
            notes=photos.notes,
            rejects=photos.rejects[["file", "reason", "action"]].values.tolist(),
            invents=self._invents,
            dtype=photos.intensity.dtype,
        )
        pictures = [shown(sampler, one) for one in self.held_out(EVALUATION_SEED, SHOWN)]
        return write_report(self.run, about, pictures, metrics)

    # inside
    def card(self) -> dict[str, Any]:
        """What goes with the exported model."""
        told = model_card(self.photos, self.task, self.options.degradation, invents=self._invents)
        return {**told, "generator_sha256": self._generator_hash}

    def _settings(self) -> dict[str, Any]:
        degraded = {"Made worse by": self.options.degradation} if self.task.name == "upscale" else {}
        return {"Task": self.task.name, "Scale": self.task.scale, **degraded, "Crop": self.options.crop}

    @property
    def _generator_hash(self) -> str:
        return weights_sha256(Checkpoints(self.run.checkpoints).best)

    def _warn_of_short_training(self) -> None:
        """A budget that ended in the pixel stage gave what the recipe restore gives."""
        seen = self.run.metrics().get("training", {}).get("steps", 0) * self._recipe.images_per_step
        needed = self._recipe.stages[0].until_images
        if self._invents and needed is not None and seen <= needed:
            self.run.warn(
                "no-game",
                f"the training ended after {seen:,} images, before the critic took part (after {needed:,}): "
                "train longer, or set recipe_options.warm_images",
            )
