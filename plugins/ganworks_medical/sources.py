"""Which files there are, and what their place or a manifest says of them: label, patient, split."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ganworks.errors import DataError, nearest
from ganworks_medical.frames import Item, Rejects
from ganworks_medical.options import Options
from ganworks_medical.readers import KNOWN, NIFTIS, kind_of, suffix_of

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
COLUMNS = {  # in order of preference
    "path": ("path", "file", "filename", "image", "image_path"),
    "label": ("label", "class", "target", "diagnosis"),
    "patient": ("patient", "patient_id", "patientid", "subject", "subject_id"),
    "split": ("split", "fold", "subset"),
}
UNLABELLED = "all"


def find_items(options: Options, rejects: Rejects) -> list[Item]:
    """Return the files of a folder, a manifest or a single file, in a stable order.

    Raises:
        DataError: nothing there, or a manifest that cannot be understood.
    """
    path = options.data
    assert path is not None, "the embedded sample has no files"
    kind = kind_of_source(path, options.kind)
    if kind == "csv":
        return _from_manifest(path, rejects)
    if path.is_file():
        _check_suffix(path)
        return [Item(path=path, name=path.name, label=UNLABELLED, patient=_patient(path.name, options, path))]
    return _from_folder(path, kind, options, rejects)


def kind_of_source(path: Path, asked: str) -> str:
    """Return folder, csv, npz, nifti or dicom for ``--data``.

    Raises:
        DataError: the path does not exist or does not fit ``--kind``.
    """
    if not path.exists():
        near = (
            nearest(path.name, (other.name for other in path.parent.iterdir()))
            if path.parent.is_dir()
            else ""
        )
        raise DataError(f"--data {path} does not exist{near}; give a folder, a .csv manifest or an .npz")
    if asked == "auto":
        return (
            {".csv": "csv", ".npz": "npz"}.get(path.suffix.lower(), "folder") if path.is_file() else "folder"
        )
    if asked in ("csv", "npz") and not path.is_file():
        raise DataError(f"--kind {asked} needs a file, but {path} is a folder; give the .{asked} file itself")
    if asked == "folder" and path.is_file():
        raise DataError(f"--kind folder needs a folder, but {path} is a file; leave --kind out")
    return asked


def _check_suffix(path: Path) -> None:
    if not kind_of(path):
        raise DataError(
            f"{path} has the unknown suffix '{suffix_of(path)}'; known are .csv .npz {' '.join(KNOWN)}"
        )


def _from_folder(root: Path, kind: str, options: Options, rejects: Rejects) -> list[Item]:
    """One class per folder directly under ``root`` (or under train, validation and test folders there)."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not _hidden(path, root)]
    manifests = [path for path in files if path.suffix.lower() == ".csv" and path.parent == root]
    if len(manifests) == 1 and kind == "folder":
        return _from_manifest(manifests[0], rejects)
    if kind in ("nifti", "dicom"):
        files = [path for path in files if kind_of(path) == kind]
    usable = [path for path in files if kind_of(path)]
    for path in files if kind == "folder" else []:
        if not kind_of(path):
            action = "ignored"  # notes and licences lie about everywhere; they are not bad pictures
            rejects.add(path.relative_to(root).as_posix(), f"unknown suffix '{suffix_of(path)}'", action)
    if not usable:
        known = " ".join(NIFTIS if kind == "nifti" else KNOWN)
        found = f"its {len(files)} files have other suffixes" if files else "it is empty"
        raise DataError(f"{root} holds no images: {found}; put one folder per class there ({known})")
    return [_folder_item(path, root, options) for path in usable]


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.relative_to(root).parts)


def _folder_item(path: Path, root: Path, options: Options) -> Item:
    name = path.relative_to(root).as_posix()
    folders = list(path.relative_to(root).parts[:-1])
    split = SPLITS.get(folders[0].lower()) if folders else None
    if split is not None:
        folders = folders[1:]
    label = folders[0] if folders else UNLABELLED
    return Item(path=path, name=name, label=label, patient=_patient(name, options, path), split=split)


