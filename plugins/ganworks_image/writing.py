"""The synthetic images as a folder of files in the input's own kind and units, with a manifest."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from torch import Tensor

from ganworks.errors import UsageError
from ganworks_image.folders import recover, replacing_folder
from ganworks_image.sheet import write_sheet
from ganworks_image.study import Study

MANIFEST = "manifest.csv"
SHEET = "sheet.png"  # the first samples of each class at a glance
COLUMNS = ("file", "label", "seed", "generator_sha256", "nearest_training_distance", "verdict")
INPUT = "input"  # a further column: the file beside a sample that it was made from
FILE_COLUMNS = ("file", INPUT)  # those that name files of the folder


def write_samples(
    folder: Path,
    images: Tensor,
    labels: Tensor,
    seeds: Sequence[int],
    study: Study,
    generator_sha256: str,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> pd.DataFrame:
    """Write one file per image into class folders, ``manifest.csv`` and ``sheet.png``; return the manifest.

    Args:
        folder: new, empty, or the samples of an earlier call, which are replaced as a whole (a crash leaves
            the old folder or the new one, see `replace_folder`).
        images: (rows, channels, height, width) in [-1, 1].
        labels: (rows,) label numbers of ``study.classes``.
        seeds: the seed each image was drawn with.
        columns: further columns, a value a row; ``nearest_training_distance`` and ``verdict`` belong here.

    Raises:
        UsageError: ``folder`` holds anything else; nothing is touched.
        ValueError: the lengths differ.
    """
    columns = dict(columns or {})
    if len({len(images), len(labels), len(seeds), *(len(values) for values in columns.values())}) > 1:
        raise ValueError("images, labels, seeds and columns differ in length")
    with sample_folder(folder) as scratch:
        rows = _write_files(scratch, images, labels, seeds, study, generator_sha256)
        manifest = pd.DataFrame(rows, columns=list(COLUMNS[:4])).assign(**dict.fromkeys(COLUMNS[4:], ""))
        manifest = manifest.assign(**{name: list(values) for name, values in columns.items()})
        manifest.to_csv(scratch / MANIFEST, index=False)
        if len(images):
            write_sheet(scratch / SHEET, images, labels, study.classes if study.labelled else ())
    return manifest


@contextmanager
def sample_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to write samples and their manifest into; in the end it takes the place of ``folder``.

    Where anything goes wrong meanwhile, ``folder`` stays as it was.

    Raises:
        UsageError: ``folder`` holds anything but samples of an earlier call, see `check_replaceable`.
    """
    folder = folder.resolve()  # a link or "." cannot be renamed
    recover(folder)
    check_replaceable(folder)
    with replacing_folder(folder) as scratch:
        yield scratch


def check_replaceable(folder: Path) -> None:
    """Make sure that replacing ``folder`` costs nothing but earlier samples.

    Raises:
        UsageError: it is a file, or holds anything that its manifest does not list; hidden files, as file
            managers leave them, do not count.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; choose a new folder for the samples")
    if not folder.exists() or not any(folder.iterdir()):
        return
    listed = _listed(folder / MANIFEST)
    if listed is None:
        raise UsageError(
            f"{folder} is not empty and holds no samples of an earlier call; choose a new folder"
        )
    strange = sorted(_visible(folder) - listed)
    if strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        raise UsageError(
            f"{folder} also holds {strange[0]}{more}, not listed in its {MANIFEST}; choose a new folder"
        )


def _listed(manifest: Path) -> set[str] | None:
    """Return the files of an earlier call, its manifest among them; None where that is none of ours."""
    try:
        with manifest.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            ours = set(rows.fieldnames or ()) >= set(COLUMNS)
            if not ours:
                return None
            names = {str(row[column]) for row in rows for column in FILE_COLUMNS if row.get(column)}
            return {MANIFEST, SHEET, *names}
    except (OSError, UnicodeDecodeError, csv.Error):
        return None


def _visible(folder: Path) -> set[str]:
    """Return every path under ``folder`` that is neither a hidden file nor a plain, visible folder."""
    plain = {path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink()}
    shown = {path for path in folder.rglob("*") if path not in plain and not path.name.startswith(".")}
    hidden_folders = {path for path in plain if path.name.startswith(".")}
    return {path.relative_to(folder).as_posix() for path in shown | hidden_folders}


def _write_files(
    scratch: Path, images: Tensor, labels: Tensor, seeds: Sequence[int], study: Study, generator_sha256: str
) -> list[tuple[str, str, int, str]]:
    form = study.formats[study.kind]
    counts = [0] * len(study.classes)
    names = folder_names(study.classes)
    rows: list[tuple[str, str, int, str]] = []
    for image, number, seed in zip(images, labels.tolist(), seeds, strict=True):
        counts[number] += 1
        name = f"{names[number]}/{counts[number]:06d}{form.suffix}"
        (scratch / names[number]).mkdir(exist_ok=True)
        label = study.classes[number] if study.labelled else ""
        provenance = _provenance(study, label, int(seed), generator_sha256)
        pixels = study.intensity.to_units(image.detach().float().cpu().numpy())
        form.write(scratch / name, pixels, provenance, study)
        rows.append((name, label, int(seed), generator_sha256))
    return rows


def folder_names(classes: Sequence[str]) -> list[str]:
    """Return a folder name for each class: no separators, never twice the same, never hidden."""
    names: list[str] = []
    for number, label in enumerate(classes):
        name = re.sub(r"[^\w.+ -]", "_", label).strip(" .") or f"class_{number}"
        taken = {other.lower() for other in names}  # some file systems do not know case
        names.append(f"{name}_{number}" if name.lower() in taken else name)
    return names


def _provenance(study: Study, label: str, seed: int, generator_sha256: str) -> dict[str, Any]:
    from importlib.metadata import version

    return {
        "synthetic": True,
        "label": label,
        "seed": seed,
        "generator_sha256": generator_sha256,
        "data_sha256": study.fingerprint,
        "tool": f"ganworks {version('ganworks')}",
    }
