"""The pictures of one side of a translation, as they were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganworks.data import ArrayDataset
from ganworks.space import SampleSpace
from ganworks_image.intensity import IntensityMap, Pixels
from ganworks_translation.label_maps import Labels, one_hot

Part = Literal["train", "validation", "test"]


@dataclass(kw_only=True)
class Side:
    """The pictures of one side.

    ``pictures`` is a memory-mapped array (rows, channels, height, width) of uint8 or uint16 whose full range
    is the intensity window; of label maps it is uint8 (rows, 1, height, width) and holds places in
    ``labels.values``. ``table`` has a row for each: ``file``, ``group`` (a number) and ``split``; rows are
    sorted by split, so that a part is one block.
    """

    pictures: Pixels
    table: pd.DataFrame
    intensity: IntensityMap
    kind: str  # of its files: png, tiff, npz, nifti or dicom
    labels: Labels | None = None

    @property
    def space(self) -> SampleSpace:
        """What the network sees of a row: a channel a label where they are label maps."""
        channels = self.labels.count if self.labels else self.pictures.shape[1]
        return SampleSpace(channels=channels, size=self.pictures.shape[2:])

    def rows(self, part: Part) -> NDArray[np.int64]:
        """Return the row numbers of one part; they follow each other."""
        return np.flatnonzero((self.table["split"] == part).to_numpy())

    def part(self, part: Part) -> Pixels:
        """Return the stored pictures of one part; nothing is copied."""
        rows = self.rows(part)
        return self.pictures[rows[0] : rows[-1] + 1] if len(rows) else self.pictures[:0]

    def names(self, part: Part) -> list[str]:
        """Return the file names of one part."""
        found: list[str] = self.table["file"].to_numpy()[self.rows(part)].tolist()
        return found

    def encoded(self, stored: Pixels) -> Tensor:
        """Return rows as the network takes them: float32 (rows, *space.shape) in [-1, 1]."""
        if self.labels is not None:
            return one_hot(torch.from_numpy(np.array(stored)), self.labels.count)
        return ArrayDataset(stored).all_rows()

    def describe(self) -> dict[str, Any]:
        return {
            "intensity": self.intensity.as_dict(),
            "kind": self.kind,
            "labels": None if self.labels is None else self.labels.as_dict(),
        }

    def save(self, folder: Path, name: str) -> None:
        np.save(folder / f"{name}.npy", self.pictures)
        self.table.to_csv(folder / f"{name}.csv", index=False)

    @classmethod
    def load(cls, folder: Path, name: str, about: Mapping[str, Any]) -> Self:
        labels = about["labels"]
        return cls(
            pictures=np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False),
            table=pd.read_csv(
                folder / f"{name}.csv", dtype={"file": str, "split": str}, keep_default_na=False
            ),
            intensity=IntensityMap(**about["intensity"]),
            kind=about["kind"],
            labels=None if labels is None else Labels.restored(labels),
        )
