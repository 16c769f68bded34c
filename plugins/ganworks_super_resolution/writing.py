"""Restored held-out photos as files, each beside what it was made from, with a manifest and a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from ganworks_image.formats import FORMATS
from ganworks_image.intensity import IntensityMap
from ganworks_image.strips import strip
from ganworks_image.writing import COLUMNS, INPUT, MANIFEST, SHEET, sample_folder
from ganworks_super_resolution.restoring import as_shown

SHEET_ROWS = 6
SHEET_SIDE = 240  # pixels of the result, from the middle of a photo, that the sheet shows
SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class Restored:
    """One photo before and after; both (channels, height, width) in [-1, 1]."""

    name: str
    before: Tensor
    after: Tensor

    def middles(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The same place of both, at most `SHEET_SIDE` pixels of the result a side."""
        scale = self.after.shape[-1] // self.before.shape[-1]
        side = max(SHEET_SIDE // scale, 1)
        top, left = (max(length - side, 0) // 2 for length in self.before.shape[-2:])
        before = self.before[:, top : top + side, left : left + side]
        after = self.after[:, scale * top : scale * (top + side), scale * left : scale * (left + side)]
        return as_shown(before), as_shown(after)


def write_restored(
    folder: Path, photos: Iterable[Restored], intensity: IntensityMap, provenance: Mapping[str, Any]
) -> int:
    """Write for each photo its input and what became of it, ``manifest.csv`` and ``sheet.png``.

    The result is in the type and units of the photos; the input is 8 bit, for the eye.

    Args:
        folder: new, empty, or of an earlier call; replaced as a whole.
        photos: taken one at a time.
        intensity: units and type of the results.
        provenance: ``seed`` and ``generator_sha256`` at least; kept in every result, which is marked as
            synthetic.

    Returns:
        The number of photos.

    Raises:
        UsageError: ``folder`` holds anything else; nothing is touched.
    """
    with sample_folder(folder) as scratch:
        return _write_all(scratch, photos, intensity, provenance)


def _write_all(
    folder: Path, photos: Iterable[Restored], intensity: IntensityMap, provenance: Mapping[str, Any]
) -> int:
    rows: list[dict[str, Any]] = []
    shown: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []
    for number, photo in enumerate(photos, start=1):
        given = f"{number:04d}-{INPUT}.png"
        Image.fromarray(as_shown(photo.before).squeeze()).save(folder / given)
        about = {SYNTHETIC: True, "label": "", **provenance, "photo": photo.name}
        result = _write_result(folder / f"{number:04d}", photo.after, intensity, about)
        rows.append({"file": result, INPUT: given, **about})
        if len(shown) < SHEET_ROWS:
            shown.append(photo.middles())
    pd.DataFrame(rows, columns=[*COLUMNS, INPUT, "photo"]).to_csv(folder / MANIFEST, index=False)
    if shown:
        _write_sheet(folder / SHEET, shown)
    return len(rows)


def _write_result(stem: Path, x: Tensor, intensity: IntensityMap, about: Mapping[str, Any]) -> str:
    pixels = intensity.to_units(x.numpy())
    kind = "png" if FORMATS["png"].holds(pixels.dtype.name, len(pixels)) else "tiff"
    path = stem.with_suffix(FORMATS[kind].suffix)
    FORMATS[kind].write(path, pixels, {**about, "tool": f"ganworks {version('ganworks')}"}, None)
    return path.name


def _write_sheet(path: Path, shown: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> None:
    before, after = zip(*shown, strict=True)
    info = PngInfo()
    info.add_text(SYNTHETIC, "true")
    strip({"input": before, "restored": after}).save(path, format="PNG", pnginfo=info)
