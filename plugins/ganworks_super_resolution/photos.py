"""Photos of any size as they were read: one flat file of pixels, and a table of where each begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganworks.errors import RunError
from ganworks_image.folders import recover
from ganworks_image.intensity import IntensityMap, Pixels

FOLDER = "photos"
PIXELS, TABLE, REJECTS, ABOUT = "pixels.bin", "table.csv", "rejects.csv", "photos.json"
Part = Literal["train", "validation", "test"]


@dataclass(frozen=True, kw_only=True)
class Photos:
    """Photos, or one part of them. Pixels stay on disk until they are asked for.

    ``table`` has a row for each photo: ``file`` (relative name), ``split``, ``offset`` (byte of the first
    pixel), ``channels`` (that are stored), ``height``, ``width`` and ``dtype``. ``rejects`` has ``file``,
    ``reason``, ``action``. ``channels`` are those that every photo gives; ``intensity`` maps input units to
    the network's [-1, 1].
    """

    pixels: NDArray[np.uint8]  # memory-mapped (bytes,)
    table: pd.DataFrame
    rejects: pd.DataFrame
    channels: int
    intensity: IntensityMap
    title: str
    fingerprint: str  # SHA-256 over pixels, shapes and parts
    kind: str  # of most of the files, such as png
    notes: tuple[str, ...] = ()
    leaks: Mapping[str, int] = field(default_factory=dict)  # copies between files, and what came of them

    def __len__(self) -> int:
        return len(self.table)

    def part(self, name: Part) -> Photos:
        """Return the photos of one part."""
        chosen = self.table[self.table["split"] == name].reset_index(drop=True)
        return replace(self, table=chosen)

    @property
    def names(self) -> list[str]:
        return [str(name) for name in self.table["file"]]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(photos, 2): height and width in pixels."""
        return self.table[["height", "width"]].to_numpy(dtype=np.int64)

    @property
    def levels(self) -> float | None:
        """Steps from the darkest to the brightest value; None where values are no whole numbers."""
        whole = np.dtype(self.intensity.dtype).kind in "ui"
        return self.intensity.high - self.intensity.low if whole else None

    def photo(self, number: int) -> Pixels:
        """Return (channels, height, width) in input units, a view of the file."""
        row = self.table.iloc[number]
        dtype = np.dtype(str(row["dtype"]))
        shape = int(row["channels"]), int(row["height"]), int(row["width"])
        start, size = int(row["offset"]), int(np.prod(shape)) * dtype.itemsize
        # of grey pictures that were saved as colour, one plane is enough
        return self.pixels[start : start + size].view(dtype).reshape(shape)[: self.channels]

    def unit(self, pixels: Pixels) -> Tensor:
        """Map input units of any shape to float32 in [0, 1]."""
        low, high = self.intensity.low, self.intensity.high
        x = torch.from_numpy(np.array(pixels, dtype=np.float32))
        x = x.sub_(low) if low else x
        return x.div_(high - low) if self.intensity.dtype == "uint8" else x.div_(high - low).clamp_(0, 1)

    @property
    def facts(self) -> dict[str, str]:
        """What the report shows, by name."""
        counts = self.table["split"].value_counts()
        sizes = self.sizes
        megapixels = sizes.prod(1).sum() / 1e6
        return {
            "Photos": ", ".join(f"{counts.get(name, 0)} {name}" for name in ("train", "validation", "test")),
            "Sizes": f"{_range(sizes[:, 1])} x {_range(sizes[:, 0])} pixels, {megapixels:.1f} megapixels",
            "Channels": str(self.channels),
            "Intensity": f"{self.intensity.low:g} to {self.intensity.high:g} ({self.intensity.dtype})",
        }

    def describe(self) -> dict[str, Any]:
        """Return everything but pixels and tables, for the cache and the log."""
        return {
            "channels": self.channels,
            "intensity": self.intensity.as_dict(),
            "title": self.title,
            "fingerprint": self.fingerprint,
            "kind": self.kind,
            "notes": list(self.notes),
            "leaks": dict(self.leaks),
        }

    def save(self, folder: Path) -> None:
        """Write the tables beside the pixels, which are there already."""
        self.table.to_csv(folder / TABLE, index=False)
        self.rejects.to_csv(folder / REJECTS, index=False)
        (folder / ABOUT).write_text(json.dumps(self.describe(), indent=2), encoding="utf-8")

    @classmethod
    def exists(cls, cache: Path) -> bool:
        """Say whether `load` will find photos; what a kill left set aside is put back first."""
        recover(cache / FOLDER)
        return (cache / FOLDER / ABOUT).exists()

    @classmethod
    def load(cls, cache: Path) -> Self:
        """Open what `ganworks_super_resolution.reading.read` wrote.

        Raises:
            RunError: it is not there, or damaged.
        """
        folder = cache / FOLDER
        text = dict.fromkeys(("file", "split", "dtype", "reason", "action"), str)
        try:
            # as a plain array, of which a piece is cut ten times faster than of the class memmap
            pixels = np.asarray(np.memmap(folder / PIXELS, dtype=np.uint8, mode="r"))
            table = pd.read_csv(folder / TABLE, dtype=text, keep_default_na=False)
            rejects = pd.read_csv(folder / REJECTS, dtype=text, keep_default_na=False)
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            about |= {"intensity": IntensityMap(**about["intensity"]), "notes": tuple(about["notes"])}
        except (OSError, EOFError, ValueError, KeyError) as error:
            raise RunError(
                f"{folder} holds no readable photos ({type(error).__name__}); start a new run"
            ) from None
        return cls(pixels=pixels, table=table, rejects=rejects, **about)


def _range(sides: NDArray[np.int64]) -> str:
    low, high = int(sides.min()), int(sides.max())
    return str(low) if low == high else f"{low}-{high}"
