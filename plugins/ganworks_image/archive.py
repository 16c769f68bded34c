"""Images in one .npz: the MedMNIST layout, and plain x with optional y, group and split."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganworks.errors import DataError, nearest
from ganworks_image.frames import Frame
from ganworks_image.intensity import Pixels
from ganworks_image.readers import Make
from ganworks_image.sources import SPLITS, UNLABELLED, Source, check_labels

MEDMNIST = {"train": "train", "val": "validation", "test": "test"}
PLAIN = {"x": ("x", "images", "image"), "y": ("y", "labels", "label")}


def read_archive(source: Source, make: Make = Frame) -> list[Any]:
    """Return a frame for each row of the archive; ``Frame.source`` counts rows over all its parts.

    Without labels every picture is unlabelled, but only where no other array could hold them.

    Raises:
        DataError: not an archive, Python objects inside, arrays missing or of different length, labels that
            are no classes.
    """
    path, arrays = source.path, _load(source.path)
    if any(name.startswith("train_") for name in arrays):
        parts = [
            _frames(source, make, arrays, f"{prefix}_images", f"{prefix}_labels", split)
            for prefix, split in MEDMNIST.items()
            if f"{prefix}_images" in arrays or prefix == "train"
        ]
    else:
        names = {role: next((n for n in known if n in arrays), role) for role, known in PLAIN.items()}
        parts = [_frames(source, make, arrays, names["x"], names["y"], None)]
    frames = [frame for part in parts for frame in part]
    if not frames:
        raise DataError(f"{path} holds no images: its arrays are empty")
    for number, frame in enumerate(frames):
        frame.source = number
    return frames


def _load(path: Path) -> dict[str, NDArray[Any]]:
    try:
        # an open stream, because NumPy leaves a file of its own open when the archive is damaged
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError, TypeError) as error:
        raise DataError(
            f"{path} is no readable .npz ({type(error).__name__}); write it with numpy.savez"
        ) from None
    except ValueError:  # what NumPy raises for object arrays, and for files that start like a pickle
        raise DataError(
            f"{path} holds Python objects (pickle), which are never loaded; save plain number arrays"
        ) from None


def _frames(
    source: Source, make: Make, arrays: dict[str, NDArray[Any]], x: str, y: str, split: str | None
) -> list[Frame]:
    path, group = source.path, source.groups.columns[0]
    if x not in arrays:
        raise _lacking(path, arrays, x, "images")
    images = _channels_first(path, x, arrays[x])
    groups = _column(path, arrays, group, len(images)) if split is None else None
    splits = _column(path, arrays, "split", len(images)) if split is None else None
    labels = _labels_or_none(source, arrays, x, y)
    labels = [UNLABELLED] * len(images) if labels is None else labels
    if len(images) != len(labels):
        raise DataError(f"{path}: '{x}' has {len(images)} rows, '{y}' has {len(labels)}; make them equal")
    return [
        make(
            pixels=images[row],
            dtype=str(images.dtype),
            name=f"{path.name}:{x}[{row}]",
            label=labels[row],
            group=str(groups[row]) if groups is not None else None,
            split=split or (_split(path, str(splits[row])) if splits is not None else None),
        )
        for row in range(len(images))
    ]


def _labels_or_none(source: Source, arrays: dict[str, NDArray[Any]], x: str, y: str) -> list[str] | None:
    """Return the class of each row; None where labels are not wanted, or nothing can be them."""
    if not source.labelled:
        return None
    known = {*PLAIN["x"], x, source.groups.columns[0], "split", "classes"}
    if y not in arrays and set(arrays) <= known | {f"{prefix}_images" for prefix in MEDMNIST}:
        return None
    if y not in arrays:
        raise _lacking(source.path, arrays, y, "labels")
    names = arrays["classes"].astype(str) if "classes" in arrays else None
    return [_class_name(source.path, names, label) for label in _labels(source.path, y, arrays[y])]


def _lacking(path: Path, arrays: dict[str, NDArray[Any]], name: str, what: str) -> DataError:
    near = nearest(name, arrays) or f" (found: {', '.join(arrays) or 'nothing'})"
    return DataError(f"{path} has no array '{name}' with the {what}{near}; add it or rename one")


def _channels_first(path: Path, name: str, images: NDArray[Any]) -> Pixels:
    """Return (rows, channels, height, width)."""
    if images.dtype.kind not in "uif":
        raise DataError(
            f"{path}: '{name}' holds {images.dtype} values; save numbers (uint8, uint16, int16, float32)"
        )
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4 and images.shape[3] <= 16:
        return np.moveaxis(images, 3, 1)
    if images.ndim == 4 and images.shape[1] <= 16:
        return images
    raise DataError(f"{path}: '{name}' has shape {images.shape}; give (rows, height, width[, channels])")


def _labels(path: Path, name: str, labels: NDArray[Any]) -> list[str]:
    if labels.ndim == 2 and labels.shape[1] == 1:  # MedMNIST
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(
            f"{path}: '{name}' has shape {labels.shape}: several labels a row; give one class per image"
        )
    words = [str(value) for value in labels.tolist()]
    check_labels(words, f"{path}: '{name}'")
    return [str(int(value)) for value in labels] if labels.dtype.kind in "uifb" else words


def _class_name(path: Path, names: NDArray[Any] | None, label: str) -> str:
    if names is None or not label.lstrip("-").isdigit():
        return label
    if not 0 <= int(label) < len(names):
        raise DataError(f"{path}: label {label} has no name in 'classes' ({len(names)} names); add it")
    return str(names[int(label)])


def _column(path: Path, arrays: dict[str, NDArray[Any]], name: str, rows: int) -> NDArray[Any] | None:
    if name not in arrays:
        return None
    if arrays[name].shape != (rows,):
        raise DataError(
            f"{path}: '{name}' has shape {arrays[name].shape}, not ({rows},); give one value per image"
        )
    return arrays[name]


def _split(path: Path, word: str) -> str:
    if word.lower() not in SPLITS:
        raise DataError(f"{path}: split '{word}' is not one of train, validation, test; correct the word")
    return SPLITS[word.lower()]
