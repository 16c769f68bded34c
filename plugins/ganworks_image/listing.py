"""Which files there are, and what their place or a manifest says of them: label, group, split."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from ganworks.errors import DataError, nearest
from ganworks_image.frames import Item, Rejects
from ganworks_image.readers import FileKinds
from ganworks_image.sources import SPLITS, UNLABELLED, Source, check_labels

# no remark in passing: a class would shrink unseen
UNREAD_PICTURES = (
    *(".heic", ".heif", ".avif", ".jp2", ".j2k", ".jxl", ".psd", ".tga", ".exr", ".hdr"),
    *(".pbm", ".pgm", ".ppm", ".pnm", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
)
MOST_NAMED = 5  # folders, in a message
COLUMNS = {  # in order of preference
    "path": ("path", "file", "filename", "image", "image_path"),
    "label": ("label", "class", "target", "diagnosis"),
    "split": ("split", "fold", "subset"),
}


def find_items(source: Source, rejects: Rejects) -> list[Item]:
    """Return the files of a folder, a manifest or a single file, in a stable order.

    Raises:
        DataError: nothing there, or a manifest that cannot be understood.
    """
    path = source.path
    if source.kind == "csv":
        return _from_manifest(path, source, rejects)
    if path.is_file():
        _check_suffix(path, source.files)
        group = source.group_of(path, path.name)
        return [Item(path=path, name=path.name, label=UNLABELLED, group=group)]
    return _from_folder(source, rejects)


def _check_suffix(path: Path, files: FileKinds) -> None:
    if not files.kind_of(path):
        raise DataError(
            f"{path} has the unknown suffix '{files.suffix_of(path)}'; known are .csv .npz "
            f"{' '.join(files.known)}"
        )


def _from_folder(source: Source, rejects: Rejects) -> list[Item]:
    """One class per folder directly under the root (or under train, validation and test folders there)."""
    root, known = source.path, source.files
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not _hidden(path, root)]
    manifests = [path for path in files if path.suffix.lower() == ".csv" and path.parent == root]
    if len(manifests) == 1 and source.kind == "folder":
        return _from_manifest(manifests[0], source, rejects)
    if source.kind != "folder":
        files = [path for path in files if known.kind_of(path) == source.kind]
    usable = [path for path in files if known.kind_of(path)]
    for path in files if source.kind == "folder" else []:
        if not known.kind_of(path):
            _reject_suffix(path.relative_to(root).as_posix(), known.suffix_of(path), rejects)
    if not usable:
        suffixes = " ".join(known.suffixes.get(source.kind, known.known))
        found = f"its {len(files)} files have other suffixes" if files else "it is empty"
        raise DataError(f"{root} holds no images: {found}; put one folder per class there ({suffixes})")
    return [_folder_item(path, source) for path in usable]


def _reject_suffix(name: str, suffix: str, rejects: Rejects) -> None:
    if suffix in UNREAD_PICTURES:
        rejects.add(name, f"{suffix} pictures are not read; convert them to PNG")
    else:  # notes and licences lie about everywhere; they are not bad pictures
        rejects.add(name, f"unknown suffix '{suffix}'", "ignored")


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.relative_to(root).parts)


def _folder_item(path: Path, source: Source) -> Item:
    name = path.relative_to(source.path).as_posix()
    folders = list(path.relative_to(source.path).parts[:-1])
    split = SPLITS.get(folders[0].lower()) if folders else None
    if split is not None:
        folders = folders[1:]
    label = folders[0] if folders and source.labelled else UNLABELLED
    return Item(path=path, name=name, label=label, group=source.group_of(path, name), split=split)


def classes_below(folder: str, names: Sequence[str]) -> str:
    """Say which folder to give, where the only class is a folder of folders; empty where it is not.

    >>> classes_below("all", ["all/cat/1.png", "all/dog/1.png"])
    "the folder 'all' itself: it holds the folders cat, dog"
    """
    below = {parts[1] for name in names if len(parts := name.split("/")) > 2 and parts[0] == folder}
    if len(below) < 2 or not all(name.startswith(f"{folder}/") for name in names):
        return ""
    shown = ", ".join(sorted(below)[:MOST_NAMED]) + (", ..." if len(below) > MOST_NAMED else "")
    return f"the folder '{folder}' itself: it holds the folders {shown}"


def _from_manifest(manifest: Path, source: Source, rejects: Rejects) -> list[Item]:
    """Read a CSV with a path column, and a label column that is full or empty; paths are relative to it.

    Raises:
        DataError: a column is missing, a split word or a label is not understood, nothing is left.
    """
    header, rows = _rows(manifest)
    columns = _columns(header, manifest, source)
    labels = [row[columns["label"]].strip() if columns["label"] else "" for row in rows]
    if not any(labels):  # as samples of unlabelled images have it
        labels = [UNLABELLED] * len(rows)
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
        cells = {role: row[column].strip() for role, column in columns.items() if column}
        items.append(_manifest_item(manifest.parent / name, cells, label, where, source))
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


def _columns(header: Sequence[str], manifest: Path, source: Source) -> dict[str, str]:
    """Return role -> column, empty where it has none; no label where nothing else could be one.

    Raises:
        DataError: there is no path column, or no label column among others that may be meant.
    """
    named = {name.strip().lower(): name for name in header}
    wanted = {**COLUMNS, "group": source.groups.columns}
    found = {
        role: next((named[name] for name in names if name in named), "") for role, names in wanted.items()
    }
    if not source.labelled:
        found["label"] = ""
    unlabelled = not source.labelled or set(header) <= set(found.values())
    for role in ("path",) if unlabelled else ("path", "label"):
        if not found[role]:
            hint = nearest(role, named) or f" (found: {', '.join(header)})"
            raise DataError(f"{manifest} has no column '{role}'{hint}; name one of its columns '{role}'")
    return found


def _manifest_item(path: Path, cells: dict[str, str], label: str, where: str, source: Source) -> Item:
    word = cells.get("split", "")
    if "split" in cells and word.lower() not in SPLITS:
        raise DataError(f"{where}: split '{word}' is not one of train, validation, test; correct the word")
    whole_file = cells["path"] if source.files.kind_of(path) in source.files.own_group else None
    split = SPLITS.get(word.lower())
    return Item(
        path=path, name=cells["path"], label=label, group=cells.get("group") or whole_file, split=split
    )


def _near_file(path: Path) -> str:
    folder = path.parent
    return nearest(path.name, (other.name for other in folder.iterdir())) if folder.is_dir() else ""
