"""A study of scans: what a study of images holds, and modality, pixel spacing and slice direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ganworks_image.formats import FileFormat
from ganworks_image.study import Study
from ganworks_medical.formats import MEDICAL_FORMATS


@dataclass(kw_only=True)
class MedicalStudy(Study):
    """A study whose groups are patients."""

    formats: ClassVar[Mapping[str, FileFormat]] = MEDICAL_FORMATS
    owner: ClassVar[str] = "patient"

    modality: str
    spacing: tuple[float, float] | None  # (row, column) in mm, of the stored pictures
    axis: str | None  # slice direction where the input was volumes

    def describe(self) -> dict[str, Any]:
        spacing = list(self.spacing) if self.spacing else None
        return {**super().describe(), "modality": self.modality, "spacing": spacing, "axis": self.axis}

    @classmethod
    def restored(cls, about: dict[str, Any]) -> dict[str, Any]:
        spacing = tuple(about["spacing"]) if about["spacing"] else None
        return {**super().restored(about), "spacing": spacing}

    def facts(self) -> dict[str, Any]:
        spacing = " x ".join(f"{side:g}" for side in self.spacing) if self.spacing else None
        return {**super().facts(), "Modality": self.modality, "Pixel spacing, mm": spacing}
