"""From a hospital's files to a study: units, spacing, patients and what a modality allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganworks.run import Run
from ganworks_image.geometry import LARGEST, Geometry
from ganworks_image.intensity import IntensityMap, Pixels
from ganworks_image.policies import AugmentationPolicy
from ganworks_image.readers import FileKinds
from ganworks_image.reading import Reader
from ganworks_image.sources import Groups
from ganworks_medical import embedded
from ganworks_medical.frames import MedicalFrame
from ganworks_medical.geometry import PhysicalGeometry, choose
from ganworks_medical.intensity import medical_intensity
from ganworks_medical.options import Options
from ganworks_medical.policies import policy_for
from ganworks_medical.readers import medical_files
from ganworks_medical.series import thin_series
from ganworks_medical.study import MedicalStudy

PATIENT_COLUMNS = ("patient", "patient_id", "patientid", "subject", "subject_id")


def read(options: Options, cache: Path, run: Run | None = None) -> MedicalStudy:
    """Read ``options.data`` (or the embedded sample), write the study under ``cache`` and return it.

    Raises:
        DataError: the data cannot be used; the message names what, where and the way out.
        UsageError: an option does not fit the data.
    """
    study = MedicalReader(options, run).read(cache)
    assert isinstance(study, MedicalStudy)
    return study


class MedicalReader(Reader[Options]):
    """Reads pictures, NIfTI volumes and DICOM; pictures of one patient stay together."""

    study = MedicalStudy
    make = MedicalFrame

    def files(self) -> FileKinds:
        return medical_files(self.options)

    def groups(self) -> Groups:
        return Groups(
            word="patient",
            columns=PATIENT_COLUMNS,
            option="--patient-regex",
            expression=self.options.patient_regex,
            expected=True,
        )

    def embedded(self) -> tuple[list[Any], str, str]:
        return embedded.embedded_frames(), "png", embedded.TITLE

    def selected(self, frames: list[Any]) -> list[Any]:
        return thin_series(frames, self.options.slice_step, self.rejects)

    def geometry(self, frames: Sequence[Any]) -> Geometry:
        return choose(frames, self.options.size, self.options.spacing)

    def intensity(self, frames: Sequence[Any]) -> tuple[Pixels, IntensityMap]:
        return medical_intensity(frames, self._modality(frames), self.options.window)

    def policy(self, frames: Sequence[Any]) -> AugmentationPolicy:
        return policy_for(self._modality(frames), self.options.flips)

    def limits(self) -> Mapping[str, int]:
        return dict([embedded.STARVED])

    def limit_pixels(self) -> int:
        return LARGEST if self.options.spacing is not None else super().limit_pixels()

    def small_hint(self, frames: Sequence[Any]) -> str:
        sliced = any(frame.series is not None for frame in frames)
        return f" or --slice-step (now {self.options.slice_step})" if sliced else ""

    def fields(self, frames: Sequence[Any], shape: Geometry, kind: str) -> dict[str, Any]:
        return {
            "modality": self._modality(frames),
            "spacing": shape.spacing if isinstance(shape, PhysicalGeometry) else None,
            "axis": self.options.axis if kind == "nifti" else None,
        }

    def _modality(self, frames: Sequence[Any]) -> str:
        """Return the modality asked for, else what most files say.

        Where none says any, colour counts as photograph.
        """
        if self.options.modality != "auto":
            return self.options.modality
        said = Counter(frame.modality for frame in frames if frame.modality)
        if said:
            return str(said.most_common(1)[0][0])
        return "photo" if frames[0].pixels.shape[0] == 3 else "other"
