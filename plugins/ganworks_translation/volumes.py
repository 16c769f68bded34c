"""A NIfTI volume through a trained run, slice by slice as the training data were sliced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganworks.errors import DataError, MissingExtraError, UsageError
from ganworks.run import replacing
from ganworks_medical.nifti import AXES
from ganworks_medical.readers import NIFTIS

if TYPE_CHECKING:
    from ganworks_translation.translating import Resize, Translator


def is_volume(path: Path) -> bool:
    return path.name.lower().endswith(NIFTIS)


def check_volume(source: Path, target: Path, force: bool) -> None:
    """Raise before anything is computed.

    Raises:
        UsageError: the input is not there, or the output is no NIfTI file, the input or there already.
    """
    if not source.is_file():
        raise UsageError(f"{source}: no such file")
    if not is_volume(target):
        raise UsageError(f"{target}: a volume is written as {' or '.join(NIFTIS)}; name such a file")
    if target.resolve() == source.resolve():
        raise UsageError(f"{target} is the volume given: choose another OUT")
    if target.exists() and not force:
        raise UsageError(f"{target} exists already: --force replaces it")


class Grid(NamedTuple):
    """The voxels of a volume along x, y and z in RAS orientation, and their sides in millimetres."""

    voxels: tuple[int, ...]
    sides: tuple[float, ...]

    def agrees(self, other: Grid) -> bool:
        return self.voxels == other.voxels and np.allclose(self.sides, other.sides, rtol=0.02)

    def __str__(self) -> str:
        voxels, sides = (" x ".join(f"{one:g}" for one in three) for three in self)
        return f"{voxels} voxels of {sides} mm"


def grid_of(path: Path) -> Grid:
    """The grid of a NIfTI file that can be read; only its header is looked at."""
    import nibabel

    image = nibabel.load(path)
    order = np.argsort(nibabel.io_orientation(image.affine)[:, 0])  # the axis of the file that is x, y, z
    sides = image.header.get_zooms()
    return Grid(tuple(image.shape[axis] for axis in order), tuple(float(sides[axis]) for axis in order))


def translate_volume(
    translator: Translator, source: Path, target: Path, axis: str, resizing: Resize = "auto"
) -> tuple[int, int, int]:
    """Write the translated volume, in RAS orientation; return its shape.

    Raises:
        DataError: it cannot be read, is not three-dimensional, or not of the kind of the training.
        MissingExtraError: nibabel is not installed.
        UsageError: the result cannot be written.
    """
    image, volume = _read(source)
    dtype = np.dtype(translator.model.inputs["image"]["dtype"])
    values = volume if dtype.kind == "f" else _whole(volume, dtype)
    number, slices = AXES[axis], []
    for index in range(volume.shape[number]):
        shown = np.rot90(np.take(values, index, number))[..., None].astype(dtype)  # as it was read to train
        made = translator.translated(np.ascontiguousarray(shown), f"{source}#{index}", resizing)
        if made.shape[2] != 1:
            raise DataError(f"{source}: the run makes {made.shape[2]} channels, and a volume holds one")
        slices.append(np.rot90(made[..., 0], -1))
    result = np.stack(slices, axis=number)
    _write(target, result, image)
    return result.shape[0], result.shape[1], result.shape[2]


def _whole(volume: Any, dtype: np.dtype[Any]) -> Any:
    limits = np.iinfo(dtype.name)
    return np.rint(volume).clip(limits.min, limits.max)


def _read(path: Path) -> tuple[Any, Any]:
    """Return the image and its values (x, y, z) in RAS orientation."""
    try:
        import nibabel
    except ImportError:
        raise MissingExtraError("reading NIfTI", "medical") from None
    try:
        image = nibabel.as_closest_canonical(nibabel.load(path))
        volume = np.asarray(image.dataobj, dtype=np.float32)
    except Exception as error:  # a damaged file raises anything
        raise DataError(f"{path} is no readable NIfTI volume ({type(error).__name__}: {error})") from None
    if volume.ndim != 3:
        raise DataError(f"{path} is {volume.ndim}-D; a volume has three dimensions")
    if not np.isfinite(volume).all():
        raise DataError(f"{path}: {int((~np.isfinite(volume)).sum())} voxels are NaN or infinite")
    return image, volume


def _write(path: Path, volume: Any, like: Any) -> None:
    """The place in the scanner and the size of a voxel are kept; nothing else of the header is."""
    import nibabel

    made = nibabel.Nifti1Image(volume, like.affine)
    made.header["descrip"] = b"synthetic: translated by ganworks"
    data = made.to_bytes()
    if path.name.lower().endswith(".gz"):
        import gzip

        data = gzip.compress(data, mtime=0)
    try:
        with replacing(path) as scratch:
            scratch.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
