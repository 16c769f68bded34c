"""What a reader of medical files returns: a picture with its modality, unit, spacing and series."""

from __future__ import annotations

from dataclasses import dataclass

from ganworks_image.frames import Frame
from ganworks_image.intensity import Pixels


@dataclass(kw_only=True)
class MedicalFrame(Frame):
    """A picture whose ``group`` is its patient; ``spacing`` is (row, column) in mm."""

    spacing: tuple[float, float] | None = None
    modality: str | None = None
    unit: str = "intensity"
    series: str | None = None  # slices of one acquisition share it
    position: float = 0.0  # order within the series

    def resampled(self, pixels: Pixels) -> None:
        (_, height, width), new = self.pixels.shape, pixels.shape
        if self.spacing is not None:
            self.spacing = (self.spacing[0] * height / new[1], self.spacing[1] * width / new[2])
        self.pixels = pixels
