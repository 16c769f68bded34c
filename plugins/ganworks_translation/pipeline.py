"""`gan run translate`: from pairs, or from two sets of pictures, to a translator with the evidence."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ganworks import UsageError
from ganworks.data import Dataset
from ganworks.deploy import Deployable
from ganworks.networks import efficientnet_lite0_installed
from ganworks.pipeline import Pipeline, SampleRequest
from ganworks.training import Checkpoints, Recipe, Sampler, Validation, weights_sha256
from ganworks_image.evaluation import pretrained
from ganworks_translation.deploying import deployable
from ganworks_translation.evaluation import LEAST_SIDE, OURS, judged
from ganworks_translation.examples import Examples, examples, translated
from ganworks_translation.options import Options
from ganworks_translation.pairs import PairStudy, Part
from ganworks_translation.reading import read
from ganworks_translation.report import write_report
from ganworks_translation.rivals import answers
from ganworks_translation.samples import write_translations
from ganworks_translation.shown import shown
from ganworks_translation.training_data import plain_part, training_data
from ganworks_translation.validation import Judge, PairJudge, SetJudge
from ganworks_translation.way_back import both_ways, way_back_block

KINDS = ("pairs", "unpaired")  # of data that its recipes learn from
VALIDATION_PAIRS = 64  # a mean over pairs needs few; a distance between sets needs more
VALIDATION_SETS = 200
FEWEST_VALIDATION = 8  # validation pictures below which training pictures choose the checkpoint
JUDGED = 500  # most held-out pictures that the numbers are taken on
SHEET_ROWS = 8
NOTICE = "Machine-generated pictures. What they show need not be what is there."


class TranslationPipeline(Pipeline[Options]):
    """One direction of translation, from side A to side B or back."""

    default_minutes = 10.0

    def read(self) -> Dataset:
        return training_data(self.study, self.options)

    @cached_property
    def study(self) -> PairStudy:
        """The data as they were read; from the run's cache when it is there."""
        new = not PairStudy.exists(self.run.cache)
        study = read(self.options, self.run)
        if new and self._validated_by(study) == "train":
            text = (
                f"fewer than {FEWEST_VALIDATION} validation pictures: training pictures choose the checkpoint"
            )
            self.run.warn("validation-on-training", f"{text} instead, which favours one that repeats them")
        return study

    def facts(self) -> dict[str, Any]:
        study = self.study
        return {"title": study.title, "fingerprint": study.fingerprint, "paired": study.paired}

    def default_recipe(self, data: Dataset) -> str:
        """Pix2pix for pairs, label maps too, with frozen features where they are installed; CycleGAN without.

        After two processor minutes on facades of 64 pixels pix2pix and cyclegan had the lowest validation
        scores of their kind (cut came close to cyclegan); a longer budget may decide otherwise.
        """
        if not self.study.paired:
            return "cyclegan"
        seen = min(data.space.size) >= LEAST_SIDE and efficientnet_lite0_installed()
        return "pix2pix-perceptual" if seen else "pix2pix"

    def build_recipe(self, name: str, data: Dataset) -> Recipe:
        """The recipe of that name, for the data.

        Raises:
            UsageError: as for every domain; or it learns from pairs, and there are none.
        """
        if self.registry.recipe(name, KINDS).data == "pairs" and not self.study.paired:
            raise UsageError(
                f"recipe '{name}' learns from pairs, and these pictures are none: add --paired where files "
                "of one name are a pair, or use cyclegan or cut"
            )
        return super().build_recipe(name, data)

    # while training
    def validate(self, sampler: Sampler) -> Validation:
        return self._judge.score(sampler)

    @cached_property
    def _judge(self) -> Judge:
        """What chooses the checkpoint. Pairs that are hidden from the training are hidden from it too."""
        part = self._validated_by(self.study)
        if self.study.paired:
            return PairJudge(self._examples(part, VALIDATION_PAIRS))
        return SetJudge(self._examples(part, VALIDATION_SETS), pretrained()[0])

    # after training
    def sample(self, sampler: Sampler, request: SampleRequest) -> Path:
        """Translate held-out pictures; the seed is of no meaning, for a translator draws nothing."""
        if request.label is not None:
            raise UsageError("--label: a translator has no classes; it translates held-out pictures")
        chosen = self._examples(self._held_out, request.count or self.options.images)
        wanted = request.count or 0
        if len(chosen.sources) < wanted:
            there = self.study.counts[self._held_out]["source"]
            why = f"{there} are held out" if there < wanted else f"{len(chosen.sources)} are made in one go"
            text = f"{wanted} pictures were asked for, and {why}"
            self.run.warn("few-held-out", f"{text}; `gan translate` takes any others")
        made = translated(sampler, chosen.sources)
        names = self.study.source.names(self._held_out)
        write_translations(
            request.out,
            made,
            [names[place] for place in chosen.places.tolist()],
            self.study,
            self._generator_hash,
            shown(self.study, chosen, made).sheet(SHEET_ROWS),
        )
        self.run.emit("samples", folder=str(request.out), written=len(made), dropped=0)
        return request.out

    def evaluate(self, sampler: Sampler) -> dict[str, Any]:
        study, chosen = self.study, self._examples(self._held_out, JUDGED)
        made = {OURS: translated(sampler, chosen.sources), **answers(study, chosen.sources)}
        extractor, note = pretrained()
        block = judged(
            made,
            chosen.targets,
            extractor,
            paired=study.pairs_known,
            progress=partial(self.run.progress, label="evaluation"),
        )
        notes = [*([note] if note else []), *self._caveats()]
        if ways := self._both_ways(sampler):
            block["back"] = way_back_block(*ways, chosen.sources, chosen.targets, extractor)
        found: dict[str, Any] = {"translation": {**block, "part": self._held_out, "notes": notes}}
        extra = self.extra_metrics(chosen.targets, made[OURS])
        return {**found, "extra": extra} if extra else found

    def deployable(self, sampler: Sampler, view: str) -> Deployable:
        return deployable(sampler, self.study, self.card(), view)

    def report(self, sampler: Sampler, metrics: dict[str, Any]) -> Path:
        chosen = self._examples(self._held_out, JUDGED)
        made = translated(sampler, chosen.sources)
        return write_report(
            self.run, self.study, shown(self.study, chosen, made), metrics, self._judge.measure
        )

    def card(self) -> dict[str, Any]:
        """What goes with the exported model."""
        study = self.study
        labels = study.source.labels
        return {
            "title": f"Translator after {study.title}",
            "direction": study.direction,
            "training_size": list(study.target_space.size),
            "training_data": {"title": study.title, "fingerprint": study.fingerprint},
            "generator_sha256": self._generator_hash,
            "notice": NOTICE,
            "license": "by the owner of the training data",
            **({"label_map": labels.as_dict(), "label_colours": labels.colours} if labels else {}),
        }

    # inside
    @property
    def _generator_hash(self) -> str:
        return weights_sha256(Checkpoints(self.run.checkpoints).best)

    def _examples(self, part: Part, most: int) -> Examples:
        study = self.study
        return examples(plain_part(study, part), study.counts[part]["source"], most)

    @property
    def _held_out(self) -> Part:
        """The part that the numbers are taken on: the test part, where it has pictures of both sides."""
        counts = self.study.counts
        parts: tuple[Part, ...] = ("test", "validation")
        return next((part for part in parts if min(counts[part].values())), "train")

    def _caveats(self) -> list[str]:
        if self._held_out == "test":
            return []
        return [f"No picture was left to test on: these are numbers on the {self._held_out} part, too good."]

    @staticmethod
    def _validated_by(study: PairStudy) -> Part:
        return "validation" if min(study.counts["validation"].values()) >= FEWEST_VALIDATION else "train"

    def _both_ways(self, sampler: Sampler) -> tuple[Sampler, Sampler] | None:
        name = self.run.settings()["recipe"]["name"]
        recipe = self.build_recipe(name, self.read())
        return both_ways(recipe, Checkpoints(self.run.checkpoints), sampler.device)
