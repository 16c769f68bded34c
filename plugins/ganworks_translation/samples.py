"""Translated held-out pictures as a folder of files marked as synthetic, with a manifest and a sheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from ganworks_image.formats import FORMATS, output_kind
from ganworks_image.writing import COLUMNS, MANIFEST, SHEET, sample_folder
from ganworks_translation.pairs import PairStudy

HEADS = (*COLUMNS, "source")  # those of every domain of images, so that a later call may replace the folder


def write_translations(
    folder: Path,
    made: Tensor,
    names: Sequence[str],
    study: PairStudy,
    generator_sha256: str,
    sheet: Image.Image,
) -> None:
    """Write a file a picture, ``manifest.csv`` and ``sheet.png``.

    Args:
        folder: new, empty, or the samples of an earlier call, which are replaced as a whole.
        made: (rows, channels, H, W) in [-1, 1].
        names: of the sources, a name a row; part of the file names.
        study: says in which units and kind of file they are written.
        generator_sha256: of the generator's weights.
        sheet: the first of them at a glance.

    Raises:
        UsageError: ``folder`` holds anything else; nothing is touched.
    """
    with sample_folder(folder) as scratch:
        files = _write_files(scratch, made, names, study, generator_sha256)
        with (scratch / MANIFEST).open("w", encoding="utf-8", newline="") as stream:
            lines = csv.writer(stream)
            lines.writerow(HEADS)
            lines.writerows(
                (file, "", 0, generator_sha256, "", "translated", name)
                for file, name in zip(files, names, strict=True)
            )
        info = PngInfo()
        info.add_text("synthetic", "true")
        sheet.save(scratch / SHEET, format="PNG", pnginfo=info)


def _write_files(
    scratch: Path, made: Tensor, names: Sequence[str], study: PairStudy, generator_sha256: str
) -> list[str]:
    units = study.target_map
    form = FORMATS[output_kind("auto", "png", units.dtype, made.shape[1], FORMATS)]
    files = []
    for number, (picture, name) in enumerate(zip(made, names, strict=True), start=1):
        file = f"{number:06d}-{_plain(name)}{form.suffix}"
        provenance = {
            "synthetic": True,
            "label": "",
            "source": name,
            "generator_sha256": generator_sha256,
            "data_sha256": study.fingerprint,
            "tool": f"ganworks {version('ganworks')}",
        }
        form.write(scratch / file, units.to_units(picture.numpy()), provenance, study)
        files.append(file)
    return files


def _plain(name: str) -> str:
    """A name without folders, suffix and what a file system may not take."""
    return re.sub(r"[^\w.+-]", "_", Path(name).stem).strip(" .") or "picture"
