"""`gan run medical-augment`: from a hospital's own images to synthetic ones, with the evidence."""

from __future__ import annotations

from typing import Any

from ganworks_image.pipeline import StudyPipeline
from ganworks_image.reading import Reader
from ganworks_image.report import Wording
from ganworks_image.training_data import TrainingData
from ganworks_medical.options import Options
from ganworks_medical.reading import MedicalReader
from ganworks_medical.study import MedicalStudy
from ganworks_medical.training_data import MonaiData


class MedicalPipeline(StudyPipeline[Options]):
    """Class-conditional synthesis of medical images."""

    wording = Wording(
        subtitle="Every image below that is called synthetic was drawn by a generator. It shows no patient, "
        "and it is not for diagnosis.",
        use="Intended use: to add to the training images of a classifier, and to show methods without "
        "showing patients. Not intended: diagnosis, or claims about patients. The generator knows the "
        "population of its training data only, with its biases.",
        others="other training patients",
    )
    notice = "Machine-generated images of no patient. Not for diagnosis."

    def reader(self) -> Reader[Options]:
        return MedicalReader(self.options, self.run)

    def training_data(self) -> TrainingData:
        data = MonaiData(self.study.part("train"), self.study.policy, self.options.monai_transforms)
        data.report_cost(self.run)
        return data

    def card(self) -> dict[str, Any]:
        study = self.study
        assert isinstance(study, MedicalStudy)
        spacing = list(study.spacing) if study.spacing else None
        return {**super().card(), "modality": study.modality, "spacing_mm": spacing}