def _patient(name: str, options: Options, path: Path) -> str | None:
    """Patient by --patient-regex; a volume without one is its own patient.

    Raises:
        DataError: the expression does not match a name, which would break the split silently.
    """
    if options.patient_regex is None:
        return name if suffix_of(path) in NIFTIS else None
    found = re.search(options.patient_regex, name)
    if found is None:
        raise DataError(
            f"--patient-regex '{options.patient_regex}' does not match '{name}'; widen the expression"
        )
    return found.group(1) if found.groups() and found.group(1) is not None else found.group()


def _from_manifest(manifest: Path, rejects: Rejects) -> list[Item]:
    """Read a CSV with a path and a label column; paths are relative to the manifest.

    Raises:
        DataError: a column is missing, a split word or a label is not understood, nothing is left.
    """
    header, rows = _rows(manifest)
    columns = {role: _column(header, role, manifest) for role in COLUMNS}
    labels = [row[columns["label"]].strip() if columns["label"] else UNLABELLED for row in rows]
    check_labels(labels, str(manifest))
    items: list[Item] = []
    seen: dict[str, tuple[int, str]] = {}
    for line, (row, label) in enumerate(zip(rows, labels, strict=True), start=2):
        name, where = row[columns["path"]].strip(), f"{manifest.name} line {line}"
        if not name or not label:
            raise DataError(
                f"{where}: the {'path' if not name else 'label'} is empty; fill it in or remove the line"
            )
        if name in seen:
            first, other = seen[name]
            if other != label:
                raise DataError(
                    f"{where}: '{name}' is '{label}', but '{other}' in line {first}; keep one of them"
                )
            rejects.add(name, f"{where}: listed twice, first in line {first}")
            continue
        seen[name] = (line, label)
        if not (manifest.parent / name).is_file():
            rejects.add(name, f"{where}: file not found{_near_file(manifest.parent / name)}")
            continue
        items.append(_manifest_item(manifest, row, columns, label, where))
    return items


def _rows(manifest: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows = [{key: value or "" for key, value in row.items() if key is not None} for row in reader]
            header = list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{manifest} is not a readable CSV ({error}); save it as UTF-8, comma-separated"
        ) from None
    if not rows:
        raise DataError(f"{manifest} has no rows; it needs the columns path and label, one line an image")
    return header, rows


def _column(header: Sequence[str], role: str, manifest: Path) -> str:
    found = {name.strip().lower(): name for name in header}
    column = next((found[name] for name in COLUMNS[role] if name in found), "")
    if not column and role in ("path", "label"):
        hint = nearest(role, found) or f" (found: {', '.join(header)})"
        raise DataError(f"{manifest} has no column '{role}'{hint}; name one of its columns '{role}'")
    return column


def _manifest_item(
    manifest: Path, row: dict[str, str], columns: dict[str, str], label: str, where: str
) -> Item:
    name = row[columns["path"]].strip()
    word = row[columns["split"]].strip() if columns["split"] else ""
    if columns["split"] and word.lower() not in SPLITS:
        raise DataError(f"{where}: split '{word}' is not one of train, validation, test; correct the word")
    patient = row[columns["patient"]].strip() if columns["patient"] else ""
    path = manifest.parent / name
    whole_volume = name if suffix_of(path) in NIFTIS else None
    split = SPLITS.get(word.lower())
    return Item(path=path, name=name, label=label, patient=patient or whole_volume, split=split)


def _near_file(path: Path) -> str:
    folder = path.parent
    return nearest(path.name, (other.name for other in folder.iterdir())) if folder.is_dir() else ""


def check_labels(labels: Iterable[str], where: str) -> None:
    """Refuse what is no single class per image.

    Raises:
        DataError: several labels in one cell, or measured numbers.
    """
    for label in dict.fromkeys(labels):
        if re.search(r"[|;]|^\[.*\]$", label):
            raise DataError(f"{where}: label '{label}' names several classes; give one class per image")
        try:
            number = float(label)
        except ValueError:
            continue
        if not math.isfinite(number) or number != int(number):
            raise DataError(
                f"{where}: label '{label}' is a measurement, not a class; bin it into named classes"
            )
